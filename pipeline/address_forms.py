"""Read from an address alone which page it shows: the same one in another form, or none that is an article.

Pure. What an address can't tell is left to the texts behind it.
"""

from __future__ import annotations

import functools
import re
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from pipeline.urls import canonicalise

# Hosts and parts of paths that say in which form a page is shown, not which one.
_FORM_HOSTS = frozenset("www m mobile mobil amp touch wap print".split())
_FORM_SEGMENTS = frozenset(
    "amp amphtml amp.html m mobile print printable print.html printversion print-version print_version drucken "
    "druckversion druckansicht imprimir imprimer stampa versione-stampabile afdrukken skriv-ut tulosta drukuj".split()
)
_FORM_ENDING = re.compile(r"(?:[._-](?:amp|print|m))?(?:\.html?)?$", re.IGNORECASE)
# Parameters that do so, whatever their value, or with one of these values.
_FORM_PARAMETERS = frozenset(
    "amp print printable printview printversion drucken imprimir mobile singlepage showall noamp amp_js_v usqp".split()
)
_FORM_VALUES = frozenset("amp print printable mobile pdf-print printview single all".split())
_FIRST_PAGE = frozenset({("page", "1"), ("seite", "1"), ("p", "1"), ("tmpl", "component")})
_PAGING = frozenset("page paged seite pagina pagenum offset start".split())
# https://developers.google.com/amp/cache/overview#amp-cache-url-format
_AMP_CACHE = re.compile(r"\.cdn\.ampproject\.org$")
_AMP_CACHE_PATH = re.compile(r"^/[acv](?:/s)?/(?P<origin>[^/]+)(?P<path>/.*)?$")

_SCRIPT = re.compile(r"\.(?:php\d?|aspx?|jspx?|jsf|cgi|cfm|do|dll|pl|py)$", re.IGNORECASE)
_DOCUMENT = re.compile(r"\.(?:html?|shtml|xhtml|php\d?|aspx?|jspx?|jsf|cgi|cfm|do|dll|pl|py)$", re.IGNORECASE)
_HOME = frozenset("index default home homepage start startseite main accueil inicio portada".split())
_LANGUAGE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2})?", re.IGNORECASE)
_ARCHIVE_DAY = re.compile(r"(?:19|20)\d\d(?:/\d{1,2}){0,2}$")
_MIN_SLUG_WORDS = 3  # of an article's address; sections have one or two: "/arts-and-culture" is the exception
_MIN_NAME = 12  # characters of a name in another script, or of a key in letters
_WORKING_COPY = re.compile(
    r"(?:^|[.-])(?:staging|stage|stg|dev|develop|test|testing|qa|uat|preprod|preview|cms|localhost|local|internal|intern)"
    r"(?:\d*)(?:[.-]|$)"
)


@functools.lru_cache(maxsize=1024)  # a page names few addresses, each several times
def page_key(url: str) -> str:
    """Return what the addresses of one page in all of its forms have in common: AMP, print, mobile, plain.

    Raises:
        ValueError: ``url`` isn't an http(s) address.
    """
    parts = urlsplit(canonicalise(url))
    host, path = parts.netloc, parts.path
    if _AMP_CACHE.search(parts.hostname or "") and (cached := _AMP_CACHE_PATH.match(path)):
        host, path = cached["origin"], cached["path"] or "/"
    labels = host.split(".")
    while len(labels) > 2 and labels[0] in _FORM_HOSTS:  # noqa: PLR2004 - what is left is a domain
        labels = labels[1:]
    segments = [segment for segment in path.split("/") if segment]
    named = [segment for segment in segments if segment.lower() not in _FORM_SEGMENTS] or segments
    if named:
        named[-1] = _FORM_ENDING.sub("", named[-1]) or named[-1]
    query = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not _is_form(name, value)
    ]
    return f"{'.'.join(labels)}/{'/'.join(named)}?{urlencode(query)}"


def show_same_page(left: str | None, right: str | None) -> bool:
    """Tell whether two addresses differ only in the form in which they show a page."""
    if not left or not right:
        return False
    try:
        return page_key(left) == page_key(right)
    except ValueError:
        return False


def describe_no_article(url: str) -> str | None:
    """Return what an address names that can't be an article, None where it may name one.

    An article's address has an identifier, a date with a name, a name of several words, or a file of its own in a
    section; what is shorter names a section, and a script without a query all pages that it makes.
    """
    parts = urlsplit(url)
    segments = [unquote(segment) for segment in parts.path.split("/") if segment]
    query = parse_qsl(parts.query)
    if any(_tells_apart(value) for name, value in query if name.lower() not in _PAGING and not _is_form(name, value)):
        return None
    is_script = bool(segments) and bool(_SCRIPT.search(segments[-1]))
    stems = [_DOCUMENT.sub("", segment) for segment in segments]
    if stems and stems[-1].lower() in _HOME:
        stems.pop()
    if len(stems) > 1 and stems[-2].lower() in _PAGING and stems[-1].isdigit():
        stems = stems[:-2]
    if not stems or (len(stems) == 1 and _LANGUAGE.fullmatch(stems[0])):
        return "the home page's address"
    if _ARCHIVE_DAY.search("/".join(stems)):
        return "the address of a day's archive"
    has_own_file = len(stems) > 1 and len(stems) == len(segments) and stems[-1] != segments[-1] and not is_script
    if has_own_file or any(_tells_apart(stem) for stem in stems):
        return None
    return "a script's address" if is_script else "a section's address"


def is_working_copy(url: str) -> bool:
    """Tell whether an address is one of those at which a site is tried out: staging, test, localhost."""
    return bool(_WORKING_COPY.search((urlsplit(url).hostname or "").lower()))


def _is_form(name: str, value: str) -> bool:
    name, value = name.lower(), value.lower()
    return name in _FORM_PARAMETERS or value in _FORM_VALUES or (name, value) in _FIRST_PAGE


def _tells_apart(part: str) -> bool:
    """Tell whether a part of an address names one article among many: an identifier, or a name of several words."""
    words = [word for word in re.split(r"[-_+ .,~]", part) if word]
    if any(char.isdigit() for char in part) or len(words) >= _MIN_SLUG_WORDS:
        return True
    return len(part) >= _MIN_NAME and (not part.isascii() or (len(words) == 1 and len(part) >= 2 * _MIN_NAME))
