"""Tell what the small parts of a page beside its article are: by their names, and by what they hold.

A box holds no paragraph that is set as the article's are. What it holds tells as much as its name, in any language: a
field to be filled in, a link to the shop or the login, links that are headlines.
"""

from __future__ import annotations

import collections
import functools
import re
from collections.abc import Collection, Iterable, Iterator
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from pipeline.extract.blocks import Block

# Words in class names and ids of boxes inside an article that aren't it. From the naming habits of news templates, as
# trafilatura, readability and publishers' style guides list them.
_BOX = re.compile(
    r"newsletter|related|recommend|read-?(?:more|also|next)|see-?also|most-?(?:read|popular)|promo(?:tion|box)?(?![a-z])|"
    r"subscri|sign-?up|(?:^|[\s_-])ads?(?:$|[\s_-])|advert|sponsor|outbrain|taboola|social|share|"
    r"follow|comment(?!ary)|disqus|author-?(?:bio|box|info|card|desc)|about-?(?:the-)?author|bio(?:graphy)?(?:$|[\s_-])|"
    r"copyright|disclaimer|donat|survey|poll(?:$|[\s_-])|audio-?player|video-?(?:player|teaser|meta|info)|"
    r"breadcrumb|kicker|byline|timestamp|dateline-?(?:time|date)|meta-?(?:data|info)|(?:article|post|entry)-?(?:tags|footer)|"
    r"twitter|tweet|instagram-media|fb-post|embed-?(?:social|tweet)|(?:^|[\s_-])toc(?:$|[\s_-])|more-?(?:on|from|stories|topic)",
    re.IGNORECASE,
)
_CAPTION = re.compile(
    r"caption|(?:image|photo|picture|foto|bild)-?_?-?(?:credit|text|desc|unter|legend|info|copyright)|credit",
    re.IGNORECASE,
)
# Parts of the addresses at which readers subscribe, log in, register, pay or give.
_ACCOUNT = re.compile(
    r"(?:^|[/._-])(?:subscri\w*|abo|abos|abonn?e\w*|abonn?i\w*|abbonat\w*|abbonament\w*|suscri\w*|assin(?:e|ar|atura\w*)|"
    r"prenumer\w*|subskrypc\w*|paywall|offers?|angebote?|ofertas?|checkout|membership|log-?in|sign-?in|sign-?up|signup|"
    r"registr(?:er|ier|o|ati|ar|er)\w*|register|sso|oauth2?|my-?account|mein-?konto|konto|newsletters?|nyhetsbrev|"
    r"nieuwsbrief(?:ven)?|donate|donat(?:ion|e)s?|spenden?|gift|kundenservice|bulletin)(?:$|[/._?-])",
    re.IGNORECASE,
)
_ACCOUNT_QUERY = re.compile(r"(?:^|&)(?:subscri|abo|login|offer|paywall|redirect|return_?(?:url|to)|newsletter)\w*=")
# Invitations to a channel or to an app; a link to one message of a channel is a source.
_CHANNEL = re.compile(
    r"//(?:www\.|chat\.)?(?:whatsapp\.com/(?:channel/|[\w-]{16,}$)|t\.me/(?:\+|joinchat/|[A-Za-z]\w+/?$)|telegram\.me/\w+/?$|"
    r"news\.google\.com/publications|apps\.apple\.com/|itunes\.apple\.com/|play\.google\.com/store/)",
    re.IGNORECASE,
)
_MESSAGE = re.compile(
    r"//(?:www\.|mobile\.|m\.)?(?:(?:twitter|x)\.com/\w+/status/\d|instagram\.com/(?:p|reel|tv)/|facebook\.com/\S+/(?:posts|videos)/"
    r"|tiktok\.com/@[^/]+/video/|bsky\.app/profile/\S+/post/|threads\.net/@[^/]+/post/|t\.me/\w+/\d)",
    re.IGNORECASE,
)
_FIELDS = frozenset({"text", "email", "password", "tel", "search"})  # an input's types that readers write into
_MAX_BOX = 800  # characters of a box whose rest goes with what it is for
_MAX_OFFER = 2500  # the same, of a box with two or more links to the shop, buttons or fields
_PICTURE_DEPTH = 3  # elements around the text of a caption that may hold its picture
_MAX_BESIDE_PICTURE = 80  # characters: a credit, a button, a count
_MIN_CONTROLS = 2  # links to the shop, fields and buttons
_LINKED_SHARE = 0.85  # of a block's characters, for it to be a link
_MIN_HEADLINE = 4  # words of a link that is a headline
_MIN_HEADLINE_CHARS = 20  # the same, in scripts without spaces
_MAX_TEASER = 300  # characters beside one linked headline, and of each line


@functools.lru_cache(maxsize=4096)
def is_box_name(labels: str) -> bool:
    """Tell whether class and id of an element name a box that isn't the article."""
    return _BOX.search(labels) is not None


@functools.lru_cache(maxsize=4096)
def is_caption_name(labels: str) -> bool:
    """Tell whether class and id of an element name the caption of a picture."""
    return _CAPTION.search(labels) is not None


def element_labels(element: HtmlElement) -> str:
    """Return class and id of an element."""
    return f"{element.get('class') or ''} {element.get('id') or ''}"


def is_beside_picture(block: Block) -> bool:
    """Tell whether a picture stands right around a block, with nothing else but a few words."""
    for element in block.path[-1 - _PICTURE_DEPTH :]:
        if next(element.iter("img", "picture", "video"), None) is not None:
            return sum(len(text.strip()) for text in element.itertext()) < len(block.text) + _MAX_BESIDE_PICTURE
    return False


def find_boxes(main: HtmlElement, blocks: Iterable[Block], spared: Collection[HtmlElement]) -> dict[HtmlElement, str]:
    """Return the boxes in the element around an article, each with the name of the rule by which its lines are cut.

    Args:
        main: the element around the article.
        blocks: the page's blocks.
        spared: the elements that hold the headline, paragraphs of the article, or much of its text.
    """
    size: collections.Counter[HtmlElement] = collections.Counter()
    links: dict[HtmlElement, list[Block]] = collections.defaultdict(list)
    first: dict[HtmlElement, Block] = {}
    longest: dict[HtmlElement, int] = {}  # block that is no link
    for block in blocks:
        is_headline = _is_linked_headline(block)
        for element in reversed(block.path):
            if element in spared or element is main:
                break
            size[element] += len(block.text)
            first.setdefault(element, block)
            if is_headline:
                links[element].append(block)
            else:
                longest[element] = max(longest.get(element, 0), len(block.text))
    boxes = dict(_boxes_with_controls(main, size, spared))
    for element, headlines in links.items():
        beside = size[element] - sum(len(block.text) for block in headlines)
        alone = beside <= _MAX_TEASER and first[element] is headlines[0] and element.tag not in {"ul", "ol", "li"}
        short = longest.get(element, 0) <= _MAX_TEASER
        if short and 0 < beside <= _MAX_TEASER * len(headlines) and (len(headlines) > 1 or alone):
            boxes.setdefault(element, "teaser")
    return boxes


def _is_linked_headline(block: Block) -> bool:
    if block.own_links < _LINKED_SHARE * len(block.text):
        return False
    words = len(block.text.split())
    return words >= _MIN_HEADLINE or (
        words == 1 and not block.text.isascii() and len(block.text) >= _MIN_HEADLINE_CHARS
    )


def _boxes_with_controls(
    main: HtmlElement, size: collections.Counter[HtmlElement], spared: Collection[HtmlElement]
) -> Iterator[tuple[HtmlElement, str]]:
    """Yield the largest boxes around each field and each link to the shop, with their rules."""
    controls: collections.Counter[HtmlElement] = collections.Counter()
    rules: dict[HtmlElement, str] = {}
    for element in main.iter("a", "input", "textarea", "button"):
        rule = _control_rule(element)
        for around in _small_ancestors(element, main, size, spared) if rule else ():
            if rule == "embed":
                rules.update({around: rule} if around.tag == "blockquote" else {})
            elif around in size:
                controls[around] += 1
                if rule != "button":
                    rules.setdefault(around, rule or "")
    for box, rule in rules.items():
        if size[box] <= _MAX_BOX or controls[box] >= _MIN_CONTROLS:
            yield box, rule


def _small_ancestors(
    element: HtmlElement, main: HtmlElement, size: collections.Counter[HtmlElement], spared: Collection[HtmlElement]
) -> Iterator[HtmlElement]:
    """Yield the elements around ``element`` that may be boxes, inner ones first."""
    for around in element.iterancestors():
        if around in spared or around is main or size[around] > _MAX_OFFER:
            break
        yield around


def _control_rule(element: HtmlElement) -> str | None:
    if element.tag in {"textarea", "button"}:
        return "form" if element.tag == "textarea" else "button"
    if element.tag == "input":
        return "form" if (element.get("type") or "text").lower() in _FIELDS else None
    href = element.get("href")
    return _link_rule(href) if href and len(href) > 1 else None


@functools.lru_cache(maxsize=4096)
def _link_rule(href: str) -> str | None:
    if _MESSAGE.search(href):
        return "embed"
    if _CHANNEL.search(href):
        return "channel"
    try:
        parts = urlsplit(href)
    except ValueError:
        return None
    host = (parts.hostname or "").partition(".")[0]
    return (
        "offer" if _ACCOUNT.search(parts.path) or _ACCOUNT_QUERY.search(parts.query) or _ACCOUNT.search(host) else None
    )
