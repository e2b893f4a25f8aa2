"""Each match is noted and told once, whoever looks, and whatever is killed at which moment."""

from __future__ import annotations

import collections
import datetime as dt

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.notifiers import NotifierError, send_waiting
from pipeline.saved_searches import add_search, catalog, remove_search
from pipeline.saved_searches.digests import put_digests
from pipeline.saved_searches.matching import match_changes
from pipeline.saved_searches.watch import KEPT, forget_matches
from pipeline.search_records import DigestRhythm, MatchScope, SearchRequest
from pipeline.settings import AlertSettings, MailSettings, SearchSettings, Settings
from pipeline.store.schema import metadata
from tests.helpers.searching import Clock, open_program, publish
from tests.helpers.support import NOW

MINUTE = dt.timedelta(minutes=1)
DESK = MailSettings(name="desk", host="smtp.example", sender="news@example.org", to=("desk@example.org",))
SETTINGS = Settings(alerts=AlertSettings(mail=(DESK,)), searches=SearchSettings(mail="desk"))
HOOK = "https://hooks.example.org/new"


class Killed(BaseException):
    """What kill -9 is to a process: nothing catches it, and what it wrote since the last commit is gone."""


class Armed:
    """Passes everything on to ``inner``; at the first call of ``method`` something happens: see ``POINTS``."""

    def __init__(self, inner, other):
        self._inner, self._other, self.method, self.event = inner, other, None, None

    def __getattr__(self, name):
        method = getattr(self._inner, name)

        def call(*arguments, **named):
            if self.method != name:
                return method(*arguments, **named)
            self.method = None
            if self.event == "meanwhile":
                self._other()
                return method(*arguments, **named)
            if self.event == "killed after":
                method(*arguments, **named)
            raise Killed

        return call


class Receiver:
    """Takes messages while it is up, and knows a message that it has by its id."""

    def __init__(self):
        self.is_up, self.dies, self.deaths = True, False, 0
        self.ids, self.articles = collections.Counter(), []

    def send(self, message):
        if not self.is_up:
            raise NotifierError("down")
        self.ids[message.id] += 1
        if self.ids[message.id] == 1:
            self.articles += [match["article"] for match in message.data["matches"]]
        if self.dies:
            self.dies, self.deaths = False, self.deaths + 1
            raise Killed


@pytest.fixture(autouse=True)
def server_key(monkeypatch):
    monkeypatch.setenv("NEWSWIRE_SEARCHES_KEY", "sixteen-characters-and-more")


@pytest.fixture(scope="module")
def two_programs(tmp_path_factory):
    folder, clock = tmp_path_factory.mktemp("searches"), Clock()
    contexts = [open_program(folder, clock, SETTINGS) for _ in range(2)]
    yield contexts, clock
    for each in contexts:
        each.store.close()


@pytest.fixture
def program(tmp_path):
    clock = Clock()
    with open_program(tmp_path, clock, SETTINGS) as context:
        yield context, clock


@pytest.fixture
def program_of_both(tmp_path, store_url):
    """The same, on both databases."""
    clock = Clock()
    with open_program(tmp_path, clock, SETTINGS, store_url) as context:
        yield context, clock


def told(context, search):
    with context.store.read() as connection:
        matches = context.store.saved_searches.list_matches(connection, search.id)
    return [match.article for match in reversed(matches)]


def save(context, name="floods", q="flood", **values):
    return add_search(context, SearchRequest(name=name, q=q, **values)).search


# What may happen while a program looks: it is killed, or another one does all that it is about to do.
POINTS = [None, ("index", "refresh", "killed"), ("index", "search", "killed after"), ("index", "search", "meanwhile"),
          ("index", "refresh", "meanwhile"), ("values", "save", "killed"), ("values", "save", "killed after"),
          ("deliveries", "add", "killed after"), ("receiver", "send", "killed after")]  # fmt: skip
steps = st.lists(
    st.one_of(
        st.tuples(st.just("article"), st.integers(0, 7), st.booleans(), st.integers(0, 2)),
        st.tuples(st.just("look"), st.integers(0, 1), st.sampled_from(POINTS), st.booleans()),
    ),
    max_size=14,
)


def tend(context, receivers, clock):
    match_changes(context)
    put_digests(context)
    send_waiting(context.store, receivers, clock)


def look(context, other, receivers, point, clock):
    """Let a program look and send, and something happen at a point."""
    inner = context.__dict__["index"], context.store.values, context.store.deliveries
    armed = {name: Armed(each, lambda: tend(other, receivers, clock))
             for name, each in zip(("index", "values", "deliveries"), inner, strict=True)}  # fmt: skip
    context.__dict__["index"], context.store.values, context.store.deliveries = armed.values()
    webhook = next(iter(receivers.values()))
    if point and point[0] == "receiver":
        webhook.dies = True
    elif point:
        armed[point[0]].method, armed[point[0]].event = point[1:]
    try:
        tend(context, receivers, clock)
    except Killed:
        pass
    finally:
        context.__dict__["index"], context.store.values, context.store.deliveries = inner
        webhook.dies = False


@pytest.mark.slow
@hypothesis.settings(max_examples=60)
@given(scope=st.sampled_from(list(MatchScope)), earlier=st.sets(st.integers(0, 7), max_size=3), steps=steps)
def test_each_match_is_told_once_by_webhook_and_by_digest(two_programs, scope, earlier, steps):
    (first, second), clock = two_programs
    clock.now = NOW
    with first.store.write() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name not in {"alembic_version", "locks", "programs"}:
                connection.execute(table.delete())
    first.index.delete([name for name, _ in first.index.revisions()])
    stories, texts, revisions = {}, {}, collections.Counter()

    def put(context, number, matches, story):
        name = f"a{number}"
        stories.setdefault(name, f"s{story}")
        texts[name] = texts.get(name, False) or matches  # what matched goes on to match
        revisions[name] += 1
        text = "the flood came" if texts[name] else "nothing happened"
        publish(context, name, text, story=stories[name], revision=revisions[name])

    for number in earlier:
        put(first, number, True, number % 3)
    clock.now += MINUTE
    search = save(first, each=scope, webhook=HOOK, mail=("ana@example.org",), digest=DigestRhythm.HOURLY)
    hook, mail = Receiver(), Receiver()
    receivers = {search.webhook_name: hook, search.mail_name: mail}
    for kind, *what in steps:
        clock.now += 25 * MINUTE
        if kind == "article":
            put(first, *what)
        else:
            program, point, hook.is_up = what
            look((first, second)[program], (second, first)[program], receivers, point, clock)
    hook.is_up = True
    for _ in range(4):
        clock.now += 60 * MINUTE
        for context in (first, second):
            tend(context, receivers, clock)
    old = {f"a{number}" for number in earlier}
    fresh = [name for name, matches in texts.items() if matches and name not in old]
    assert sorted(hook.articles) == sorted(mail.articles)
    assert len(set(hook.articles)) == len(hook.articles)
    assert set(mail.ids.values()) <= {1}
    assert hook.ids.total() - len(hook.ids) <= hook.deaths  # what was sent and not noted is sent again
    if scope is MatchScope.STORY:
        expected = {stories[name] for name in fresh} - {stories[name] for name in old}
        assert sorted(stories[name] for name in hook.articles) == sorted(expected)
    else:
        assert sorted(hook.articles) == sorted(fresh)


def test_what_matches_when_a_search_is_saved_is_in_its_feed_and_told_to_nobody(program):
    context, clock = program
    publish(context, "a1", "a flood")
    publish(context, "a2", "no rain")
    clock.now += MINUTE
    search = save(context, webhook=HOOK)
    publish(context, "a1", "a flood, revised", revision=2)
    publish(context, "a3", "another flood")
    assert match_changes(context) == 1
    assert told(context, search) == ["a1", "a3"]
    with context.store.read() as connection:
        message = context.store.deliveries.claim(connection, search.webhook_name, clock.now, 9).message
    assert [match["article"] for match in message.data["matches"]] == ["a3"]
    assert message.data["search"] == {"id": search.id, "name": "floods"}
    assert match_changes(context) == 0


def test_an_article_that_waited_for_the_index_when_the_search_was_saved_is_new(program):
    context, clock = program
    publish(context, "a1", "a flood")
    came = clock.now
    clock.now += MINUTE
    search = save(context)
    clock.now = came  # seen before the search was saved, searchable afterwards
    publish(context, "late", "late flood")
    publish(context, "a1", "a flood, again", revision=2)
    clock.now += 2 * MINUTE
    assert match_changes(context) == 1
    assert told(context, search) == ["a1", "late"]


def test_an_old_article_that_comes_to_match_is_no_news(program):
    context, clock = program
    search = save(context)
    publish(context, "a1", "nothing")
    match_changes(context)
    clock.now += dt.timedelta(days=31)
    publish(context, "a1", "a flood after all", revision=2)
    assert match_changes(context) == 0
    assert told(context, search) == []


def test_of_a_story_the_first_article_is_told_also_where_stories_were_merged(program_of_both):
    context, _ = program_of_both
    search = save(context, each=MatchScope.STORY)
    publish(context, "a1", "flood in the north", story="s1")
    publish(context, "a2", "flood in the south", story="s2")
    match_changes(context)
    for name in ("a1", "a2"):  # an editor says that they are one, and it has a new id
        publish(context, name, "flood", story="s3", revision=2)
    publish(context, "a3", "more flood", story="s3")
    match_changes(context)
    assert told(context, search) == ["a1", "a2"]


def test_a_story_that_had_begun_before_the_search_was_saved_is_not_new_although_its_feed_does_not_show_it(
    program, monkeypatch
):
    monkeypatch.setattr(catalog, "SHOWN_AT_FIRST", 1)
    context, clock = program
    for number in (1, 2):
        publish(context, f"a{number}", "flood", story=f"s{number}")
        clock.now += MINUTE
    search = save(context, each=MatchScope.STORY)
    for number in (1, 2, 3):
        publish(context, f"b{number}", "flood", story=f"s{number}")
    assert match_changes(context) == 1
    assert told(context, search) == ["a2", "b3"]


def test_copies_of_an_original_that_was_told_are_not(program):
    context, _ = program
    search = save(context, each=MatchScope.ORIGINAL)
    publish(context, "a1", "flood", group="a1")
    publish(context, "b1", "flood", group="a1")
    match_changes(context)
    assert told(context, search) == ["a1"]
    publish(context, "b1", "flood", group="b1", revision=2)  # the agency's own came later: it leads the group now
    publish(context, "a1", "flood", group="b1", revision=2)
    match_changes(context)
    assert told(context, search) == ["a1"]


def test_a_search_that_no_index_can_answer_says_so_and_the_others_go_on(program):
    context, _ = program
    broken, search = save(context, name="broken"), save(context)
    with context.store.write() as connection:
        connection.execute(
            sa.text("UPDATE saved_searches SET search = replace(search, '\"filters\":{}', :gone) WHERE id = :id"),
            {"gone": '"filters":{"colour":["red"]}', "id": broken.id},
        )
    publish(context, "a1", "flood")
    assert match_changes(context) == 1
    assert told(context, search) == ["a1"]
    with context.store.read() as connection:
        assert "colour" in context.store.saved_searches.find(connection, "broken").fault
        assert context.store.saved_searches.find(connection, "floods").fault is None


def test_a_removed_search_leaves_no_message_behind(program):
    context, clock = program
    search = save(context, webhook=HOOK)
    publish(context, "a1", "flood")
    match_changes(context)
    remove_search(context, "floods")
    receiver = Receiver()
    assert send_waiting(context.store, {search.webhook_name: receiver}, clock) == 0
    assert match_changes(context) == 0
    assert told(context, search) == []


def test_a_digest_gathers_what_matched_since_the_last_one_and_is_none_of_nothing(program):
    context, clock = program
    search = save(context, mail=("ana@example.org",), digest=DigestRhythm.DAILY)
    receiver = Receiver()

    def mail():
        match_changes(context)
        put_digests(context)
        return send_waiting(context.store, {search.mail_name: receiver}, clock)

    publish(context, "a1", "flood")
    publish(context, "a2", "flood")
    assert mail() == 0
    clock.now = NOW + dt.timedelta(days=1)
    context.index.delete(["a2"])  # taken down meanwhile
    assert (mail(), receiver.articles) == (1, ["a1"])
    clock.now += dt.timedelta(days=1)
    assert mail() == 0
    publish(context, "a3", "flood")
    clock.now += dt.timedelta(days=1)
    assert (mail(), receiver.articles) == (1, ["a1", "a3"])


def test_two_programs_that_put_a_digest_at_one_moment_put_one(program, tmp_path):
    context, clock = program
    search = save(context, mail=("ana@example.org",), digest=DigestRhythm.HOURLY)
    publish(context, "a1", "flood")
    match_changes(context)
    clock.now += 60 * MINUTE
    with open_program(tmp_path, clock, SETTINGS) as other:
        index = context.index
        context.__dict__["index"] = armed = Armed(index, lambda: put_digests(other))
        armed.method, armed.event = "search", "meanwhile"
        put_digests(context)
        context.__dict__["index"] = index
    receiver = Receiver()
    assert send_waiting(context.store, {search.mail_name: receiver}, clock) == 1
    assert receiver.articles == ["a1"]


def test_matches_are_forgotten_when_nothing_can_repeat_them(program):
    context, clock = program
    search = save(context)
    publish(context, "a1", "flood")
    match_changes(context)
    assert forget_matches(context) == 0
    clock.now += KEPT + MINUTE
    assert (forget_matches(context), told(context, search)) == (1, [])
