from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.salience import add_salience
from pipeline.records import Entity, EntityType, Mention, Names


def weighed(*mentions: tuple[str, str, int]) -> dict[str, Entity]:
    """The entities of mentions (entity, field, start), weighed."""
    made = [
        Mention(field=field, start=start, end=start + 1, type=EntityType.PERSON, name="x", entity=ident)
        for ident, field, start in mentions
    ]
    idents = dict.fromkeys(m.entity for m in made)
    entities = [Entity(id=i, name=i, type=EntityType.PERSON) for i in idents]
    names = add_salience(Names(id="a", mentions=tuple(made), entities=tuple(entities)))
    return {e.id: e for e in names.entities}


def test_the_headline_weighs_more_than_a_late_mention():
    found = weighed(("late", "text", 4000), ("head", "title", 0))
    assert found["head"].salience == 1.0
    assert found["head"].key
    assert found["late"].salience < 0.5
    assert not found["late"].key


def test_the_beginning_weighs_more_than_the_end():
    found = weighed(("late", "text", 4000), ("early", "text", 10))
    assert found["early"].salience > found["late"].salience


def test_more_mentions_weigh_more():
    found = weighed(("often", "text", 1000), ("often", "text", 2000), ("often", "text", 3000), ("once", "text", 1500))
    assert found["often"].salience > found["once"].salience


def test_a_long_article_is_about_a_handful_at_most():
    found = weighed(*((str(n), "text", n) for n in range(50)))
    assert sum(one.key for one in found.values()) == 5


def test_an_entity_that_the_text_does_not_name_weighs_nothing():
    names = Names(id="a", entities=(Entity(id="place:mosul-iq", name="Mosul", type=EntityType.PLACE),))
    assert add_salience(names).entities[0].salience == 0.0


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["title", "text"]), st.integers(0, 4999)), max_size=40
    )
)
def test_weights_lie_between_nothing_and_one_and_the_heaviest_has_one(mentions):
    weights = [e.salience for e in weighed(*mentions).values()]
    assert all(0 < w <= 1 for w in weights)
    assert not weights or max(weights) == 1.0
