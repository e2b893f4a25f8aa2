"""Show our pages within Airflow's: the search, the sources and the operations in its menu, each run beside its own.

It also lets the scheduler write the notes of runs (``run_notes``).

Airflow finds this by the entry point ``airflow.plugins``. The server of our pages must allow it to frame them
(``serve.frame_ancestors``).
"""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from pipeline.airflow_plugin import run_notes
from pipeline.airflow_plugin.links import RunLink
from pipeline.airflow_plugin.pages import pages_url

_MENU = "newswire"


def list_views(address: str) -> list[dict[str, str]]:
    """Return what Airflow shows of ours in frames: pages of its menu, and a tab of each run's page.

    Airflow puts the ids of the page that it is on in place of ``{DAG_ID}`` and ``{RUN_ID}``. Each ``url_route`` is the
    last part of the page's address in Airflow.
    """
    pages = {"Search": "/", "Sources": "/sources", "Operations": "/operations", "Runs": "/runs"}
    menu = [
        {
            "name": name,
            "href": address + path,
            "destination": "nav",
            "category": _MENU,
            "url_route": f"newswire-{name.lower()}",
        }
        for name, path in pages.items()
    ]
    run = {
        "name": "newswire",
        "href": f"{address}/runs/{{DAG_ID}}/{{RUN_ID}}",
        "destination": "dag_run",
        "url_route": "newswire-run",
    }
    return [*menu, run]


_VIEWS = list_views(pages_url())
_LINKS = [RunLink()]
_LISTENERS: list[Any] = [run_notes]


class NewswirePlugin(AirflowPlugin):
    """What newswire adds to Airflow's pages."""

    name = "newswire"
    external_views = _VIEWS
    global_operator_extra_links = _LINKS
    listeners = _LISTENERS
