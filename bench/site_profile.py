"""Measure what a site profile gains, on a generated site of 200 articles with new promotions every 50.

    python bench/site_profile.py [--articles 200]

Prints, by the number of pages seen, the share of boilerplate lines in the articles as one page alone tells, as they are
first saved, and as they stand in the end; then how many of the articles' own lines were lost. The articles of a topic
share a quotation, a list and background; all articles have a sub-heading in common.
"""

from __future__ import annotations

import argparse
import random
from typing import NamedTuple

from pipeline.extract import RawPage, clean_with_site_profile, extract_with_lines, load_config
from pipeline.records import Article
from pipeline.settings import config_folder
from pipeline.sites import SiteProfile

SPAN = 50  # articles that a promotion stands in
TOPICS = 24
HOT = 25  # of the articles, in percent, are about the first topic: more than are needed to learn a line
SYLLABLES = "ba den kor lis mar nov ost pel rin sta tur val wen zor ham lek".split()
VERBS = "said told noted argued warned explained insisted recalled".split()
THINGS = (
    "harbour bridge council budget harvest railway hospital museum festival election drought vaccine border school "
    "factory stadium reactor forest aquifer airport court parliament orchestra pension tariff satellite"
).split()
SIGN_OFF = "This article was brought to you by the newsroom of the Lakeside Herald and its many readers."
HEADING = "What happens next"


class Page(NamedTuple):
    """A page, the lines of its article, and its boilerplate."""

    html: str
    own: list[str]
    boilerplate: list[str]


def name(chance: random.Random) -> str:
    """Return an invented name."""
    return "".join(chance.choice(SYLLABLES) for _ in range(3)).capitalize()


def sentence(chance: random.Random, names: list[str], things: list[str]) -> str:
    """Return a sentence about some of the names."""
    speaker, neighbour = chance.sample(names, 2)
    first, second, third = (chance.choice(things) for _ in range(3))
    number = chance.randrange(3, 9000)
    return (
        f"{speaker} {chance.choice(VERBS)} that the {first} near {neighbour} would cost {number} crowns more "
        f"than the {second}, while the {third} was left as it is."
    )


class Topic:
    """Something that several articles are about: its names, and what all of them repeat."""

    def __init__(self, number: int) -> None:
        chance = random.Random(number)
        self.names = [name(chance) for _ in range(9)]
        self.things = chance.sample(THINGS, 6)
        self.quotation = f"“We won't leave {self.names[0]} before the last of us is home,” said {self.names[1]} in May."
        self.list = [f"{person}: {sentence(chance, self.names, self.things)}" for person in self.names[:3]]
        self.background = " ".join(sentence(chance, self.names, self.things) for _ in range(2))


def promotions(number: int) -> tuple[list[str], str]:
    """Return the lines of the promotion in the box, and the one set like a paragraph, at the ``number``-th article."""
    chance = random.Random(7_000 + number // SPAN)
    offer, town = name(chance), name(chance)
    return [
        f"The {offer} evening, live in {town} and on your screen",
        f"Places for the {offer} evening are going fast, and those who write to us first get the best of them.",
    ], f"Our readers travel to {town} with the {offer} tours, with a guide who knows every corner of the old town."


def page(number: int) -> Page:
    """Return the ``number``-th page of the site."""
    chance = random.Random(100 + number)
    topic = Topic(0 if chance.randrange(100) < HOT else chance.randrange(1, TOPICS))
    names = [*topic.names, *(name(chance) for _ in range(2))]
    paragraphs = [" ".join(sentence(chance, names, topic.things) for _ in range(2)) for _ in range(6)]
    boxed, inline = promotions(number)
    title = f"{names[0]} and {names[-1]} differ over the {chance.choice(topic.things)} of {names[2]}"
    parts = [f"<p>{text}</p>" for text in paragraphs]
    parts.insert(2, f"<blockquote><p>{topic.quotation}</p></blockquote>")
    parts.insert(4, f"<p>{inline}</p>")
    parts.insert(5, f"<ul>{''.join(f'<li>{line}</li>' for line in topic.list)}</ul>")
    parts.insert(6, f"<h2>{HEADING}</h2><p>{topic.background}</p>")
    box = f'<div class="c-4711"><p class="k1">{boxed[0]}</p><p class="k2">{boxed[1]}</p></div>'
    menu = "".join(f'<li><a href="/s/{thing}">{thing}</a></li>' for thing in THINGS)
    html = (
        f'<!doctype html><html lang="en"><head><title>{title} | Lakeside Herald</title>'
        f'<meta property="og:title" content="{title}"></head><body><nav><ul>{menu}</ul></nav><main><article>'
        f'<h1>{title}</h1><div class="text">{"".join(parts[:3])}{box}{"".join(parts[3:])}<p>{SIGN_OFF}</p></div>'
        f"</article></main><footer><p>Lakeside Herald, {title}</p></footer></body></html>"
    )
    article_lines = [*paragraphs, topic.quotation, *topic.list, HEADING, topic.background]
    return Page(html, article_lines, [*boxed, inline, SIGN_OFF])


def share(text: str, source: Page) -> float:
    """Return the share of a text's lines that are boilerplate."""
    lines = text.splitlines()
    return sum(line in source.boilerplate for line in lines) / len(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=200)
    count = parser.parse_args().articles
    config, site = load_config(config_folder()), SiteProfile()
    pages = [page(number) for number in range(count)]
    extracted = [
        extract_with_lines(RawPage(id=str(n), data=p.html.encode(), url=f"https://www.herald.example/{n}"), config)
        for n, p in enumerate(pages)
    ]
    first: list[Article] = []
    last: dict[str, Article] = {}
    for seq, result in enumerate(extracted):
        article, recleaned = clean_with_site_profile(site, result, seq, 0)
        first.append(article)
        last[article.id] = article
        for earlier in recleaned:
            last[earlier] = clean_with_site_profile(site, extracted[int(earlier)], int(earlier), 0)[0]
    print("pages seen   one page alone   as first saved   in the end")
    for start, end in [(0, 2), (2, 5), (5, 10), (10, 50), (50, 55), (55, 100), (100, 150), (150, count)]:
        numbers = range(start, min(end, count))
        if numbers:
            shares = [
                sum(share(articles[n].text, pages[n]) for n in numbers) / len(numbers)
                for articles in ([result.article for result in extracted], first, list(last.values()))
            ]
            print(f"{start:4} - {numbers[-1]:4}  " + "".join(f"{value:15.1%}  " for value in shares))
    for label, texts in (
        ("one page alone", [result.article.text for result in extracted]),
        ("site profile", [a.text for a in last.values()]),
    ):
        lost = sum(line not in text for source, text in zip(pages, texts, strict=True) for line in source.own)
        print(f"{label}: {lost} of {sum(len(source.own) for source in pages)} lines of the articles lost")


if __name__ == "__main__":
    main()
