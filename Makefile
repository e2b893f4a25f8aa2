# make            what there is to make
# make demo       see the whole pipeline run on a sample newsroom
# make test       the tests that need no server, on all cores
# make test-all   all tests: also the slow ones, and those against real PostgreSQL, Elasticsearch, Airflow and Chromium
# make check      formatter, linter, types, import rules
# make wheel      build the wheel (in dist), install it with pip into a fresh environment, and try it there
# make up         Airflow, PostgreSQL, Elasticsearch, Kibana and the API in Docker
# make down       end them; their data stays
# make bench      how fast: the whole way from feeds to searches, beside trafilatura alone
# make format     let the formatter and the linter mend what they can
# make lock       resolve requirements.lock anew from pyproject.toml, as far as that is needed
# make clean      remove what was made here, var (the data of trials) included

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
# Tests run on all cores, a file of them on one: its fixtures are made once. Folders, in which the longest are, begin.
PARALLEL = -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder
# uv trusts what this machine trusts, a proxy's own certificate authority too
export UV_SYSTEM_CERTS ?= 1
# The tests start hundreds of processes: each would compile every module that it imports, where none may keep the result
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo setup test test-all check wheel format up down bench lock clean

help:
	@sed -n 's/^# \(make .*\)/\1/p; /^$$/q' $(firstword $(MAKEFILE_LIST))

demo: $(READY)
	$(BIN)/newswire demo

setup: $(READY)

# uv installs the locked packages in seconds where pip takes minutes
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "newswire needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "setting up $(VENV) (once; takes a minute or a few)"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	scripts/pip $(BIN)/python install --quiet uv
	$(BIN)/uv pip sync --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-build-isolation --no-deps --editable .
	@touch $@

test: $(READY)
	$(BIN)/pytest $(PARALLEL)

test-all: $(READY)
	scripts/test-all $(BIN) $(PARALLEL)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: $(READY)
	scripts/check-wheel $(BIN)

up:
	scripts/secrets
	docker compose up --build --detach --wait
	docker compose run --rm kibana-setup

down:
	docker compose down

bench: $(READY)
	$(BIN)/python -m bench.end_to_end --count 300 --outlets 60

# no address of an index is written: the lock holds versions and hashes alone
lock:
	test -x $(BIN)/uv || { $(PYTHON) -m venv $(VENV) && scripts/pip $(BIN)/python install --quiet uv; }
	$(BIN)/uv pip compile pyproject.toml --extra spacy --extra celery --extra parquet --extra s3 --extra otel --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links -o requirements.lock

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache
