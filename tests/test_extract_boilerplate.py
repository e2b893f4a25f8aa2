"""Facts about the lines that aren't the article: each class of them with examples, and what must stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.extract import load_config
from pipeline.extract.blocks import TextLine
from pipeline.extract.boilerplate import ArticleContext, remove_boilerplate
from pipeline.extract.main_text import MainText, find_main_text
from pipeline.extract.page_signals import gather_signals, parse_page
from tests.helpers.phrases import EXAMPLES

KNOWN = load_config(Path(__file__).parent.parent / "config")
LONG = "The council voted on Tuesday to repair the old bridge, which was closed in spring after the flood."
URL = "https://news.example/a/1"


def cut(*texts, **context):
    """The rules by which lines of plain text are cut, in order; None for those that stay."""
    lines = [TextLine(text) for text in texts]
    made = {text: rule for rule, text in remove_boilerplate(MainText(lines, []), ArticleContext(**context), KNOWN).cut}
    return [made.get(text) for text in texts]


def page_cut(body, **context):
    page = gather_signals(parse_page(f"<html><body><article>{body}</article></body></html>"), URL)
    made = remove_boilerplate(find_main_text(page, URL), ArticleContext(**context), KNOWN)
    return {text: rule for rule, text in made.cut}, [line.text for line in made.lines]


def test_a_line_beside_the_text_that_says_whose_picture_it_describes_is_a_caption():
    shown = '<div class="x"><img src="/a.jpg"><br><font size="1">The bridge by night. PHOTO: JO DOE</font></div>'
    body = shown + "".join(f"<p>{LONG} For the {n}th time.</p>" for n in range(5))
    assert _captioned(body) == ([("The bridge by night.", "JO DOE")], 5)
    under = f'<div class="x"><img src="/a.jpg"><br><font>{LONG} PHOTO: JO DOE</font></div><div class="y">'
    body = under + "<br><br>".join(f"{LONG} For the {n}th time." for n in range(5)) + "</div>"
    assert _captioned(body) == ([(LONG, "JO DOE")], 5)


def _captioned(body):
    page = gather_signals(parse_page(f"<html><body><article>{body}</article></body></html>"), URL)
    made = remove_boilerplate(find_main_text(page, URL), ArticleContext(), KNOWN)
    return [(one.text, one.credit) for one in made.captions], len(made.lines)


@pytest.mark.parametrize(("rule", "line"), [(rule, line) for rule, lines in EXAMPLES.items() for line in lines])
def test_a_line_that_only_says_so_is_cut(rule, line):
    assert cut(LONG, line, LONG + " Again.")[1] == rule


@pytest.mark.parametrize(
    "line",
    [
        "The mayor read more than a thousand letters before she decided, she told reporters on Tuesday evening.",
        "Subscribe to a theory like that, the mayor said, and you will never build anything in this town.",
        "Comments by the mayor caused a stir in the council.",
        "Advertisement revenue fell by a third last year.",
        "“Sign up for what?” asked the harbour master.",
        "Related crimes rose by a third.",
        "Photographers waited outside.",
        "Werbung für das neue Museum hängt seit Dienstag an jeder Ecke der Stadt.",
        "Kommentare des Bürgermeisters sorgten im Rat für Ärger.",
        "Mehr zum Thema sagte die Ministerin nicht, als sie gefragt wurde.",
        "La publicité pour le pont a coûté deux millions d'euros.",
        "Partager le pont avec les cyclistes est une bonne idée, dit-il.",
        "Suivez le pont jusqu'au bout, a dit la guide.",
        "Compartir el puente con los ciclistas no gustó a todos los vecinos.",
        "Publicidad engañosa, dijo el juez.",
        "Publicado el libro, el autor desapareció durante años.",
        "Condividi il ponte con me, disse il poeta.",
        "Foto di quel giorno non esistono, dice la polizia.",
        "Реклама моста обошлась городу в миллион.",
        "Комментарии мэра вызвали споры в совете.",
        "Reklama mostu kosztowała milion złotych.",
        "Annons efter annons handlade om bron den våren.",
        "Kommentarer från borgmästaren väckte ilska i rådet.",
        "広告の費用は一億円に上った。",
        "关于大桥的广告花费了一百万。",
        "The source: a man who had worked on the bridge for years.",
        "Tips for crossing the bridge were handed out at the gate.",
        "Read the letter, he told the court, and you will see.",
        "Subscribers to the theatre will get their money back, the director said on Tuesday.",
        "Only $5 a month was left for food, she said in court on Monday morning.",
        "The ticket costs €49 a month from January and can be cancelled monthly, the ministry said.",
        "Netflix raises the price of its subscription to $18 a month from March, the company said on Friday.",
        "From $20 a week to more than $60 a week: how rents rose in the valley over the last ten years.",
        "Get out of the house and get some sun, doctors told the residents on Thursday.",
        "Try it for yourself: the trail is open from April to October, the guide said.",
        "Start of trial: the defendant faced 12 charges and denied them all.",
        "Join us, he shouted, and hundreds followed him to the harbour.",
        "Correction: an earlier version of this article misstated the length of the closure. It is eleven weeks.",
        "Read aloud, the letter took four minutes.",
        "Listen to this, he said, and played the tape to the jury in full.",
        "Load more than the bridge can bear and it will crack, the engineer warned.",
        "Photo 3 of 10 shows the crack that alarmed the engineers in the first place.",
        "Share prices fell by a third on Tuesday after the announcement.",
        "Nur 1 Euro pro Monat bleibt den Familien am Ende, sagt die Beraterin.",
        "Jetzt lesen die Kinder wieder, sagt die Lehrerin der Grundschule am Hafen.",
        "Testen Sie, ob die Brücke hält, sagte der Bürgermeister im Scherz.",
        "Für 5 Euro im Monat können Schüler mitfahren, teilte der Landkreis mit.",
        "Solo 5 euros al mes cuesta el abono de transporte para los menores de edad, dijo el alcalde.",
        "Desde 2020 la empresa gana 3 euros por acceso al puente, según el informe anual.",
        "Apenas R$ 5 por mês sobram para a família, disse a mãe.",
        "A partir de janeiro o bilhete custa 40 euros por mês.",
        "Regístrese quien quiera, dijo el alcalde en tono de broma.",
        "Les lettres étaient réservées aux abonnés du théâtre.",
        "Cookies and milk were handed out to the children at the end of the ceremony.",
        "We use data from the weather service to predict floods on the river.",
        "The AI summary that the court received contained three invented rulings.",
        "This content was too much for the school board, which banned the book.",
        "Key takeaways from the meeting: the ferry is free, and the work starts in January.",
        "Our partners in government must agree, the minister told reporters.",
        "Log in piles lay along the river after the storm had passed over the valley.",
        "Sign in front of the bridge warns drivers of the closure.",
        "Please log in the book when you leave, said a note on the cabin's door.",
        "Follow the money, the prosecutor told the jury on the last day of the trial.",
        "“Nobody told us,” he said.",
    ],
)
def test_a_sentence_with_such_words_stays(line):
    assert cut(LONG, line, LONG + " Again.")[1] is None


def test_the_headline_is_cut_only_above_the_text():
    title = "Old bridge to be rebuilt by autumn"
    assert cut(title, LONG, title + " was the headline", titles=(title,)) == ["headline", None, None]


def test_a_headline_with_a_kicker_or_other_quotes_is_the_headline():
    assert (
        cut("Harbour: Old bridge ‘to be rebuilt’ by autumn", LONG, titles=("Old bridge 'to be rebuilt' by autumn",))[0]
        == "headline"
    )


def test_a_standfirst_that_says_more_than_the_headline_stays():
    standfirst = "The council has found the money for the bridge, but not for the road that leads there."
    assert cut(standfirst, LONG, titles=("Old bridge to be rebuilt",))[0] is None


def test_the_authors_name_above_the_text_and_bio_below_it_are_cut():
    bio = "Mira Lindqvist is our harbour correspondent and has written two books about bridges."
    found = cut(
        "By Mira Lindqvist",
        LONG,
        "Mira Lindqvist, no relation, lives there.",
        *[LONG] * 4,
        bio,
        authors=("Mira Lindqvist",),
    )
    assert found[0] == "byline"
    assert found[2] is None
    assert found[-1] == "author bio"


def test_a_link_to_the_same_site_is_cut_and_one_in_a_sentence_stays():
    linked = '<p><a href="/b/2">Flood damage: the full list of roads that are closed today</a></p>'
    inside = f'<p>{LONG} It was <a href="/c/3">closed</a> twice.</p>'
    gone, kept = page_cut(f"<p>{LONG}</p>{inside}{linked}<p>{LONG} Once more, and again.</p>")
    assert gone == {"Flood damage: the full list of roads that are closed today": "link"}
    assert f"{LONG} It was closed twice." in kept


def test_a_box_is_cut_whole_when_one_line_of_it_is_a_prompt():
    teaser = "<p>Who pays for the bridge</p><p>Nobody knows, it seems, but our reporter has an idea.</p>"
    box = f'<div class="grey"><h4>Read more</h4>{teaser}</div>'
    paragraphs = "".join(f"<p>{LONG} Paragraph {n}.</p>" for n in range(6))
    gone, kept = page_cut(f"<div class='text'>{paragraphs}</div>{box}<div class='text'><p>{LONG} The end.</p></div>")
    assert not any("our reporter" in line for line in kept)
    assert kept[-1].endswith("The end.")
    assert "Read more" in gone


def test_a_wrapper_named_like_a_box_that_holds_the_article_stays():
    paragraphs = "".join(f"<p>{LONG} Paragraph {n}.</p>" for n in range(6))
    _, kept = page_cut(f'<div class="subscriber-share-content">{paragraphs}</div>')
    assert len(kept) == 6


def test_paragraphs_each_in_a_box_of_their_own_stay():
    wrapped = "".join(f'<div class="subscriber-only"><p>{LONG} Paragraph {n}.</p></div>' for n in range(6))
    _, kept = page_cut(wrapped)
    assert len(kept) == 6


def test_sub_headings_set_as_h1_stay():
    paragraphs = "".join(f"<h1>Part {n} of it</h1><p>{LONG} Paragraph {n}.</p>" for n in range(6))
    _, kept = page_cut(f"<h1>Old bridge opens</h1><p>{LONG}</p>{paragraphs}", titles=("Old bridge opens",))
    assert "Part 5 of it" in kept
    assert "Old bridge opens" not in kept


def test_paragraphs_in_further_containers_of_the_same_template_come_back():
    part = "<section class='chunk'><div class='body-text'>{}</div></section>"
    chunks = "".join(
        part.format("".join(f"<p>{LONG} Part {c}, paragraph {n}.</p>" for n in range(4))) for c in range(3)
    )
    _, kept = page_cut(chunks)
    assert len(kept) == 12
    assert kept == sorted(kept)
