# make demo      see the whole pipeline run on a sample newsroom
# make test      the tests that need no server
# make test-all  those, and the ones against real PostgreSQL, Elasticsearch, Airflow and Chromium
# make check     formatter, linter, types, import rules
# make up        Airflow, PostgreSQL, Elasticsearch, Kibana and the API in Docker
# make bench     figures: how good, how fast
# make lock      resolve requirements.lock anew from pyproject.toml

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready

.PHONY: demo test test-all check format up down bench lock setup clean

demo: $(READY)
	$(BIN)/newswire demo

setup: $(READY)

# uv installs the locked packages in seconds where pip takes minutes
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "newswire needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "setting up $(VENV) (once; takes a minute or a few)"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip sync --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-build-isolation --no-deps --editable .
	@touch $@

test: $(READY)
	$(BIN)/pytest

test-all: $(READY)
	scripts/test-all $(BIN)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

up:
	scripts/secrets
	docker compose up --build --detach --wait

down:
	docker compose down

bench: $(READY)
	$(BIN)/python bench/run.py

# no address of an index is written: the lock holds versions and hashes alone
lock:
	test -x $(BIN)/uv || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv; }
	$(BIN)/uv pip compile pyproject.toml --extra spacy --extra celery --extra parquet --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links -o requirements.lock

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache
