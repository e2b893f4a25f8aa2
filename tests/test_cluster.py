"""Which story an article belongs to."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cluster import ArticleToAssign, decide
from pipeline.cluster.terms import LEDE_WORDS, article_terms
from pipeline.cluster.vector import MIN_MEAN_LENGTH, compare_vectors, mix_vectors, pack_vector
from pipeline.count_min import hash_words
from pipeline.records import Article, Copy, Entity, EntityType, Names, Placed
from pipeline.settings import ClusterSettings
from pipeline.store import Store
from tests.helpers.copies import AT, OTHER, WIRE, invented

HARBOUR = (
    "Cargo ships queued outside Port Ansel on Tuesday, a day after a falling crane shut the northern terminal.\n"
    "Exporters of grain said their silos would be full by Friday. The harbour authority said its engineers had "
    "inspected two of six cranes, and that it hoped to open the terminal on Thursday.\n"
    "In Velmark, where some of the ships went, the berths are busy and pilots work through the night."
)
CHOIR = (
    "The Tolland valley's choir of retired miners came home to a brass band on Sunday, the day after it won the "
    "national singing contest.\n"
    "Its conductor, Brannoch Ives, wrote the winning lament in hospital. The prize will mend the chapel's roof."
)


@pytest.fixture
def store(tmp_path):
    made = Store(f"sqlite:///{tmp_path}/ledger.db")
    yield made
    made.close()


# One event in the words of three outlets
FERRY = [
    (
        "The car ferry Lysander ran aground on a sandbank outside Brackholm harbour in thick fog on Tuesday night"
        " with 412 people on board.\n"
        "Lifeboats took all passengers ashore before dawn, the coastguard said. Two were treated for bruises. The"
        " ferry's owner, Skerry Line, said that divers would inspect the hull at low tide."
    ),
    (
        "Passengers of a ferry stuck on a sandbank off Brackholm spent the night in a school gym, wrapped in "
        "blankets.\n"
        "“There was a long scrape and then nothing but fog,” said Ida Renwick, who had been on her way to a "
        "wedding. The coastguard praised the calm on board the Lysander, which Skerry Line bought only last year."
    ),
    (
        "Skerry Line's shares fell by a tenth on Wednesday after its newest ship, the Lysander, ran onto a "
        "sandbank in fog near Brackholm.\n"
        "Analysts at Fenwick Rowe put the cost of a damaged hull and of cancelled ferry crossings at nine "
        "million. The company would not say when its passengers can book again."
    ),
]
ENGLISH = [
    (
        "A bakery in Ostley that sells only burnt loaves has won a prize for the best idea of the year, and its "
        "owner said that she had been late for work when she made the first of them.\n"
        "Customers queue from six in the morning. The crust is scraped off by hand and ground into a coffee that "
        "two hotels have put on their menus."
    ),
    (
        "The number of swifts that nest in the city of Marrow has doubled since its council began to put boxes "
        "under the roofs of schools, according to a study that was published on Monday.\n"
        "Pupils count the birds at dusk. Their lists, kept for nine summers, were checked against recordings by "
        "zoologists."
    ),
    (
        "A court in Dunmere has ruled that a man who taught his parrot to imitate the bell of his neighbour's "
        "door must pay her for the sleep that she lost, and that the bird may stay.\n"
        "Judge Corin Aldous heard the parrot through a window before he gave his verdict. Both sides said they "
        "would appeal."
    ),
]
GERMAN = [
    (
        "Der Stadtrat von Hellenau hat am Dienstag beschlossen, das alte Freibad nicht zu schließen. Die "
        "Sanierung soll nach den Angaben der Verwaltung drei Jahre dauern und wird von dem Land und einer "
        "Stiftung bezahlt.\n"
        "Der Kämmerer hatte vor den Kosten für die Becken gewarnt, die seit dem Winter undicht sind."
    ),
    (
        "Bei einer Übung der Feuerwehr in Grünsee ist am Mittwoch ein Kran in den Fluss gestürzt. Nach den Worten"
        " des Einsatzleiters wurde dabei niemand verletzt, und der Kran soll noch in dieser Woche geborgen "
        "werden.\n"
        "Die Schifffahrt bleibt bis dahin gesperrt. Taucher haben das Wrack mit Bojen gesichert."
    ),
    (
        "Eine Schülerin aus Tannrode hat den Wettbewerb der jungen Mathematiker gewonnen. Die Jury lobte den "
        "Beweis und die Geduld, mit der sie ihn nach drei Jahren zu Ende gebracht hat, und lud sie nach Wien ein.\n"
        "Ihr Lehrer sagte, er habe die letzten Seiten selbst nicht mehr verstanden."
    ),
]


def to_place(seq, text, *, days=0.0, title=None, group=None, dated=True, names=None, language=None):
    at = AT + dt.timedelta(days=days)
    article = Article(id=f"a{seq}", title=title, text=text, language=language, published=at if dated else None)
    copy = Copy(id=article.id, group=group or article.id, copy_of=group)
    return ArticleToAssign(seq=seq, first_seen=at, article=article, copy=copy, names=names)


def placed(store, arrivals, *, sizes=(), settings=ClusterSettings()):  # noqa: B008
    """Place in batches of ``sizes``, the rest at once; return the stories."""
    made = []
    borders = [0, *sizes, len(arrivals)]
    for start, end in pairwise(sorted(min(border, len(arrivals)) for border in borders)):
        memory, rarities = store.story_index(settings), {}
        placements = decide(arrivals[start:end], memory, settings, rarities)
        made += placements
        with store.write() as connection:
            memory.flush(connection)
            store.story_catalog.apply_votes(connection, arrivals[start:end], placements, memory.frequencies, rarities)
    return [placement.story for placement in made]


def background():
    return [to_place(n, invented(n)) for n in range(1, 20)]


def test_two_outlets_that_tell_one_story_are_one_story(store):
    stories = placed(store, [*background(), to_place(30, WIRE), to_place(31, OTHER), to_place(32, HARBOUR, days=1)])
    assert stories[-3:] == ["sa30", "sa31", "sa30"]


def test_a_time_that_has_not_been_yet_is_not_believed(store):
    late = to_place(32, HARBOUR, days=1)
    wrong = msgspec.structs.replace(late.article, published=late.first_seen + dt.timedelta(days=365))
    late = msgspec.structs.replace(late, article=wrong)
    assert late.happened_at == late.first_seen
    assert placed(store, [*background(), to_place(30, WIRE), late])[-2:] == ["sa30", "sa30"]


def test_several_stories_are_kept_apart(store):
    arrivals = [to_place(30, WIRE), to_place(31, OTHER), to_place(32, HARBOUR, days=1), to_place(33, CHOIR, days=1)]
    assert placed(store, [*background(), *arrivals])[-4:] == ["sa30", "sa31", "sa30", "sa31"]


def test_the_first_two_articles_ever_can_be_one_story(store):
    assert placed(store, [to_place(1, WIRE), to_place(2, HARBOUR)]) == ["sa1", "sa1"]


def small_stream():
    """Return three accounts of one event among unrelated texts in two languages."""
    told = [(FERRY[0], "en"), (ENGLISH[0], "en"), (GERMAN[0], "de"), (GERMAN[1], "de"), (FERRY[1], "en-GB")]
    told += [(ENGLISH[1], "en"), (GERMAN[2], "de-AT"), (ENGLISH[2], "en"), (FERRY[2], "en")]
    return [to_place(n, text, language=language) for n, (text, language) in enumerate(told, 1)]


@pytest.mark.parametrize("before", [0, 100])
def test_in_a_small_stream_of_two_languages_only_what_tells_one_event_is_joined(store, before):
    others = [to_place(100 + n, invented(n), language="en") for n in range(before)]
    stories = placed(store, [*others, *small_stream()])[before:]
    assert stories == ["sa1", "sa2", "sa3", "sa4", "sa1", "sa6", "sa7", "sa8", "sa1"]


def test_a_story_takes_nothing_that_is_far_less_like_it_than_its_articles_are(store):
    alike = [to_place(30 + n, f"{WIRE} {invented(n, 10)}") for n in range(3)]
    stories = placed(store, [*background(), *alike, to_place(40, HARBOUR), to_place(41, HARBOUR)])
    assert stories[-5:] == ["sa30", "sa30", "sa30", "sa40", "sa40"]


def test_a_story_is_named_after_its_first_article(store):
    assert placed(store, [to_place(7, WIRE)]) == ["sa7"]


def test_a_story_grows_cold(store):
    stories = placed(store, [*background(), to_place(30, WIRE), to_place(31, HARBOUR, days=9)])
    assert stories[-2:] == ["sa30", "sa31"]


def test_where_no_time_of_publication_is_known_the_texts_decide(store):
    arrivals = [to_place(30, WIRE, dated=False), to_place(31, HARBOUR, dated=False), to_place(32, CHOIR, dated=False)]
    assert placed(store, [*background(), *arrivals])[-3:] == ["sa30", "sa30", "sa32"]


def test_a_copy_is_in_the_story_of_its_group_whatever_it_says(store):
    stories = placed(store, [*background(), to_place(30, WIRE), to_place(31, OTHER, group="a30")])
    assert stories[-2:] == ["sa30", "sa30"]


def test_copies_do_not_outvote_others(store):
    alone, many = [to_place(30, WIRE), to_place(80, HARBOUR)], [to_place(n, WIRE, group="a30") for n in range(40, 70)]
    placed(store, [*background(), alone[0], *many, alone[1]])
    with store.read() as connection:
        data = connection.exec_driver_sql("SELECT data FROM stories WHERE seq = 30").scalar()
    assert msgspec.msgpack.decode(data)["votes"] == 2


def test_an_article_that_is_decided_again_stays_in_its_story(store):
    placed(store, [*background(), to_place(30, WIRE), to_place(31, HARBOUR)])
    assert placed(store, [to_place(31, CHOIR)]) == ["sa30"]


@pytest.mark.parametrize(("count", "stories"), [(0, ["sa30", "sa31"]), (6, ["sa30", "sa30"])])
def test_names_in_common_bring_articles_together(store, count, stories):
    entities = (Entity(id="org:harbour", name="Harbour Authority", type=EntityType.ORG, count=count),) * bool(count)
    texts = ((30, WIRE.split("\n")[1]), (31, HARBOUR.split("\n")[2]))
    named = [to_place(seq, text, names=Names(id=f"a{seq}", entities=entities)) for seq, text in texts]
    assert placed(store, [*background(), *named])[-2:] == stories


def test_articles_without_any_words_are_stories_of_their_own(store):
    assert placed(store, [to_place(1, ""), to_place(2, ""), to_place(3, "?!")]) == ["sa1", "sa2", "sa3"]


def test_a_story_stays_small_however_many_articles_it_has(store):
    placed(store, [to_place(n, WIRE + invented(n, 400)) for n in range(1, 60)])
    with store.read() as connection:
        sizes = connection.exec_driver_sql("SELECT length(data) + length(terms) FROM stories").scalars().all()
    assert max(sizes) < 4000


def newsweek():
    """Return 40 arrivals of about ten stories, some of them copies."""
    made = []
    for n in range(1, 41):
        topic = invented(n % 10, 60)
        own = invented(500 + n, 20)
        group = f"a{n - 10}" if n > 10 and n % 7 == 0 else None
        made.append(to_place(n, f"{topic}\n{own}", days=n / 5, group=group, names=named(n)))
    return made


def named(n):
    """Return the names of an arrival, some of which others have too."""
    people = [f"Person {n % 10}", f"Person {n % 4}", f"Person {n % 13 + 20}"]
    entities = (Entity(id=name, name=name, type=EntityType.PERSON, salience=0.5) for name in dict.fromkeys(people))
    return Names(id=f"a{n}", entities=tuple(entities))


@settings(max_examples=15)
@given(st.lists(st.integers(1, 40), max_size=6))
@pytest.mark.slow
def test_where_batches_begin_and_end_changes_nothing(tmp_path_factory, sizes):
    made = []
    for cuts in ((), sizes):
        store = Store(f"sqlite:///{tmp_path_factory.mktemp('batches')}/ledger.db")
        stories = placed(store, newsweek(), sizes=cuts)
        with store.read() as connection:
            facts = store.story_catalog.load_facts(connection, stories)
        made.append((stories, facts))
        store.close()
    assert made[0] == made[1]
    assert 1 < len(set(made[0][0])) < 40


def test_a_mean_of_unlike_articles_is_not_like_everything():
    rng = np.random.default_rng(1)
    terms = np.arange(400, dtype=np.uint32)
    articles = [(terms[n * 20 : n * 20 + 21], np.full(21, 21**-0.5, dtype=np.float32)) for n in range(18)]
    mean = articles[0]
    for n, one in enumerate(articles[1:], 2):
        mean = mix_vectors(mean, one, 1 / n, 400)
    new = articles[rng.integers(18)]
    alone, among = compare_vectors(new, [pack_vector(articles[3]), pack_vector(mean)]).cosines
    assert float(np.linalg.norm(mean[1])) < MIN_MEAN_LENGTH
    assert among < 0.25
    assert alone < among


def test_undated_articles_of_one_topic_stay_apart_and_those_on_one_event_together(store):
    folder = Path(__file__).parent.parent / "bench"
    lines = [json.loads(line) for line in (folder / "topics.jsonl").read_text("utf-8").splitlines()]
    gold = [json.loads(line)["story"] for line in (folder / "topics.gold.jsonl").read_text("utf-8").splitlines()]
    articles = [to_place(n, line["text"], title=line["title"], dated=False) for n, line in enumerate(lines, 1)]
    found = placed(store, articles)
    events = defaultdict(set)
    for story, event in zip(found, gold, strict=True):
        events[story].add(event)
    assert all(len(mixed) == 1 for mixed in events.values())
    assert len(events) <= len(set(gold)) + 3


VECTORS = st.dictionaries(st.integers(0, 12), st.sampled_from([0.25, 0.5, 1.0, 2.0]), max_size=8)


def sparse(weights):
    terms = sorted(weights)
    return np.array(terms, dtype=np.uint32), np.array([weights[term] for term in terms], dtype=np.float32)


@given(VECTORS, st.lists(VECTORS, min_size=1, max_size=5))
def test_cosines_and_breadths_with_several_vectors_are_those_with_each(own, others):
    found, breadths = compare_vectors(sparse(own), [pack_vector(sparse(other)) for other in others])
    for one, breadth, other in zip(found, breadths, others, strict=True):
        products = [own[term] * weight for term, weight in other.items() if term in own]
        squares = sum(product**2 for product in products)
        assert breadth == pytest.approx(sum(products) ** 2 / squares if squares else 0)
        length = max(MIN_MEAN_LENGTH, sum(weight**2 for weight in other.values()) ** 0.5)
        assert one == pytest.approx(sum(own.get(term, 0) * weight for term, weight in other.items()) / length)


@given(VECTORS, VECTORS, st.integers(1, 20))
def test_a_mixture_keeps_the_strongest_terms_of_both(one, other, most):
    terms, weights = mix_vectors(sparse(one), sparse(other), 0.25, most)
    both = {term: 0.75 * one.get(term, 0) + 0.25 * other.get(term, 0) for term in one | other}
    assert terms.tolist() == sorted(terms.tolist())
    assert weights.tolist() == [both[term] for term in terms.tolist()]
    assert sorted(weights.tolist(), reverse=True) == sorted(both.values(), reverse=True)[:most]


def test_two_headlines_that_share_a_word_by_chance_are_two_stories(store):
    briefs = ["Ferry stuck in fog off Brackholm", "Fog delays the opening of Marrow's swift boxes"]
    stories = placed(store, [*background(), *(to_place(30 + n, text) for n, text in enumerate(briefs))])
    assert stories[-2:] == ["sa30", "sa31"]


@pytest.mark.parametrize(("written", "word"), [("Brackholm’s", "Brackholm"), ("l'Égypte", "Égypte")])
def test_what_an_apostrophe_joins_to_a_name_leaves_it_the_same_term(written, word):
    one, other = (article_terms(Article(id="a1", text=text), None).hashes for text in (written, word))
    assert set(other.tolist()) < set(one.tolist())


def test_a_word_of_the_headline_counts_as_three_of_the_beginning():
    article = Article(id="a1", title="Fog", text=" ".join(["fog", "ferry", "ferry", *["bank"] * LEDE_WORDS, "fog"]))
    terms = article_terms(article, None)
    of = {word: terms.hashes.tolist().index(hash_words([word])[0]) for word in ("fog", "ferry")}
    assert {word: (terms.counts[n], terms.lede_counts[n]) for word, n in of.items()} == {"fog": (3, 4), "ferry": (2, 2)}


def test_accounts_that_share_little_but_a_name_in_their_headlines_are_one_story(store):
    later = (
        "“We had paid for the wedding, the band and the cake,” said Ida Renwick, who spent the night in a school gym, "
        "wrapped in blankets with four hundred others.\n"
        "The owner would not say when bookings can be changed. Analysts at Fenwick Rowe put the cost of cancelled "
        "crossings and of a new hull at nine million, and its shares fell by a tenth on Wednesday."
    )
    told = [to_place(30, FERRY[0], title="Lysander's 412 safe"), to_place(31, later, title="After the Lysander")]
    told += [to_place(60 + n, text, days=60) for n, text in enumerate([FERRY[0], later])]
    assert placed(store, [*background(), *told])[-4:] == ["sa30", "sa30", "sa60", "sa61"]


def test_a_name_joins_accounts_in_two_languages(store):
    line, ship = (Entity(id=f"q{n}", name="x", type=EntityType.ORG, count=4) for n in range(2))
    german = "Passagiere der Fähre Lysander verbrachten die Nacht in einer Turnhalle bei Brackholm."
    told = [to_place(30, FERRY[0], language="en", names=Names(id="a30", entities=(line, ship)))]
    told += [to_place(31, german, language="de", names=Names(id="a31", entities=(line, ship)))]
    told += [to_place(32 + n, text, language="de") for n, text in enumerate(GERMAN)]
    assert placed(store, [*background(), *told])[-5:] == ["sa30", "sa30", "sa32", "sa33", "sa34"]


def test_each_placement_says_why(store):
    arrivals = [to_place(30, WIRE), to_place(31, HARBOUR), to_place(32, OTHER, group="a30")]
    memory = store.story_index(ClusterSettings())
    made = decide([*background(), *arrivals], memory, ClusterSettings())[-3:]
    assert [one.how for one in made] == [Placed.OPENED, Placed.JOINED, Placed.COPY]
    assert made[1].score > ClusterSettings().threshold


def test_an_article_whose_story_is_no_longer_remembered_stays_in_it(store):
    old = msgspec.structs.replace(to_place(31, CHOIR), story="s-of-last-year")
    made = decide([*background(), old], store.story_index(ClusterSettings()), ClusterSettings())[-1]
    assert (made.story, made.how) == ("s-of-last-year", Placed.KEPT)
