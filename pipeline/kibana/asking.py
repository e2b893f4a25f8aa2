"""Ask the Elasticsearch of the index what panels ask it, with errors that a user understands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from elasticsearch import ApiError, Elasticsearch, TransportError

from pipeline.errors import IndexAwayError, IndexRefusedError, SettingsError, UsageError
from pipeline.kibana.panel_answers import field_types
from pipeline.settings import Environment, IndexSettings


class PanelSource:
    """The Elasticsearch that has the articles.

    Raises:
        UsageError: The index is none in Elasticsearch, which alone Kibana reads.
        SettingsError: The certificate's file isn't there.
    """

    def __init__(self, addresses: Environment, settings: IndexSettings) -> None:
        url, ca_file = addresses.index_url, addresses.index_ca_file
        if not url.startswith(("http://", "https://")):
            raise UsageError("Kibana reads an index in Elasticsearch alone: set NEWSWIRE_INDEX_URL to one")
        if ca_file and not Path(ca_file).is_file():
            raise SettingsError(f"NEWSWIRE_INDEX_CA: {ca_file} is not a file")
        certificates: dict[str, Any] = {"ca_certs": ca_file} if ca_file else {}
        key: dict[str, Any] = {"api_key": addresses.index_api_key} if addresses.index_api_key else {}
        nodes = [node.strip() for node in url.split(",")]
        self._client = Elasticsearch(nodes, request_timeout=settings.timeout_seconds, **key, **certificates)

    def types_of(self, pattern: str) -> dict[str, str]:
        """Return the fields of indices with their types; none where there is no such index yet.

        Raises:
            SearchIndexError: Elasticsearch doesn't answer, or refuses.
        """
        try:
            answer = self._client.field_caps(index=pattern, fields="*", ignore_unavailable=True, allow_no_indices=True)
        except (ApiError, TransportError) as error:
            raise _translate(error) from error
        return field_types(answer.body)

    def ask(self, pattern: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer to a request.

        Raises:
            SearchIndexError: Elasticsearch doesn't answer, or refuses.
        """
        try:
            answer: Mapping[str, Any] = self._client.search(index=pattern, **body).body
        except (ApiError, TransportError) as error:
            raise _translate(error) from error
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _translate(error: ApiError | TransportError) -> IndexAwayError | IndexRefusedError:
    if isinstance(error, ApiError):
        return IndexRefusedError(f"Elasticsearch refuses a panel's search: {error}")
    return IndexAwayError(f"Elasticsearch doesn't answer: {error}")
