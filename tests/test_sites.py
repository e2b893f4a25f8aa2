"""Facts about the memory of a site: what it cuts, what it spares, what it forgets."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.site_profile import page as generated
from pipeline.extract import Extraction, RawPage, clean_with_site_profile, extract_with_lines, load_config
from pipeline.records import Article
from pipeline.sites import LearntLine, SiteLine, SiteProfile, expired_lines, fingerprint_page
from pipeline.sites.line_index import LineIndex
from pipeline.sites.page_fingerprint import Measures, PageFingerprint, hash_topic_words, line_key, unpack_terms
from pipeline.sites.site_profile import MAX_LEARNT_LINES, MAX_PAGES
from tests.helpers.support import REPO

PROMOTION = "Our readers get two tickets for the price of one at the box office all through the winter."
NAMES = (
    "Lisbon Okafor Tagus Ferreira|Oslo Lindqvist Holmenkollen Dahl|Lima Quispe Rimac Torres|Cairo Mansour Nile Fahmy|"
    "Quito Andrade Pichincha Vega|Seoul Park Hangang Choi|Vienna Gruber Donau Huber|Nairobi Otieno Mathare Wanjiru"
).split("|")


def about(topic_number, article):
    """A paragraph about one of the topics that no other article has."""
    names = NAMES[topic_number % len(NAMES)].split()
    return f"{names[0]} heard {names[1]} and {names[3]} on matter {article}, and {names[2]} was spoken of twice."


def article(number, *more, topic_number=None):
    topic_number = number if topic_number is None else topic_number
    own = [SiteLine(text=about(topic_number, f"{number}-{n}"), slot=1) for n in range(4)]
    return [*own[:2], *more, *own[2:]]


def saved(site, number, lines, day=0):
    whole = Article(
        id=f"a{number}",
        title=f"Matter {number}",
        text="\n".join(line.text for line in lines if line.rule is None),
        subheadings=tuple(line.text for line in lines if line.heading),
    )
    return clean_with_site_profile(site, Extraction(article=whole, lines=tuple(lines)), number, day)


def cut_in(site, count, make_more, **kind):
    """Which of ``count`` articles lost a line that they were given."""
    gone = []
    for number in range(count):
        made, _ = saved(site, number, article(number, *make_more(number), **kind))
        gone.append(len(made.cut))
    return gone


def test_a_line_among_the_paragraphs_of_five_articles_about_different_things_is_cut_from_the_fifth_on():
    gone = cut_in(SiteProfile(), 8, lambda _: [SiteLine(text=PROMOTION, slot=1)])
    assert gone == [0, 0, 0, 0, 1, 1, 1, 1]


def test_a_line_in_a_box_of_the_template_is_cut_from_the_third_article_on():
    gone = cut_in(SiteProfile(), 5, lambda _: [SiteLine(text=PROMOTION, slot=9, usual=False, has_class=True)])
    assert gone == [0, 0, 1, 1, 1]


def test_what_is_cut_is_told_with_the_rule_and_the_rest_is_untouched():
    site = SiteProfile()
    for number in range(6):
        made, _ = saved(site, number, article(number, SiteLine(text=PROMOTION, slot=1)))
    (told,) = made.cut
    assert told.text == PROMOTION
    assert told.rule == "site memory: 5 articles about different things have it"
    assert made.text.splitlines() == [line.text for line in article(5)]


def test_the_earlier_articles_that_hold_what_was_learnt_are_named_once():
    site = SiteProfile()
    again = [saved(site, number, article(number, SiteLine(text=PROMOTION, slot=1)))[1] for number in range(7)]
    assert again == [(), (), (), (), ("a0", "a1", "a2", "a3"), (), ()]
    made, _ = saved(site, 0, article(0, SiteLine(text=PROMOTION, slot=1)))
    assert len(made.cut) == 1


def test_a_quotation_that_articles_about_one_topic_share_survives():
    quotation = "“We won't leave the bridge before the last of us is home,” the mayor said in May at the town hall."
    for kind in ({"slot": 1}, {"slot": 5, "usual": False}, {"slot": 0}):
        assert (
            cut_in(SiteProfile(), 40, lambda _, kind=kind: [SiteLine(text=quotation, **kind)], topic_number=3)
            == [0] * 40
        )


def test_a_set_phrase_that_stands_now_and_then_survives():
    phrase = "The police did not answer questions, and the investigation goes on."
    gone = cut_in(SiteProfile(), 100, lambda n: [SiteLine(text=phrase, slot=1)] if n % 9 == 0 else [])
    assert sum(gone) == 0


def test_a_short_answer_among_paragraphs_survives():
    assert sum(cut_in(SiteProfile(), 30, lambda _: [SiteLine(text="She refused to.", slot=1)])) == 0


def test_a_sub_heading_that_all_articles_have_survives_while_a_paragraph_stands_under_it():
    heading = SiteLine(text="Why it matters now", slot=4, usual=False, has_class=True, heading=True)
    assert sum(cut_in(SiteProfile(), 20, lambda _: [heading])) == 0


def test_a_place_in_which_nothing_of_an_article_ever_stood_is_known_by_itself():
    site = SiteProfile()
    for number in range(8):
        old = SiteLine(text="Come to the winter concert of the readers' choir.", slot=9, usual=False, has_class=True)
        saved(site, number, article(number, old))
    new = SiteLine(text="Vote for the photograph of the year, and win.", slot=9, usual=False, has_class=True)
    made, _ = saved(site, 8, article(8, new))
    assert [one.text for one in made.cut] == [new.text]
    assert "nothing of an article stands in this place" in made.cut[0].rule


def test_a_place_in_which_articles_have_lines_of_their_own_is_not():
    site = SiteProfile()

    def quoted(n):
        return [SiteLine(text=f"Nobody knew of matter {n} before, they said.", slot=9, usual=False, has_class=True)]

    assert sum(cut_in(site, 20, quoted)) == 0


def test_more_than_half_of_a_text_is_never_cut():
    wall = [SiteLine(text=f"{PROMOTION} Part {n}.", slot=1) for n in range(20)]
    assert sum(cut_in(SiteProfile(), 10, lambda _: wall)) == 0


def test_the_same_page_again_counts_once():
    site = SiteProfile()
    for _ in range(10):
        made, again = saved(site, 1, article(1, SiteLine(text=PROMOTION, slot=1)))
    assert (made.cut, again, len(site.pages)) == ((), (), 1)


def test_the_memory_is_bounded_and_what_was_learnt_outlives_the_pages_that_taught_it():
    site = SiteProfile()
    for number in range(6):
        saved(site, number, article(number, SiteLine(text=PROMOTION, slot=1)))
    for number in range(6, 6 + MAX_PAGES):
        saved(site, number, article(number))
    assert len(site.pages) == MAX_PAGES
    made, _ = saved(site, 1000, article(1000, SiteLine(text=PROMOTION, slot=1)))
    assert len(made.cut) == 1
    made, _ = saved(site, 2, article(2, SiteLine(text=PROMOTION, slot=1)))  # a page that is forgotten, done again
    assert len(made.cut) == 1
    assert 2 not in site.pages


def test_learnt_lines_are_forgotten_when_long_unseen_and_when_too_many():
    def learnt(key, last):
        return LearntLine(key=key, text="x", since=1, last=last, articles=3, anywhere=True)

    lines = [learnt(key, 1000) for key in range(MAX_LEARNT_LINES)]
    assert expired_lines(lines, 1000) == []
    assert expired_lines([*lines, learnt(-1, 999)], 1000) == [-1]
    assert expired_lines([learnt(1, 10), learnt(2, 500)], 600) == [1]


def test_a_line_is_the_same_whatever_its_typography():
    assert line_key("Sign up – it's free!") == line_key("SIGN UP: Its  free")
    assert line_key("Sign up") != line_key("Sign down")


@pytest.mark.parametrize(
    ("one", "other", "shares"),
    [
        ("The mayor of Lisbon met Ines Okafor.", "Ines Okafor left Lisbon.", True),
        ("The mayor met the council.", "The council met the mayor.", False),  # they name nothing
        ("Der Bürgermeister sprach.", "Ein Bürgermeister ging.", True),
        ("東京の橋が閉鎖された", "東京の橋は安全だ", True),
        ("أغلق الجسر في المدينة", "فتح الجسر أمس", True),
    ],
)
def test_what_a_text_is_about_is_told_by_its_names(one, other, shares):
    assert bool({*hash_topic_words([one])} & {*hash_topic_words([other])}) is shares


texts = st.text(max_size=60)
lines = st.builds(
    SiteLine,
    text=texts,
    slot=st.integers(0, 2**32 - 1),
    usual=st.booleans(),
    heading=st.booleans(),
    has_class=st.booleans(),
    rule=st.none() | st.just("link"),
)


@given(st.lists(lines, max_size=20), texts)
def test_a_sheet_holds_its_lines_and_comes_back_from_its_bytes(some, title):
    measures = Measures(length=3, boilerplate_share=0.5, author=True, time=False, language=None)
    sheet = fingerprint_page("id", 7, title, some, [line.text for line in some], measures)
    back = msgspec.msgpack.decode(msgspec.msgpack.encode(sheet), type=PageFingerprint)
    assert back == sheet
    table = LineIndex([back])
    for one in some:
        assert table.pages_with(one.key) == [7]
        there = table.slot_contents(one.slot, {one.key})
        same = [other for other in some if other.slot == one.slot]
        assert (there.pages, there.lines) == ([7], len(same))
        assert there.usual is any(other.usual for other in same)
        assert there.boilerplate == sum(other.rule is not None or other.key == one.key for other in same)
    assert len(unpack_terms(back)) <= 32


@given(st.lists(st.lists(lines, max_size=8), max_size=12))
def test_whatever_pages_come_an_article_keeps_half_of_its_text_and_only_its_own_lines(pages):
    site = SiteProfile()
    for number, some in enumerate(pages):
        kept = [line for line in some if line.rule is None]
        made, _ = saved(site, number, some)
        assert len(made.text) * 2 + 2 >= sum(len(line.text) for line in kept)
        assert {line for line in made.text.split("\n") if line} <= {
            part for line in kept for part in line.text.split("\n")
        }


def test_on_a_generated_site_new_promotions_are_learnt_within_some_pages_and_no_line_of_an_article_is_lost():
    known, site = load_config(REPO / "config"), SiteProfile()
    shares = []
    for number in range(70):
        one = generated(number)
        made = extract_with_lines(
            RawPage(id=str(number), data=one.html.encode(), url=f"https://herald.example/{number}"), known
        )
        text, _ = clean_with_site_profile(site, made, number, 0)
        lines_of_it = text.text.splitlines()
        assert [line for line in one.own if line not in lines_of_it] == []
        shares.append(sum(line in one.boilerplate for line in lines_of_it) / len(lines_of_it))
    assert shares[0] >= 0.2
    assert max(shares[10:50]) == 0
    assert max(shares[60:]) == 0
