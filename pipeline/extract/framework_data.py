"""Find the article in the data from which a page's framework draws it, where the page itself shows none.

Which of several articles in the data is the page's own is decided by its title and address.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any

from pipeline.extract.blocks import RUNNING_TEXT_CHARS, letter_key
from pipeline.extract.framework_states import MAX_DEPTH, MAX_NODES, load_json, read_states
from pipeline.extract.text_repair import repair_text
from pipeline.text import split_words

_TITLES = ("headline", "headlines", "title", "titel", "titre", "titulo", "heading", "name", "webTitle")
_BODIES = (
    "articleBody body bodyHtml body_html bodyText content contentHtml content_html contentBody htmlContent html text "
    "articleText articleContent content_elements contentElements paragraphs blocks elements components bodyElements "
    "mainContent richText story storyBody fullText description_html article_body texto cuerpo corpo contenu corps "
    "inhalt"
).split()
_AUTHORS = (
    "authors",
    "author",
    "byline",
    "bylines",
    "credits",
    "creator",
    "writers",
    "contributors",
    "autor",
    "auteurs",
)
_TIMES = (
    "datePublished publishedAt published_at publishDate publish_date first_publish_date firstPublished publicationDate "
    "published pubDate display_date dateFirstPublished publishedDate createdAt"
).split()
_MODIFIED = ("dateModified", "modifiedAt", "updatedAt", "updated_at", "last_updated_date", "lastModified", "modified")
_ELSEWHERE = re.compile(
    r"related|recommend|popular|most|trending|latest|more|next|prev|teaser|sidebar|menu|nav|footer|header|comment|translation|"
    r"i18n|locale|messages|config|advert|newsletter|promo|feed|collection|results|user|session|consent",
    re.IGNORECASE,
)
_TEXT_KEYS = (
    "content",
    "text",
    "html",
    "value",
    "paragraph",
    "body",
    "data",
    "children",
    "items",
    "nodes",
    "elements",
    "blocks",
)
_NO_TEXT_TYPES = re.compile(
    r"image|img|video|gallery|embed|raw_html|ad$|^ad|advert|related|link_list|interstitial|newsletter|promo|social|tweet|"
    r"audio|podcast|reference|divider|iframe|script|oembed|custom_embed|caption|credit",
    re.IGNORECASE,
)
_MIN_NESTED = 200  # characters of JSON in a string that may hold an article
_MIN_TITLE = 12  # letters of a title by which an article is told from labels
_MIN_SHARED = 0.6  # of the words of the page's title that the headline of the data has
_MAX_PARAGRAPHS = 2000
_MAX_BODY_DEPTH = 12  # editors' trees nest paragraphs, marks and texts
_BLOCK_END = re.compile(
    r"</(?:p|div|li|h[1-6]|blockquote|tr|section|article|ul|ol|figure)\s*>|<br\s*/?>", re.IGNORECASE
)
_DROPPED = re.compile(r"<(script|style|figure|iframe|aside|noscript|template)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_DRAWN_TAGS = frozenset({"h1", "h2", "h3", "p", "li", "blockquote"})
_DRAWN_ELSEWHERE = frozenset({"nav", "footer", "aside", "header", "button", "form", "script", "style"})
Node = dict[str, Any]


def find_framework_article(page: str, titles: Iterable[str], url: str | None) -> Node:
    """Return the page's article as a node of JSON-LD (headline, author, dates, articleBody); {} where there is none.

    Args:
        page: the HTML text.
        titles: what the page says of its title beside the data: meta elements, title, headings.
        url: the page's address.
    """
    candidates = [node for value in read_states(page) for node in (*_articles(value), *_drawn_articles(value))]
    known = [set(split_words(title)) for title in titles if len(letter_key(title)) >= _MIN_TITLE]
    slug = set(split_words(re.sub(r"[-_/.%]", " ", url or "").rpartition("//")[2]))
    ranked = [(rank, n, node) for n, node in enumerate(candidates) if (rank := _rank(node, known, slug)) > 0]
    return max(ranked, key=lambda triple: (triple[0], -triple[1]))[2] if ranked else {}


def _articles(value: Any) -> Iterator[Node]:
    """Yield what looks like an article in a value: an object with a headline and a body or an author."""
    stack: list[tuple[Any, int]] = [(value, 0)]
    count = 0
    while stack:
        item, depth = stack.pop()
        count += 1
        if count > MAX_NODES or depth > MAX_DEPTH:
            continue
        if isinstance(item, dict):
            if node := _article(item, value):
                yield node
            stack += [(inner, depth + 1) for key, inner in item.items() if _is_looked_into(key, inner)]
        elif isinstance(item, list):
            stack += [(inner, depth + 1) for inner in item if isinstance(inner, dict | list)]
        elif isinstance(item, str):  # JSON in JSON: SvelteKit keeps the answers of its servers so
            stack += [(inner, depth + 1) for inner in load_json(item) if isinstance(inner, dict | list)]


def _drawn_articles(value: Any) -> Iterator[Node]:
    """Yield an article that React's stream draws: ["$", "h1", key, {"children": …}] and the paragraphs after it."""
    headline: str | None = None
    paragraphs: list[str] = []
    for tag, text in _drawn_texts(value, 0) if isinstance(value, list) else ():
        if tag == "h1":
            headline, paragraphs = (text, []) if headline is None else (headline, paragraphs)
        elif headline and len(text.split()) > 1:
            paragraphs.append(text)
    if headline and sum(map(len, paragraphs)) >= RUNNING_TEXT_CHARS:
        yield {"@type": "NewsArticle", "headline": headline, "articleBody": "\n".join(paragraphs)}


def _drawn_texts(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list) and len(value) == 4 and value[0] == "$" and isinstance(value[3], dict):  # noqa: PLR2004
        tag, children = value[1], value[3].get("children")
        markup = value[3].get("dangerouslySetInnerHTML")
        if isinstance(markup, dict) and isinstance(markup.get("__html"), str) and tag not in _DRAWN_ELSEWHERE:
            yield from (("p", text) for text in _split_html(markup["__html"]))
        if tag in _DRAWN_TAGS:
            if text := repair_text(_drawn_inline(children, 0)):
                yield tag, text
        elif tag not in _DRAWN_ELSEWHERE:
            yield from _drawn_texts(children, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _drawn_texts(item, depth + 1)


def _drawn_inline(children: Any, depth: int) -> str:
    if isinstance(children, str):
        return "" if children.startswith("$") else children
    if depth > MAX_DEPTH or not isinstance(children, list):
        return ""
    if len(children) == 4 and children[0] == "$" and isinstance(children[3], dict):  # noqa: PLR2004 - an element
        return _drawn_inline(children[3].get("children"), depth + 1)
    return "".join(_drawn_inline(child, depth + 1) for child in children)


def _is_looked_into(key: str, value: Any) -> bool:
    nested = isinstance(value, str) and len(value) >= _MIN_NESTED and value[0] in "{["
    return (nested or isinstance(value, dict | list)) and not _ELSEWHERE.search(key)


def _article(item: Node, root: Any) -> Node:
    title = next((text for key in _TITLES if (text := _plain_title(item.get(key)))), None)
    if title is None or len(letter_key(title)) < _MIN_TITLE // 2:
        return {}
    refs = root if isinstance(root, dict) else {}
    bodies = [_paragraphs(item[key], refs) for key in _BODIES if key in item]
    body = max(bodies, key=lambda paragraphs: sum(map(len, paragraphs)), default=[])
    if sum(map(len, body)) < RUNNING_TEXT_CHARS:
        body = []
    authors = next((names for key in _AUTHORS if key in item and (names := _names(item[key], refs))), [])
    published = next((item[key] for key in _TIMES if isinstance(item.get(key), str)), None)
    if not body and not (authors and published):
        return {}
    modified = next((item[key] for key in _MODIFIED if isinstance(item.get(key), str)), None)
    node: Node = {"@type": "NewsArticle", "headline": title, "articleBody": "\n".join(body)}
    node |= {"author": [{"@type": "Person", "name": name} for name in authors]} if authors else {}
    node |= {"datePublished": published} if published else {}
    return node | ({"dateModified": modified} if modified else {})


def _plain_title(value: Any) -> str | None:
    if isinstance(value, dict):  # Arc: {"basic": …}; WordPress: {"rendered": …}
        value = value.get("basic") or value.get("rendered") or value.get("text") or value.get("main")
    if not isinstance(value, str) or len(value) > 400:  # noqa: PLR2004 - no headline
        return None
    return repair_text(re.sub(r"<[^<>]{1,300}>", "", value)) or None


def _names(value: Any, refs: Node, depth: int = 0) -> list[str]:
    if depth > 4:  # noqa: PLR2004 - credits: {by: [{name}]} is two deep
        return []
    if isinstance(value, str):
        return [repair_text(value)] if 2 < len(value) < 80 and "http" not in value else []  # noqa: PLR2004 - a name
    if isinstance(value, list):
        return list(dict.fromkeys(name for item in value for name in _names(item, refs, depth + 1)))[:12]
    if isinstance(value, dict):
        if isinstance(reference := value.get("__ref") or value.get("id"), str) and isinstance(
            refs.get(reference), dict
        ):
            value = refs[reference]
        for key in ("by", "name", "fullName", "displayName", "full_name", "text", "title", "node", "nodes"):
            if key in value and (names := _names(value[key], refs, depth + 1)):
                return names
        first, last = value.get("firstName"), value.get("lastName")
        if isinstance(first, str) and isinstance(last, str):
            return [f"{first} {last}".strip()]
    return []


def _paragraphs(value: Any, refs: Node, depth: int = 0) -> list[str]:
    """Return the paragraphs of a body: a text, HTML, or a list of blocks; [] for what is no text."""
    if isinstance(value, str):
        return _split_html(value)
    if depth > _MAX_BODY_DEPTH or not isinstance(value, dict | list):
        return []
    if isinstance(value, dict):
        return _block_paragraphs(value, refs, depth)
    if _is_inline(value):
        joined = repair_text("".join(_inline_text(item) for item in value))
        return [joined] if joined else []
    return [text for item in value for text in _paragraphs(item, refs, depth + 1)][:_MAX_PARAGRAPHS]


def _block_paragraphs(block: Node, refs: Node, depth: int) -> list[str]:
    """Return the paragraphs of one block of an editor's tree; [] for pictures, advertisements and references."""
    reference = block.get("__ref")
    if isinstance(reference, str) and isinstance(refs.get(reference), dict):
        block = refs[reference]
    kind = block.get("type") or block.get("__typename") or block.get("kind") or block.get("_type") or ""
    if isinstance(kind, str) and _NO_TEXT_TYPES.search(kind):
        return []
    for key in ("rendered", *_TEXT_KEYS):
        if key in block and (texts := _paragraphs(block[key], refs, depth + 1)):
            return texts
    return []


def _is_inline(items: list[Any]) -> bool:
    """Tell whether a list holds the pieces of one paragraph: texts, marks and links of an editor's tree."""
    kinds = {"text", "link", "hyperlink", "strong", "em", "span", "a", "mark", "bold", "italic"}
    return bool(items) and all(
        isinstance(item, dict)
        and str(item.get("type") or item.get("_type") or item.get("nodeType") or _text_kind(item)).lower() in kinds
        for item in items
    )


def _text_kind(item: Node) -> str:
    return "text" if isinstance(item.get("text"), str) and not re.search(r"</?p\b|\n", item["text"]) else ""


def _inline_text(item: Any) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, list):
        return "".join(map(_inline_text, item))
    if isinstance(item, dict):
        return next((_inline_text(item[key]) for key in ("text", "value", "content", "children") if key in item), "")
    return ""


def _split_html(text: str) -> list[str]:
    if "&lt;" in text and "<" not in text:
        text = html.unescape(text)
    text = _DROPPED.sub(" ", text) if "<" in text else text
    parts = re.split(r"\n+", _BLOCK_END.sub("\n", text))
    plain = (repair_text(re.sub(r"<[^<>]{1,2000}>", "", part)) for part in parts)
    return [part for part in plain if len(part.split()) > 1 or (part and not part.isascii())][:_MAX_PARAGRAPHS]


def _rank(node: Node, known: list[set[str]], slug: set[str]) -> float:
    """Return how surely a node is the page's own article; 0 where nothing of the page names it."""
    words = set(split_words(node["headline"]))
    if not words:
        return 0
    shared = max((len(words & title) / max(min(len(words), len(title)), 1) for title in known), default=0)
    in_slug = len({word for word in words if len(word) > 3} & slug) / len(words)  # noqa: PLR2004 - short words are anybody's
    named = shared >= _MIN_SHARED or in_slug >= _MIN_SHARED / 2
    if not named and known:
        return 0
    if not named and not node["articleBody"]:
        return 0
    return shared + in_slug + min(len(node["articleBody"]), 20_000) / 20_000
