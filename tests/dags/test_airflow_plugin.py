"""pipeline/airflow_plugin: retries, pools and assets, asked of a real Airflow in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from airflow_server import ask

ASK = """
import json
from pipeline import errors
from pipeline.airflow_plugin import assets, pools, retries
from pipeline.records import Outcome, Reason
from pipeline.settings import load_settings
from airflow.serialization.serialized_objects import BaseSerialization

def decide(error):
    decision = retries.RETRY_POLICY.evaluate(error, 1, 3)
    return [decision.action.value, decision.retry_delay and decision.retry_delay.total_seconds()]

def kinds(kind):
    yield kind
    for narrower in kind.__subclasses__():
        yield from kinds(narrower)

make = {
    errors.ItemError: lambda: errors.ItemError(Outcome.RETRY, Reason.SERVER_ERROR),
    errors.QuerySyntaxError: lambda: errors.QuerySyntaxError("a bracket is open", 1, "("),
}
print(json.dumps({
    "decisions": {k.__name__: [k.retryable, *decide(make.get(k, k)())] for k in kinds(errors.NewswireError)},
    "foreign": decide(ValueError()),
    "same": type(retries.RETRY_POLICY).deserialize(retries.RETRY_POLICY.serialize()).serialize()
        == retries.RETRY_POLICY.serialize(),
    "pools": [pool.slots for pool in pools.plan_pools(load_settings())],
    "month": assets.monthly_articles("2026-11").uri,
    "trigger": list(assets.ARRIVALS.watchers[0].trigger.serialize()),
}))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    home = tmp_path_factory.mktemp("plugin")
    config = home / "config"
    config.mkdir()
    (config / "newswire.toml").write_text("[airflow]\nshards = 5\n")
    return ask(ASK, home, config)


@pytest.mark.slow
def test_an_error_that_may_pass_is_tried_again_and_one_that_somebody_must_mend_is_not(answers):
    assert len(answers["decisions"]) > 10
    for name, (retryable, action, delay) in answers["decisions"].items():
        assert (action, delay) == (("retry", 20.0) if retryable else ("fail", None)), name
    assert answers["foreign"] == ["default", None]
    assert answers["same"]


@pytest.mark.slow
def test_what_keeps_the_order_has_one_slot_and_heavy_work_as_many_as_the_settings_say(answers):
    assert answers["pools"] == [1, 5]


@pytest.mark.slow
def test_a_month_is_an_asset_and_the_trigger_can_be_made_anew_elsewhere(answers):
    assert answers["month"] == "newswire://articles/2026-11"
    path, arguments = answers["trigger"]
    assert path == "pipeline.airflow_plugin.arrivals_trigger.ArrivalsTrigger"
    assert set(arguments) == {"every", "again"}
