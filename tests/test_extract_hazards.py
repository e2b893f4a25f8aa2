"""Pages that would stop a simpler program: each is answered within its limits, and the page after it is read."""

from __future__ import annotations

import msgspec
import pytest

from pipeline.errors import ItemError
from pipeline.extract import RawPage, load_config, make_extractor
from pipeline.records import Outcome, Reason
from pipeline.workers import Workers
from tests.helpers.support import REPO

MB = 1024 * 1024
KNOWN = msgspec.structs.replace(load_config(REPO / "config"), max_bytes=32 * MB)
SENTENCE = "The harbour bridge was closed on Monday after inspectors found cracks in two of its supports. "
STORY = "".join(
    f"<p>{SENTENCE}Ferry number {n} runs every ten minutes until the repairs are done.</p>" for n in range(6)
)
SECONDS = 60.0


def page(body, head=""):
    return f"<html><head><title>The bridge is closed</title>{head}</head><body>{body}</body></html>".encode()


HAZARDS = {
    "300 nested elements": page(f"{'<div>' * 300}{STORY}{'</div>' * 300}"),
    "20,000 nested elements": page(f"{'<div>' * 20_000}{STORY}{'</div>' * 20_000}"),
    "19 MB of one paragraph": page(f"<article>{f'<p>{SENTENCE}</p>' * (19 * MB // (len(SENTENCE) + 7))}</article>"),
    "100,000 line breaks": page(f"<article>{STORY}{'<br>' * 100_000}</article>"),
    "100,000 lines ended by line breaks": page(f"<article>{STORY}{f'{SENTENCE}<br>' * 100_000}</article>"),
    "50,000 links": page(f"<article>{STORY}</article>{'<a href=/x>Read this too</a> ' * 50_000}"),
    "a cell of 1,000,000,000 columns": page(
        f"<article>{STORY}<table><tr><td colspan=1000000000 rowspan=1000000000>{SENTENCE}</td></tr></table></article>"
    ),
    "10 MB of inline script": page(
        f"<article>{STORY}</article>", f"<script>{'var a = {b: [1, 2, 3]};' * (10 * MB // 23)}</script>"
    ),
    "10 MB of JSON-LD": page(
        f"<article>{STORY}</article>",
        f'<script type="application/ld+json">{"[" * 5000}{{"a": 1}}{"]" * 5000}{" " * 10 * MB}</script>',
    ),
    "1,000,000 entities": page(f"<article>{STORY}<p>{'&amp;lt;' * 1_000_000}</p></article>"),
    "an endless word": page(f"<article>{STORY}<p>{'a' * 5 * MB}</p></article>"),
}
UNREAD = {"20,000 nested elements": Reason.NO_TEXT}  # libxml2 reads no deeper than 2048 of them


@pytest.fixture(scope="module")
def pool():
    with Workers(make_extractor(KNOWN), count=1, seconds=SECONDS, memory_mb=1024) as made:
        list(made.map([RawPage(data=page(STORY))]))  # now it has started
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("hazard", HAZARDS)
def test_a_hazardous_page_is_answered_within_its_limit_and_the_next_one_is_read(pool, hazard):
    answer, after = pool.map([RawPage(data=HAZARDS[hazard]), RawPage(data=page(STORY))])
    assert "Ferry number 5" in after.article.text
    if isinstance(answer, ItemError):
        assert answer.reason in {Reason.TOO_SLOW, Reason.TOO_LARGE, UNREAD.get(hazard)}
    else:
        assert "cracks in two of its supports" in answer.article.text


def test_text_inside_hundreds_of_nested_elements_is_found_whole(pool):
    (read,) = pool.map([RawPage(data=HAZARDS["300 nested elements"])])
    assert [f"Ferry number {n}" in read.article.text for n in range(6)] == [True] * 6


def test_a_page_above_the_size_limit_is_refused_unparsed():
    with Workers(make_extractor(load_config(REPO / "config")), count=1, seconds=60) as pool:
        (error,) = pool.map([RawPage(data=HAZARDS["19 MB of one paragraph"])])
    assert (error.outcome, error.reason) == (Outcome.QUARANTINED, Reason.TOO_LARGE)
