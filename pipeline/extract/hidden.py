"""Take out of a page's tree what isn't shown as its text: what is hidden, closed dialogues, consent banners.

What a page hides only until a script or a button shows it (the article behind "read more", answers to questions) stays.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lxml.html import HtmlElement

from pipeline.extract.blocks import RUNNING_TEXT_CHARS, letter_key
from pipeline.text import split_words

# Classes by which style guides and frameworks (Bootstrap, Tailwind, Foundation, WordPress, Drupal, Angular) hide.
_HIDING_NAMES = frozenset(
    "hidden hide is-hidden u-hidden js-hidden uk-hidden ng-hide d-none display-none invisible element-invisible "
    "sr-only screen-reader-text screen-reader-only screenreader-text visually-hidden visuallyhidden visually_hidden "
    "u-visually-hidden print-only only-print show-for-print visible-print visible-print-block show-for-sr "
    "assistive-text a11y-hidden offscreen off-screen".split()
)
# Such a class beside it shows the element again on wide screens: "hidden md:block", "d-none d-lg-flex".
_SHOWN_AGAIN = re.compile(
    r"(?:^|\s)(?:(?!print:)\w+:(?:block|flex|inline|grid|table|contents|visible|not-sr-only)|"
    r"d-(?!print)\w+-(?:block|flex|inline|grid|table))"
)
_FAR_AWAY = 500  # pixels or more to the left of or above the screen
_MIN_HEIGHT = re.compile(r"0(?:\.0+)?(?:px|em|rem|%|vh|vw|pt)?$")
_LENGTH = re.compile(r"-(\d+)")
# Two patterns with regard to case: their literal beginnings make them ten times as fast
_RULES_HIDE = (re.compile(r"display\s*:\s*none"), re.compile(r"visibility\s*:\s*hidden"))
_SHOWS = re.compile(r"display\s*:\s*(?!none)\w|visibility\s*:\s*visible", re.IGNORECASE)
_PLAIN_SELECTOR = re.compile(r"(?:\w{1,12})?([.#][\w-]{1,60})$")
_ON_PAPER = re.compile(r"@media\s+(?:only\s+)?print\s*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_MAX_STYLES = 200_000  # characters of style rules that are read
_MAX_NAMES = 200
_MAX_SELECTORS = 500  # characters before a rule that name what it is for
_HIDEABLE = tuple(
    "div section aside p ul ol dl table form dialog span header footer nav article blockquote figure h2 h3 h4".split()
)
_HIDES, _CONSENTS, _NAMED = "h", "c", "n"
_CLASS_ALONE = ["class"]
# Elements that a template hides from screen readers as a whole; smaller ones (initials, icons) are seen all the same.
_WHOLE_TAGS = frozenset({"div", "section", "aside", "p", "ul", "ol", "form", "footer", "header", "dl", "table"})
# What consent platforms and banners call their elements.
_CONSENT = re.compile(
    r"onetrust|didomi|usercentrics|cookiebot|cookieyes|"
    r"(?:^|[\s_-])(?:cky|cmplz|cli|qc-cmp2?|fc)-(?:consent|modal|bar|cookie|ui)|"
    r"borlabs|klaro|truste|evidon|sp_message|iubenda|complianz|vendor-?list|"
    r"(?:^|[\s_-])(?:vendors|tcf|gdpr)(?:$|[\s_-])|"
    r"cookie[-_]?(?:banner|consent|notice|bar|wall|pop-?up|modal|layer|message|info|overlay|settings|disclaimer|dialog|"
    r"law)|consent[-_]?(?:banner|manager|layer|modal|dialog|overlay|box|notice|tool|wall|placeholder|form|popup|prompt|"
    r"container)|"
    r"(?:embed|media|video)[-_]?consent|privacy[-_]?(?:manager|banner|overlay|center|notice|popup|wall)",
    re.IGNORECASE,
)
# One of these stands in each of those names: asked first, which is far quicker
_CONSENT_PARTS = (
    "consent", "cookie", "onetrust", "didomi", "usercentrics", "cky", "cmp", "fc-", "cli-", "klaro", "borlabs",
    "truste", "evidon", "sp_message", "iubenda", "complianz", "vendor", "tcf", "gdpr", "privacy",
)  # fmt: skip
_DIALOGUE = re.compile(
    r"modal|dialog|pop-?up|overlay|drawer|off-?canvas|tooltip|consent|cookie|gdpr|cmp|privacy|newsletter|subscri|paywall|"
    r"log-?in|sign-?(?:in|up)|regist|share|social|menu|(?:^|[\s_-])nav|search|print|terms|toast|related|recommend",
    re.IGNORECASE,
)
_BODY = re.compile(
    r"(?:article|story|post|entry|news|main)[-_]*(?:body|content|text)|body[-_]?(?:text|copy|content)|richtext|articlebody|"
    r"live-?blog",
    re.IGNORECASE,
)
_UNFOLDED = re.compile(
    r"accordi|collaps|faq|question|answer|expand|read[-_]?(?:more|on)|show[-_]?more|toggle|truncat|fold|(?:^|[\s_-])rest"
    r"(?:$|[\s_-])|(?:^|[\s_-])more(?:$|[\s_-])|tab-?(?:panel|pane|content)|spoiler|remaining|weiterlesen",
    re.IGNORECASE,
)
_NOT_HIDDEN = frozenset({"false", "until-found"})  # what the browser's own search unfolds is the text
_DIALOGUE_ROLES = frozenset({"dialog", "alertdialog"})
_STREAMED = "S:"  # React sends what comes late in hidden elements of such ids, and a script moves them into place
_MIN_VISIBLE = 200  # characters of text: where readers see less, the page shows its text by a script
_MIN_SHARED = 0.5  # of a hidden text, for the page to say elsewhere that it is the article's
_MIN_TITLE_WORDS = 3  # of the headline, and this share of them, that a hidden part of its article has, too
_MIN_TITLE_SHARE = 0.4
_MIN_WORD = 4  # letters: shorter ones are anybody's, where a script has spaces between words
_AROUND = 2  # elements around a hidden one whose names tell what it is


class HidingContext(NamedTuple):
    """What tells hidden parts of an article from what else is hidden."""

    titles: tuple[str, ...] = ()  # the headline, as the page states it
    jsonld_text: str = ""  # the letters of JSON-LD's articleBody


def find_hiding_names(styles: Iterable[str]) -> frozenset[str]:
    """Return the classes and ids (".x", "#x") that the page's own style rules hide, whatever the screen.

    Only rules for one class or id alone count, outside of conditions (``@media``), of a name that no rule shows.

    Args:
        styles: the texts of the page's style elements.
    """
    names: set[str] = set()
    shown: list[str] = []
    for style in styles:
        starts = sorted(match.start() for rule in _RULES_HIDE for match in rule.finditer(style[:_MAX_STYLES]))
        if not starts:
            continue
        depth = position = 0
        for start_of_rule in starts:
            opening = style.rfind("{", position, start_of_rule)
            if opening < 0:
                continue
            depth += style.count("{", position, opening) - style.count("}", position, opening)
            position = opening
            near = max(opening - _MAX_SELECTORS, 0)
            start = max(style.rfind(mark, near, opening) for mark in "};/{")
            if depth == 0:
                selectors = style[start + 1 : opening].split(",")
                names.update(simple[1] for part in selectors if (simple := _PLAIN_SELECTOR.match(part.strip())))
        shown.append(_ON_PAPER.sub("", style))
    if not names or len(names) > _MAX_NAMES:
        return frozenset()
    return frozenset(name for name in names if not any(_shows(style, name) for style in shown))


def _shows(style: str, name: str) -> bool:
    """Tell whether a rule of ``style`` that speaks of ``name`` shows something."""
    position = style.find(name)
    while position >= 0:
        opening, closing = style.find("{", position), style.find("}", position)
        if 0 <= opening < closing and _SHOWS.search(style, opening, closing):
            return True
        position = style.find(name, position + len(name))
    return False


def remove_hidden(tree: HtmlElement, context: HidingContext, names: frozenset[str] = frozenset()) -> None:
    """Take out of ``tree`` what is hidden and isn't the article.

    Args:
        tree: the page, which is changed.
        context: what the page says of its article.
        names: what ``find_hiding_names`` returned.
    """
    groups: dict[tuple[HtmlElement, bool], list[HtmlElement]] = {}
    for element in _hidden_elements(tree, names):
        parent = element.getparent()
        if parent is not None:
            is_dialogue = element.tag == "dialog" or element.get("role") in _DIALOGUE_ROLES
            groups.setdefault((parent, is_dialogue), []).append(element)
    if not groups:
        return
    sizes = {place: sum(map(_text_size, elements)) for place, elements in groups.items()}
    hidden = {element for elements in groups.values() for element in elements}
    visible = None
    for (parent, is_dialogue), elements in groups.items():
        if not is_dialogue and sizes[parent, is_dialogue] >= RUNNING_TEXT_CHARS:
            if visible is None:
                visible = _text_size(tree) - sum(size for (outer, _), size in sizes.items() if _is_shown(outer, hidden))
            if _is_article(elements, context, visible):
                _unfold(elements, parent)
                continue
        for element in elements:
            element.drop_tree()


def _is_shown(element: HtmlElement, hidden: set[HtmlElement]) -> bool:
    return element not in hidden and hidden.isdisjoint(element.iterancestors())


def _unfold(elements: list[HtmlElement], parent: HtmlElement) -> None:
    """Make hidden parts of the article look as what is shown: base extractors leave out what a page hides.

    A part after paragraphs that are shown loses its name, too, lest it be taken for the whole article.
    """
    shown = any(child.tag == "p" and child not in elements and _text_size(child) for child in parent)
    for element in elements:
        for name in ("hidden", "style", "aria-hidden", *(("class",) if shown else ())):
            element.attrib.pop(name, None)


def _hidden_elements(tree: HtmlElement, names: frozenset[str]) -> Iterator[HtmlElement]:
    marks_of: dict[str, str] = {}
    for element in tree.iter(*_HIDEABLE):
        keys = element.keys()
        if not keys and element.tag != "dialog":
            continue
        get = element.get
        classes = get("class") or ""
        marks = marks_of.get(classes)
        if marks is None:
            named = names and any(f".{part}" in names for part in classes.split())
            marks = marks_of[classes] = _class_marks(classes) + (_NAMED if named else "")
        if not marks and keys == _CLASS_ALONE and element.tag != "dialog":
            continue
        style, name = get("style"), get("id")
        if (
            (style is not None and _hides(style))
            or (_HIDES in marks and not any(around.tag == "figure" for around in element.iterancestors()))
            or (get("hidden", "false").strip().lower() not in _NOT_HIDDEN and not (name or "").startswith(_STREAMED))
            or (get("aria-hidden") == "true" and element.tag in _WHOLE_TAGS)
            or get("popover") is not None
            or get("role") in _DIALOGUE_ROLES
            or (element.tag == "dialog" and get("open") is None)
            or ((_CONSENTS in marks or (name is not None and _is_consent_name(name))) and _holds_no_article(element))
            or _NAMED in marks
            or (name is not None and f"#{name}" in names)
        ):
            yield element
        elif get("aria-hidden") == "true" and element.text and len(element.text.strip()) == 1:
            del element.attrib["aria-hidden"]  # a large initial, which base extractors would leave out


def _holds_no_article(element: HtmlElement) -> bool:
    return next(element.iter("h1", "article", "main"), None) is None


@functools.lru_cache(maxsize=16384)
def _class_marks(classes: str) -> str:
    """Return what classes say: that their element is hidden, or that it is a consent dialogue."""
    hides = not _HIDING_NAMES.isdisjoint(classes.lower().split()) and not _SHOWN_AGAIN.search(classes)
    return (_HIDES if hides else "") + (_CONSENTS if _is_consent_name(classes) else "")


def _is_consent_name(names: str) -> bool:
    lower = names.lower()
    return any(part in lower for part in _CONSENT_PARTS) and _CONSENT.search(names) is not None


@functools.lru_cache(maxsize=1024)
def _hides(style: str) -> bool:
    """Tell whether an inline style hides its element: not shown, transparent, without size, or beside the screen."""
    rules = {}
    for rule in style.lower().replace("!important", "").split(";"):
        key, _, value = rule.partition(":")
        rules[key.strip()] = "".join(value.split())
    clipped = rules.get("overflow", rules.get("overflow-y", "")) in {"hidden", "clip"}
    flat = any(_MIN_HEIGHT.match(rules.get(side, "")) for side in ("height", "max-height", "width", "max-width"))
    away = rules.get("position") in {"absolute", "fixed"}
    return (
        rules.get("display") == "none"
        or rules.get("visibility") in {"hidden", "collapse"}
        or bool(re.match(r"0?(?:\.0+|0(?:\.0+)?)?%?$", rules.get("opacity") or "1"))
        or bool(_MIN_HEIGHT.match(rules.get("font-size", "")))
        or rules.get("mso-hide") == "all"
        or (clipped and flat)
        or (away and bool(re.match(r"rect\((?:[01](?:px)?,?){4}\)", rules.get("clip", ""))))
        or bool(re.match(r"inset\((?:50|100)%|circle\(0", rules.get("clip-path", "")))
        or bool(re.match(r"scale\(0\)", rules.get("transform", "")))
        or (away and any(_is_far(rules.get(side, "")) for side in ("left", "top", "right")))
        or any(_is_far(rules.get(key, "")) for key in ("text-indent", "margin-left", "margin-top"))
    )


def _is_far(length: str) -> bool:
    match = _LENGTH.match(length)
    if match is None:
        return False
    return int(match[1]) >= (_FAR_AWAY if length.endswith("px") or match[0] == length else _FAR_AWAY / 16)


def _text_size(element: HtmlElement) -> int:
    return sum(map(len, map(str.strip, element.itertext())))


def _is_article(elements: list[HtmlElement], context: HidingContext, visible: int) -> bool:
    """Tell whether what is hidden is the article or a part of it.

    Args:
        elements: hidden elements, side by side.
        context: what the page says of its article.
        visible: characters of text that the page shows.
    """
    text = " ".join(" ".join(element.itertext()) for element in elements)
    letters = letter_key(text)
    titles = [key for title in context.titles if (key := letter_key(title))]
    if any(letter_key("".join(h1.itertext())) in titles for element in elements for h1 in element.iter("h1")):
        outside = elements[0].getroottree().iter("h1")
        inside = {h1 for element in elements for h1 in element.iter("h1")}
        return not any(letter_key("".join(h1.itertext())) in titles for h1 in outside if h1 not in inside)
    if _is_stated(elements, context.jsonld_text):
        return _is_new(elements)
    names = " ".join(_names(element) for element in elements)
    if _DIALOGUE.search(names) or len(context.jsonld_text) > visible:
        return False
    if visible < _MIN_VISIBLE or _BODY.search(names):
        return _is_new(elements)
    around = " ".join(map(_names, _near(elements[0])))
    folded = _UNFOLDED.search(f"{names} {around}") or _is_controlled(elements)
    belongs = bool(folded) or _shares_title(letters, text, context.titles)
    return not _DIALOGUE.search(around) and belongs and _is_new(elements)


def _is_stated(elements: list[HtmlElement], jsonld_text: str) -> bool:
    """Tell whether the page's JSON-LD has most of a hidden text in its articleBody."""
    if not jsonld_text:
        return False
    paragraphs = [letter_key("".join(p.itertext())) for element in elements for p in element.iter("p")]
    stated = sum(len(key) for key in paragraphs if key in jsonld_text)
    return stated > 0 and stated >= _MIN_SHARED * sum(map(len, paragraphs))


def _names(element: HtmlElement) -> str:
    values = (element.get(key) for key in ("class", "id", "itemprop", "role", "data-testid"))
    return " ".join(value for value in values if value)


def _near(element: HtmlElement) -> list[HtmlElement]:
    """Return the elements right around one, but for those that are the page or the article as a whole."""
    around: list[HtmlElement] = []
    for ancestor in element.iterancestors():
        if ancestor.tag in {"body", "main", "article", "html"} or len(around) == _AROUND:
            break
        around.append(ancestor)
    return around


def _is_controlled(elements: list[HtmlElement]) -> bool:
    """Tell whether a button of the page unfolds one of the elements, or the question right above them does."""
    for element in elements:
        before = element.getprevious()
        if before is not None and (before.tag in {"button", "summary"} or before.find(".//button") is not None):
            return True
        if "acceptedanswer" in (element.get("itemprop") or "").lower():
            return True
        name = element.get("id")
        if name and '"' not in name:
            root = element.getroottree()
            if root.xpath(f'//*[@aria-controls="{name}" or @href="#{name}" or @data-target="#{name}"]'):
                return True
    return False


def _shares_title(letters: str, text: str, titles: tuple[str, ...]) -> bool:
    """Tell whether a text is about what the headline says: it has words of it."""
    if not titles or len(letters) < RUNNING_TEXT_CHARS:
        return False
    words = split_words(titles[0])
    distinctive = {word for word in words if len(word) >= _MIN_WORD}
    shared = len(distinctive & set(split_words(text)))
    if 2 * sum(len(word) == 1 for word in words) > len(words):  # a script without spaces: three characters are a word
        title = letter_key(titles[0])
        distinctive = {title[start : start + 3] for start in range(len(title) - 2)}
        shared = sum(part in letters for part in distinctive)
    return shared >= _MIN_TITLE_WORDS and shared >= _MIN_TITLE_SHARE * len(distinctive)


def _is_new(elements: list[HtmlElement]) -> bool:
    """Tell whether a hidden text isn't one that the page shows elsewhere (for print, or for small screens)."""
    first = next(
        (
            key
            for element in elements
            for p in element.iter("p")
            if len(key := letter_key("".join(p.itertext()))) >= RUNNING_TEXT_CHARS // 2
        ),
        "",
    )
    if not first:
        return True
    inside = {p for element in elements for p in element.iter("p")}
    shown = elements[0].getroottree().iter("p")
    return not any(first == letter_key("".join(p.itertext())) for p in shown if p not in inside)
