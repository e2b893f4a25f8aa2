"""Names of several articles in order of arrival: which are one entity, on both ledgers."""

from __future__ import annotations

import datetime as dt
import functools
import math
import time
from pathlib import Path

import msgspec
import pytest

from pipeline.enrich import Span, enrich, load_recognisers
from pipeline.enrich.linking.entity_linking import ArticleNames, link_article, link_batch, lookup_keys, remembered_forms
from pipeline.records import Article, Entity, EntityType, Names
from pipeline.settings import EntitySettings
from tests.helpers.support import NOW
from tests.helpers.transactions import ask

CONFIG = Path(__file__).parent.parent / "config"
PERSON, ORG, PLACE = EntityType.PERSON, EntityType.ORG, EntityType.PLACE
DAY = dt.timedelta(days=1)


@functools.cache
def known():
    return load_recognisers(EntitySettings(), CONFIG)[0]


def found(text: str, **kinds: str):
    """The names of a text: each keyword a type and the names of that type, parted by bars."""
    names = sorted(
        (n, EntityType(k)) for k, joined in kinds.items() for n in joined.split("|")
    )  # fmt: skip
    spans, taken = [], set()
    for name, kind in sorted(names, key=lambda one: -len(one[0])):
        at = text.find(name)
        while at >= 0:
            if taken.isdisjoint(range(at, at + len(name))):
                spans.append(Span(at + 2, at + 2 + len(name), kind))
                taken.update(range(at, at + len(name)))
            at = text.find(name, at + 1)
    return enrich(Article(id="a", text=text, language="en"), known(), lambda _t, _l: spans)


class Reader:
    """Reads one article after the other into a ledger."""

    def __init__(self, store):
        self.store, self.seq, self.renamed = store, 0, []

    def read(self, text: str, *, at=NOW, seq=None, **kinds: str) -> dict[str, str]:
        names = found(text, **kinds)
        self.seq += 1
        with self.store.write() as connection:
            memory = self.store.entity_memory(connection)
            memory.load_forms(*lookup_keys(names, known()))
            linked = link_article(names, known(), memory, at)
            memory.add_names(seq or self.seq, at, linked, remembered_forms(linked, known()), known().entity_ids)
            self.renamed += memory.flush()
        self.last = linked
        return {m.name: m.entity for m in linked.mentions}


@pytest.fixture
def reader(store):
    return Reader(store)


def test_a_full_name_leads_to_the_person_whom_an_earlier_article_called_so(reader):
    reader.read("Hilda Rosam Clerk won. Hilda Clerk smiled.", PERSON="Hilda Rosam Clerk|Hilda Clerk")
    assert reader.read("Hilda Clerk sang.", PERSON="Hilda Clerk") == {"Hilda Clerk": "person:hilda-rosam-clerk"}


def test_two_entities_that_earlier_articles_make_one_weigh_what_all_their_mentions_do(reader):
    for _ in range(2):
        reader.read("The Institute of Harbour Folk (IHF) met.", ORG="Institute of Harbour Folk|IHF")
    names = {"ORG": "Institute of Harbour Folk|IHF", "PERSON": "Tom Stone"}
    reader.read("The Institute of Harbour Folk met Tom Stone. The IHF left.", **names)
    weights = {entity.id: entity.salience for entity in reader.last.entities}
    assert weights == {
        "org:institute-of-harbour-folk": 1.0,
        "person:tom-stone": pytest.approx(3 / (2 + math.log2(3)), abs=0.001),
    }


def test_a_bare_surname_leads_to_nobody(reader):
    reader.read("Hilda Clerk won. Clerk smiled.", PERSON="Hilda Clerk|Clerk")
    assert reader.read("Clerk sang.", PERSON="Clerk") == {"Clerk": "person:clerk"}


def test_an_acronym_leads_to_the_body_that_articles_defined_it_for(reader):
    for _ in range(2):
        reader.read("The Institute of Harbour Folk (IHF) met.", ORG="Institute of Harbour Folk|IHF")
    assert reader.read("The IHF met.", ORG="IHF") == {"IHF": "org:institute-of-harbour-folk"}


def test_an_acronym_that_one_article_defined_leads_nowhere_yet(reader):
    reader.read("The Institute of Harbour Folk (IHF) met.", ORG="Institute of Harbour Folk|IHF")
    assert reader.read("The IHF met.", ORG="IHF") == {"IHF": "org:ihf"}


def test_an_acronym_of_two_bodies_leads_to_neither(reader):
    for _ in range(3):
        reader.read("The Institute of Harbour Folk (IHF) met.", ORG="Institute of Harbour Folk|IHF")
        reader.read("The Inland Hockey Federation (IHF) met.", ORG="Inland Hockey Federation|IHF")
    assert reader.read("The IHF met.", ORG="IHF") == {"IHF": "org:ihf"}


def test_an_acronym_that_nobody_defined_lately_leads_nowhere(reader):
    for _ in range(3):
        reader.read("The Institute of Harbour Folk (IHF) met.", ORG="Institute of Harbour Folk|IHF")
    assert reader.read("The IHF met.", ORG="IHF", at=NOW + 40 * DAY) == {"IHF": "org:ihf"}


def test_articles_that_only_use_an_acronym_do_not_count_as_saying_whose_it_is(reader):
    for _ in range(5):
        reader.read("The IHF met.", ORG="IHF")
    for _ in range(2):
        reader.read("The Institute of Harbour Folk (IHF) met.", ORG="Institute of Harbour Folk|IHF")
    assert reader.read("The IHF met.", ORG="IHF") == {"IHF": "org:institute-of-harbour-folk"}


def test_a_firms_short_name_leads_to_it_where_nobody_else_is_called_so(reader):
    for _ in range(2):
        reader.read("Vellamo Biologics paid. Vellamo smiled.", ORG="Vellamo Biologics|Vellamo")
    assert reader.read("Vellamo paid.", ORG="Vellamo") == {"Vellamo": "org:vellamo-biologics"}


def test_a_name_that_sounds_alike_is_one_person_in_the_same_company(reader):
    company = "met Ann Berg of Vellamo Biologics."
    others = {"ORG": "Vellamo Biologics"}
    reader.read(f"Hamid Qaddouri {company}", PERSON="Hamid Qaddouri|Ann Berg", **others)
    got = reader.read(f"Hameed Gaddouri {company}", PERSON="Hameed Gaddouri|Ann Berg", **others)
    assert got["Hameed Gaddouri"] == "person:hamid-qaddouri"


def test_a_name_that_sounds_alike_is_another_person_in_other_company(reader):
    reader.read("Hamid Qaddouri met Ann Berg.", PERSON="Hamid Qaddouri|Ann Berg")
    got = reader.read("Hameed Gaddouri met Tom Stone in Paris.", PERSON="Hameed Gaddouri|Tom Stone", PLACE="Paris")
    assert got["Hameed Gaddouri"] == "person:hameed-gaddouri"


def test_two_names_that_sound_alike_in_one_article_stay_what_the_article_says(reader):
    reader.read("Hamid Odehi met Ann Berg of Vellamo Inc.", PERSON="Hamid Odehi|Ann Berg", ORG="Vellamo Inc")
    got = reader.read(
        "Hamid Odehi met Hameed Odeho and Ann Berg of Vellamo Inc.",
        PERSON="Hamid Odehi|Hameed Odeho|Ann Berg",
        ORG="Vellamo Inc",
    )
    assert got["Hameed Odeho"] != got["Hamid Odehi"]


def test_a_faith_before_a_known_name_describes_it_and_a_nationality_makes_another_body(reader):
    got = reader.read("The Sunni Islamic State won.", ORG="Sunni Islamic State")
    assert got == {"Sunni Islamic State": "org:islamic-state"}
    got = reader.read("The Turkish Red Crescent came.", ORG="Turkish Red Crescent")
    assert got == {"Turkish Red Crescent": "org:turkish-red-crescent"}


def test_a_ministry_without_its_country_is_never_remembered(reader):
    reader.read("Kenya waited. Kenya's Interior Ministry spoke.", ORG="Interior Ministry", PLACE="Kenya")
    with reader.store.read() as connection:
        assert connection.exec_driver_sql("SELECT surface FROM entity_forms").all() == []


def test_the_name_that_most_articles_use_is_shown(reader):
    reader.read("Hilda Rosam Clerk won. Hilda Clerk smiled.", PERSON="Hilda Rosam Clerk|Hilda Clerk")
    for _ in range(3):
        reader.read("Hilda Clerk sang.", PERSON="Hilda Clerk")
    ident = "person:hilda-rosam-clerk"
    assert reader.renamed == [ident]
    assert ask(reader.store).entities.get([ident])[ident].name == "Hilda Clerk"


def test_it_is_known_how_often_a_name_of_the_alias_file_is_written_in_which_way(reader, store):
    reader.read("Isil lost. ISIS fled.", ORG="Isil|ISIS")
    reader.read("ISIS lost.", ORG="ISIS")
    written = {w.surface: (w.how, w.articles) for w in ask(store).entities.list_forms("org:islamic-state")}
    assert written == {"ISIS": ("listed", 2), "Isil": ("listed", 1)}


def test_a_text_of_many_thousand_names_is_tied_in_seconds(store):
    entities = tuple(
        Entity(id=f"person:n{n}-m{n}", name=f"N{n} M{n}", type=PERSON, aliases=(f"N{n} M{n}",), count=1)
        for n in range(20_000)
    )
    begun = time.process_time()
    with store.write() as connection:
        memory = store.entity_memory(connection)
        link_batch([ArticleNames(1, NOW, Names(id="a", entities=entities))], known(), memory)
        memory.flush()
    assert time.process_time() - begun < 60  # a second or two where nothing else runs; quadratic work takes minutes


def test_a_name_in_the_alias_file_is_shown_from_the_next_article_on(reader, store):
    reader.read("Hilda Clerk sang.", PERSON="Hilda Clerk")
    names = found("Hilda Clerk sang.", PERSON="Hilda Clerk")
    listed = msgspec.structs.replace(names.entities[0], name="Hilda Clerk-Sowe")
    with store.write() as connection:
        memory = store.entity_memory(connection)
        memory.add_names(2, NOW, msgspec.structs.replace(names, entities=(listed,)), [], {listed.id})
        assert memory.flush() == [listed.id]
    assert ask(store).entities.get([listed.id])[listed.id].name == "Hilda Clerk-Sowe"


def test_an_entity_knows_its_articles_and_when_it_was_seen(reader):
    reader.read("Hilda Clerk sang.", PERSON="Hilda Clerk")
    reader.read("Hilda Clerk won in Paris.", PERSON="Hilda Clerk", PLACE="Paris", at=NOW + DAY)
    one = ask(reader.store).entities.get(["person:hilda-clerk"])["person:hilda-clerk"]
    assert (one.articles, one.first_seen, one.last_seen) == (2, NOW, NOW + DAY)
    assert [e.id for e in ask(reader.store).entities.search_entities("hilda")] == ["person:hilda-clerk"]
    assert [e.id for e in ask(reader.store).entities.search_entities(kind=PLACE)] == ["place:paris-fr"]


def test_an_article_that_is_counted_no_more_leaves_nothing(reader, store):
    reader.read("Hilda Clerk sang.", PERSON="Hilda Clerk")
    with store.write() as connection:
        memory = store.entity_memory(connection)
        memory.load_forms(*lookup_keys(reader.last, known()))
        memory.subtract_names(1, reader.last, remembered_forms(reader.last, known()))
        memory.flush()
    assert ask(store).entities.search_entities() == []
    assert ask(store).entities.list_forms("person:hilda-clerk") == []
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM entity_articles").scalar() == 0


def test_a_place_that_no_list_knows_lies_where_earlier_articles_said(reader):
    reader.read("It rained in Harbourton, England.", PLACE="Harbourton|England")
    got = reader.read("Harbourton is wet, as is England.", PLACE="Harbourton|England")
    assert got["Harbourton"] == "place:harbourton-gb"
    assert {e.name: e.country for e in reader.last.entities}["Harbourton"] == "GB"
    assert (
        reader.read("It rains in Harbourton and Rome.", PLACE="Harbourton|Rome")["Harbourton"] == "place:harbourton-gb"
    )


def test_a_place_that_one_article_located_lies_elsewhere_in_an_article_about_another_country(reader):
    reader.read("It rained in Harbourton, England.", PLACE="Harbourton|England")
    assert reader.read("It rains in Harbourton and Rome.", PLACE="Harbourton|Rome")["Harbourton"] == "place:harbourton"


def test_a_place_of_two_countries_lies_in_neither(reader):
    for country in ("England", "Canada") * 2:
        reader.read(f"It rained in Harbourton, {country}.", PLACE=f"Harbourton|{country}")
    assert reader.read("It rains in Harbourton.", PLACE="Harbourton") == {"Harbourton": "place:harbourton"}


def test_a_name_is_of_the_type_that_nearly_all_earlier_articles_gave_it(reader):
    for _ in range(2):
        reader.read("Harbourton Rovers won.", ORG="Harbourton Rovers")
    assert reader.read("Harbourton Rovers lost.", PLACE="Harbourton Rovers") == {
        "Harbourton Rovers": "org:harbourton-rovers"
    }
    assert {(m.type, m.name) for m in reader.last.mentions} == {(ORG, "Harbourton Rovers")}
    assert {(e.type, e.name) for e in reader.last.entities} == {(ORG, "Harbourton Rovers")}


def test_a_name_that_articles_take_for_two_things_stays_two(reader):
    for kind in ("ORG", "PERSON") * 3:
        reader.read("Hanna Field won.", **{kind: "Hanna Field"})
    assert reader.read("Hanna Field lost.", PERSON="Hanna Field") == {"Hanna Field": "person:hanna-field"}
    assert reader.read("Hanna Field lost.", ORG="Hanna Field") == {"Hanna Field": "org:hanna-field"}
