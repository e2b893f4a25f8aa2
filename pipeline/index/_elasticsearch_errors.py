"""Translate Elasticsearch's errors into ours: each message says what a user can do.

Nothing of the client's own errors leaves ``pipeline.index``.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator

from elastic_transport import ConnectionError as NoConnection
from elastic_transport import ConnectionTimeout, TlsError, TransportError
from elasticsearch import ApiError, UnsupportedProductError

from pipeline.errors import IndexAwayError, IndexRefusedError, SearchIndexError

# Too many requests or a full disk (429), and a cluster or proxy that can't answer now.
AWAY = frozenset({429, 502, 503, 504})
_MAX_ANSWER_TEXT = 500  # characters of foreign text in a message


@contextlib.contextmanager
def translate_errors(address: str, alias: str) -> Iterator[None]:
    """Turn the errors of the client, which speaks to ``address``, into ours.

    Raises:
        IndexAwayError: Elasticsearch does not answer, or can't do it now.
        IndexRefusedError: It refuses, and a person must act.
        SearchIndexError: It fails otherwise.
    """
    try:
        yield
    except UnsupportedProductError as error:
        raise IndexRefusedError(
            f"what answers at {address} is not Elasticsearch 9; check NEWSWIRE_INDEX_URL"
        ) from error
    except ApiError as error:
        raise _from_answer(error, address, alias) from error
    except TlsError as error:
        raise IndexRefusedError(
            f"{address} shows a certificate that can't be trusted; name its authority's file in NEWSWIRE_INDEX_CA "
            f"({error.message})"
        ) from error
    except ConnectionTimeout as error:
        raise IndexAwayError(f"Elasticsearch at {address} does not answer in time; is it overloaded?") from error
    except NoConnection as error:
        raise IndexAwayError(
            f"Elasticsearch at {address} can't be reached; is it running? ({error.message})"
        ) from error
    except (TransportError, ssl.SSLError) as error:
        raise SearchIndexError(
            f"what {address} answers can't be understood: {str(error)[:_MAX_ANSWER_TEXT]}"
        ) from error


def _from_answer(error: ApiError, address: str, alias: str) -> SearchIndexError:
    """Return our error for one that Elasticsearch answers with."""
    kind, reason = error_cause(error.body)
    if error.status_code == 401:  # noqa: PLR2004 - HTTP's own numbers
        return IndexRefusedError(
            f"Elasticsearch at {address} does not accept the key; set NEWSWIRE_INDEX_API_KEY to a valid API key"
        )
    if error.status_code == 403:  # noqa: PLR2004
        return IndexRefusedError(
            f"the key in NEWSWIRE_INDEX_API_KEY may not do this at {address}: {reason}; it needs the cluster privilege "
            f'manage_index_templates and, on "{alias}" and "{alias}-*", manage, read and write (to search alone: '
            "read and view_index_metadata)"
        )
    if kind == "media_type_header_exception":
        return IndexRefusedError(f"Elasticsearch at {address} is too old; newswire needs Elasticsearch 9 ({reason})")
    if kind == "index_not_found_exception":
        return IndexRefusedError(f"there is no index {alias} at {address} yet; newswire run makes it")
    if error.status_code in AWAY:
        return IndexAwayError(f"Elasticsearch at {address} can't do this now: {reason}")
    return SearchIndexError(f"Elasticsearch at {address} fails: {kind}: {reason[:_MAX_ANSWER_TEXT]}")


def error_cause(body: object) -> tuple[str, str]:
    """Return type and reason of the error in an answer or in an item of a bulk answer."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return "error", str(error)[:_MAX_ANSWER_TEXT]
    roots = error.get("root_cause") or [error]
    inner = error.get("caused_by") or {}
    reason = roots[0].get("reason") or error.get("reason") or ""
    detail = inner.get("reason") if isinstance(inner, dict) else None
    return str(roots[0].get("type") or error.get("type")), f"{reason} ({detail})" if detail else str(reason)
