"""Run a DAG here and now, without any server: ``python -m pipeline.airflow_plugin.dag_test DAG [JSON]``.

It is ``airflow dags test``, which in Airflow 3.3 ends with a traceback where a DAG has a deadline (apache/airflow
73428). A run by hand has none.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence


def main(words: Sequence[str]) -> int:
    """Run the DAG that the first word names, with the parameters of the second, a JSON object.

    Return 0 where it succeeded, 1 where it failed, 2 for wrong use.
    """
    try:
        name, conf = words[0], json.loads(words[1]) if words[1:] else {}
    except (IndexError, ValueError) as error:
        print(f"dag_test: a DAG, and its parameters as a JSON object: {error}", file=sys.stderr)  # noqa: T201  (a command)
        return 2
    from airflow.sdk import DagRunState  # noqa: PLC0415  (seconds, which wrong use need not take)
    from airflow.utils.cli import get_bagged_dag  # noqa: PLC0415

    dag = get_bagged_dag(bundle_names=None, dag_id=name)
    dag.deadline = None
    run = dag.test(run_conf=conf)
    return 0 if run.state == DagRunState.SUCCESS else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
