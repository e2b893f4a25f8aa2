"""Facts about articles whose pages state addresses, walls in place of pages, and what a ledger makes of them."""

from __future__ import annotations

import itertools

import pytest
from click.testing import CliRunner

from pipeline.cli.ledger import explain_command
from pipeline.records import Article, Outcome, Reason, Stage
from pipeline.store import Selection, StageResult
from pipeline.urls import article_id
from tests.helpers.newsstand import newsstand, page
from tests.helpers.support import NOW
from tests.helpers.transactions import ask

STAGES = (Stage.POLL, Stage.FETCH, Stage.EXTRACT)
PIECES = {
    "Old swing bridge at Millgate to close": (
        "The harbour authority said on Tuesday that the old swing bridge would close for eleven weeks.\n"
        "Residents on the eastern quay fear that the detour will keep customers away from their shops.\n"
        "The council leader told a packed meeting in the fish market that the work could not wait."
    ),
    "Storm Odette floods three coastal towns": (
        "Sea water poured into the streets of three towns overnight as the storm reached the coast.\n"
        "Firefighters rescued forty people from a camping site near the mouth of the river.\n"
        "Forecasters expect the wind to ease by Thursday, but warn that rivers will go on rising."
    ),
    "Parliament votes to raise the minimum wage": (
        "Members voted late on Monday to raise the minimum wage by six per cent after a long debate.\n"
        "Employers had asked for a smaller step, arguing that small shops could not pay any more.\n"
        "The unions called the decision a first step and announced that they would ask for another."
    ),
}
BRIDGE, STORM, WAGE = PIECES
WALL = page("Sign in to continue", "Members read the whole archive and the puzzles on all of their devices.\n" * 3)


@pytest.fixture
def stand(tmp_path):
    with newsstand(tmp_path) as opened:
        yield opened


def publish(stand, path, title, *, canonical=None, listed_as=None, text=None, more=""):
    """Serve an article, and list it."""
    link = f'<link rel="canonical" href="{canonical}">' if canonical else ""
    stand.site.page(path, page(title, text or PIECES[title], link))
    stand.item(path, listed_as or title, minutes=len(stand.items), more=more)


def read(stand, minutes=0.0):
    """Run the stages up to extract; return path → headline of the articles that are there."""
    ask(stand.context.store).feeds.make_due(stand.now)
    stand.run_stages(STAGES, minutes)
    return standing(stand)


def standing(stand):
    rows = [row_of(stand, path) for path in stand.items]
    articles = ask(stand.context.store).ledger.latest({row.id for row in rows if row.state == "pending"}, Article)
    return {path: articles[row.id].title for path, row in zip(stand.items, rows, strict=True) if row.id in articles}


def row_of(stand, path):
    """The article that was listed at ``path``, even if its address leads to another one now."""
    name = article_id(stand.site.url(path))
    return ask(stand.context.store).ledger.get_articles([name])[name]


def told(stand, path):
    """The latest reason or detail in the history of the article that was listed at ``path``."""
    history = ask(stand.context.store).ledger.list_outcomes(row_of(stand, path).id)
    return [(event.reason, event.detail) for event in history if event.reason or event.detail][-1]


@pytest.mark.parametrize("stated", ["/news/", "/article.php", "/story/2019/how-it-all-began", "/p/1", "/p/3"])
@pytest.mark.parametrize("one_by_one", [True, False])
def test_articles_whose_pages_all_state_one_address_stay_apart(stand, stated, one_by_one):
    for number, title in enumerate(PIECES, 1):
        publish(stand, f"/p/{number}", title, canonical=stated)
        if one_by_one:
            read(stand)
    read(stand)
    assert standing(stand) == {f"/p/{number}": title for number, title in enumerate(PIECES, 1)}
    for path in stand.items:
        assert stand.find(path).id == row_of(stand, path).id
        article = ask(stand.context.store).ledger.latest([row_of(stand, path).id], Article)
        assert article[row_of(stand, path).id].canonical_url in {None, stand.site.url(path)}


@pytest.mark.parametrize(
    "order", list(itertools.permutations(("/news/bridge-closes", "/amp/bridge-closes", "/print/7")))
)
def test_the_forms_of_one_page_are_one_article_in_any_order(stand, order):
    for path in order:
        publish(stand, path, BRIDGE, canonical="/news/bridge-closes", listed_as=f"{path} calls it otherwise")
        read(stand)
    assert len(standing(stand)) == 1
    assert len({stand.find(path).id for path in order}) == 1


def test_an_article_that_is_listed_at_an_address_that_another_page_states_is_its_own(stand):
    publish(stand, "/p/1", BRIDGE, canonical="/p/2")
    assert read(stand) == {"/p/1": BRIDGE}
    publish(stand, "/p/2", STORM)
    assert read(stand, 10) == {"/p/1": BRIDGE, "/p/2": STORM}
    assert stand.find("/p/2").id == row_of(stand, "/p/2").id
    assert told(stand, "/p/1")[1].endswith("is not believed: different articles state it")


def test_redirects_to_one_article_lead_to_it(stand):
    stand.site.page("/news/bridge-closes", page(BRIDGE, PIECES[BRIDGE]))
    for path in ("/out/1", "/out/2"):
        stand.site.page(path, status=302, Location="/news/bridge-closes?utm_source=feed")
        stand.item(path, f"{BRIDGE}, says the council at {path}")
    assert len(read(stand)) == 1
    assert stand.find("/out/1").id == stand.find("/out/2").id == stand.find("/news/bridge-closes").id


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/consent", page("Before you continue", "We and our partners store information.\n" * 3), Reason.WALL),
        ("/login", WALL, Reason.WALL),
        ("/news/", page("News of the day", "\n".join(PIECES)), Reason.ELSEWHERE),
        ("/gate/77", page("Karibu msomaji wetu", "Tafadhali jiandikishe ili uendelee.\n" * 3), Reason.ELSEWHERE),
        ("/gate/78", page("Karibu", "Tafadhali jiandikishe ili uendelee.\n" * 3), Reason.ELSEWHERE),
    ],
)  # fmt: skip
def test_articles_that_all_lead_to_another_page_are_none_and_the_history_says_why(stand, path, body, reason):
    stand.site.page(path, body)
    for number, title in enumerate(PIECES, 1):
        stand.site.page(f"/p/{number}", status=302, Location=path)
        stand.item(f"/p/{number}", title)
    assert read(stand) == {}
    for number in range(1, 4):
        assert row_of(stand, f"/p/{number}").state == "dropped"
        assert told(stand, f"/p/{number}")[0] == reason


def test_in_place_of_a_wall_the_feeds_text_is_read(stand):
    for number, (title, text) in enumerate(PIECES.items(), 1):
        publish(stand, f"/p/{number}", title, more=f"<description>{text.splitlines()[0]}</description>")
        stand.site.page(f"/p/{number}", WALL)
    assert list(read(stand).values()) == list(PIECES)
    article = ask(stand.context.store).ledger.latest([row_of(stand, "/p/1").id], Article)[row_of(stand, "/p/1").id]
    assert (article.from_feed, article.text) == (True, PIECES[BRIDGE].splitlines()[0])


@pytest.mark.parametrize("one_by_one", [True, False])
@pytest.mark.parametrize("headline", ["Karibu msomaji wetu", "Karibu"])  # one is too short to be an article's
def test_a_wall_that_no_phrase_knows_is_told_by_standing_at_several_addresses(stand, one_by_one, headline):
    wall = page(headline, "Tafadhali jiandikishe ili uendelee kusoma habari zote.\nAsante sana kwa subira.")
    for number, title in enumerate(PIECES, 1):
        more = f"<description>{PIECES[title]}</description>" if title == WAGE else ""
        publish(stand, f"/p/{number}", title, more=more)
        stand.site.page(f"/p/{number}", wall)
        if one_by_one:
            read(stand)
    assert read(stand) == {"/p/3": WAGE}
    assert told(stand, "/p/1")[0] == Reason.WALL


def test_a_check_is_asked_again_and_the_article_comes_with_the_next_visit(stand):
    publish(stand, "/p/1", BRIDGE)
    stand.site.page("/p/1", page("Just a moment...", "Checking your browser before accessing the site."))
    assert read(stand) == {}
    assert (row_of(stand, "/p/1").state, row_of(stand, "/p/1").stage) == ("pending", Stage.FETCH)
    stand.site.page("/p/1", page(BRIDGE, PIECES[BRIDGE]))
    assert read(stand, 11) == {"/p/1": BRIDGE}


def test_a_check_that_never_passes_ends_in_quarantine(stand):
    publish(stand, "/p/1", BRIDGE)
    stand.site.page("/p/1", page("Just a moment...", "Checking your browser before accessing the site."))
    for minutes in (0, 11, 21, 41, 81):
        read(stand, minutes)
    assert row_of(stand, "/p/1").state == "quarantined"
    assert told(stand, "/p/1")[0] == Reason.ATTEMPTS


def test_a_wall_at_a_later_visit_leaves_the_article_as_it_was(stand):
    publish(stand, "/p/1", BRIDGE, more=f"<description>{PIECES[STORM]}</description>")
    stand.run()
    stand.site.page("/p/1", WALL)
    report = stand.run(61, poll=False)
    assert report[Stage.EXTRACT].counts_by_reason(Outcome.DROPPED) == {Reason.WALL: 1}
    row = row_of(stand, "/p/1")
    assert row.version == 1
    assert not ask(stand.context.store).ledger.latest([row.id], Article)[row.id].from_feed


def test_what_was_dropped_falsely_comes_back_when_extract_is_done_again_and_nothing_comes_twice(stand):
    """The ledger is put as a version that believed every address left it."""
    for number, title in enumerate(PIECES, 1):
        publish(stand, f"/p/{number}", title)
    publish(stand, "/m/p/1", BRIDGE, canonical="/p/1")
    read(stand)
    first, store = row_of(stand, "/p/1"), stand.context.store
    for path in ("/p/2", "/p/3"):
        drop_as_duplicate(stand, path, first)
    assert stand.find("/p/2").id == first.id
    before = {path: row_of(stand, path) for path in stand.items}
    assert ask(store).admin.redo_stage(Stage.EXTRACT, Selection(), stand.now) == 4
    stand.run_stages([Stage.FETCH, Stage.EXTRACT])
    assert standing(stand) == {f"/p/{number}": title for number, title in enumerate(PIECES, 1)}
    assert {path: row_of(stand, path).id for path in stand.items} == {path: row.id for path, row in before.items()}
    assert stand.find("/p/2").id == row_of(stand, "/p/2").id
    assert stand.find("/m/p/1").id == first.id


def drop_as_duplicate(stand, path, holder):
    store, row = stand.context.store, row_of(stand, path)
    assert ask(store).admin.redo_stage(Stage.EXTRACT, Selection(ids=(row.id,)), stand.now) == 1
    with store.write() as connection:
        (claimed,) = store.ledger.claim(connection, Stage.EXTRACT, stand.now, limit=1, seconds=60)
        result = StageResult(article=claimed, outcome=Outcome.DROPPED, reason=Reason.DUPLICATE, detail="as it was")
        store.ledger.lead_marks(connection, row.id, holder.id)
        store.ledger.finish(connection, Stage.EXTRACT, [result], stand.now, max_attempts=3)


def test_explain_tells_of_an_address_which_article_was_listed_there_and_what_became_of_it(stand, monkeypatch):
    monkeypatch.setenv("NEWSWIRE_STORE_URL", stand.context.environment.store_url)
    monkeypatch.setenv("NEWSWIRE_HOME", str(stand.context.environment.home))
    publish(stand, "/p/1", BRIDGE, canonical="/news/")
    publish(stand, "/m/p/1", BRIDGE, canonical="/p/1")
    read(stand)
    said = CliRunner().invoke(explain_command, [stand.site.url("/m/p/1")]).output
    assert f"duplicate: is article {row_of(stand, '/p/1').id}" in said
    assert "its address leads to this article:" in said
    assert "/news/ is not believed: it is a section's address" in said
    assert NOW.strftime("%Y-%m-%d") in said
