import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent.parent


@pytest.mark.slow
def test_the_bench_measures_every_article_and_leaves_nothing_behind(tmp_path):
    options = ["--count", "8", "--outlets", "4", "--alone", "4", "--model", "lists", "--known", "5", "--port", "27990"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.end_to_end", "--json", *options],
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(done.stdout)
    assert report["articles"] == 8
    assert report["outcomes"] == {"through": 8}
    assert report["listed_but_not_found"] == 0
    assert report["latency_from_listing"]["n"] == 8
    assert report["manners"]["pages_twice"] == 0
    assert report["cpu_ms_by_stage"]["enrich"] > 0
    assert report["memory_by_role_mib"]["main"] > 10
    assert report["ratio"] > 0
    assert list(tmp_path.glob("newswire-bench-*")) == []
