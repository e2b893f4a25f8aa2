"""What editors decided holds for every article, in the order in which they decided it."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipeline.decisions import DecisionKind, EntityDecision
from pipeline.enrich.linking.editorial_rules import EntityRules
from pipeline.records import Entity, EntityType, Mention, Names
from tests.helpers.support import NOW

A, B, C = "person:ann-lee", "person:anna-lee", "person:ann-b-lee"


def decision(n: int, kind: DecisionKind, entity: str, **more) -> EntityDecision:
    return EntityDecision(n=n, kind=kind, entity=entity, at=NOW, **more)


def article(**surfaces: list[str]) -> Names:
    """An article that writes each entity in these ways, once each."""
    mentions, entities, at = [], [], 0
    for ident, written in surfaces.items():
        for name in written:
            span = {"start": at, "end": at + len(name)}
            mentions.append(Mention(field="text", type=EntityType.PERSON, name=name, entity=ident, **span))
            at += len(name) + 1
        counted = tuple(dict.fromkeys(written))
        entities.append(
            Entity(id=ident, name=written[0], type=EntityType.PERSON, aliases=counted, count=len(written), salience=0.5)
        )
    return Names(id="a", mentions=tuple(mentions), entities=tuple(entities))


def test_a_merged_entity_is_the_other_one_with_both_counts():
    names = article(**{A: ["Ann Lee", "Lee"], B: ["Anna Lee"]})
    rules = EntityRules([decision(1, DecisionKind.MERGE, A, target=B)])
    read = rules.apply(names, {B: Entity(id=B, name="Anna Lee", type=EntityType.PERSON)})
    assert [(e.id, e.name, e.count) for e in read.entities] == [(B, "Anna Lee", 3)]
    assert read.entities[0].aliases == ("Ann Lee", "Lee", "Anna Lee")
    assert {m.entity for m in read.mentions} == {B}


def test_a_split_gives_the_mentions_that_are_written_so_to_another_entity():
    names = article(**{A: ["Ann Lee", "Ann B. Lee", "Lee"]})
    rules = EntityRules([decision(1, DecisionKind.SPLIT, A, target=C, surfaces=("Ann B. Lee",), name="Ann B. Lee")])
    read = rules.apply(names, {})
    assert {e.id: (e.name, e.count, e.aliases) for e in read.entities} == {
        A: ("Ann Lee", 2, ("Ann Lee", "Lee")),
        C: ("Ann B. Lee", 1, ("Ann B. Lee",)),
    }


def test_a_hidden_entity_and_its_mentions_are_left_out():
    read = EntityRules([decision(1, DecisionKind.HIDE, A)]).apply(article(**{A: ["Ann Lee"], B: ["Anna Lee"]}), {})
    assert [e.id for e in read.entities] == [B]
    assert [m.entity for m in read.mentions] == [B]


def test_what_becomes_a_hidden_entity_is_hidden_too():
    rules = EntityRules([decision(1, DecisionKind.HIDE, B), decision(2, DecisionKind.MERGE, A, target=B)])
    assert rules.current_entity(A) is None


def test_a_decision_that_was_undone_holds_no_more():
    rules = EntityRules([decision(1, DecisionKind.MERGE, A, target=B, undone_at=NOW)])
    assert rules.current_entity(A) == A


def test_decisions_apply_in_their_order_and_the_last_name_counts():
    rules = EntityRules([
        decision(1, DecisionKind.MERGE, A, target=B),
        decision(2, DecisionKind.SPLIT, B, target=C, surfaces=("Ann B. Lee",), name="Ann B. Lee"),
        decision(3, DecisionKind.RENAME, B, name="Anna Lee-Berg"),
        decision(4, DecisionKind.RENAME, B, name="Anna Berg"),
    ])  # fmt: skip
    assert rules.current_entity(A, "Lee") == B
    assert rules.current_entity(A, "Ann B. Lee") == C
    assert rules.given_name(B) == "Anna Berg"
    assert rules.source_entities([C]) == {A, B, C}


def test_without_decisions_entities_are_shown_under_their_present_names():
    names = article(**{A: ["Ann Lee"]})
    read = EntityRules().apply(names, {A: Entity(id=A, name="Ann Lee-Berg", type=EntityType.PERSON)})
    assert [(e.id, e.name, e.count) for e in read.entities] == [(A, "Ann Lee-Berg", 1)]


_IDS = st.sampled_from([A, B, C, "person:d"])
_DECIDED = st.lists(
    st.one_of(
        st.builds(dict, kind=st.just(DecisionKind.MERGE), entity=_IDS, target=_IDS),
        st.builds(dict, kind=st.just(DecisionKind.HIDE), entity=_IDS),
        st.builds(
            dict,
            kind=st.just(DecisionKind.SPLIT),
            entity=_IDS,
            target=_IDS,
            surfaces=st.just(("Lee",)),
            name=st.just("Lee"),
        ),
    ),
    max_size=8,
)


@given(_DECIDED)
def test_any_decisions_come_to_an_end_and_keep_counts_and_mentions_together(plain):
    rules = EntityRules(decision(n, **one) for n, one in enumerate(plain, 1))
    read = rules.apply(article(**{A: ["Ann Lee", "Lee", "Lee"], B: ["Anna Lee"]}), {})
    assert Counter(m.entity for m in read.mentions) == {e.id: e.count for e in read.entities}
