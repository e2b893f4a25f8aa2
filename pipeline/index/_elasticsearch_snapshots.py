"""Save and restore snapshots of the index in a repository of its Elasticsearch.

A repository that isn't registered is tried as a shared folder under the nodes' ``path.repo``; where the cluster refuses
that, a snapshot can't be had, and whoever asked goes on without one.
"""

from __future__ import annotations

import time

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from pipeline.errors import SearchIndexError
from pipeline.index._elasticsearch_errors import error_cause, translate_errors

_POLL_SECONDS = 1.0
_RESTORE_SECONDS = 24 * 3600.0


class ElasticsearchSnapshots:
    """Snapshots of the indices ``alias``-* in ``repository``. All methods raise SearchIndexError where it refuses."""

    def __init__(self, client: Elasticsearch, address: str, alias: str, repository: str) -> None:
        self._client = client
        self._address = address
        self._alias = alias
        self._repository = repository

    def save(self, name: str) -> None:
        """Save a snapshot, and wait until it is there.

        Raises:
            SearchIndexError: It can't be saved, or not whole.
        """
        self._register()
        with translate_errors(self._address, self._alias):
            self._client.snapshot.create(
                repository=self._repository,
                snapshot=name,
                indices=f"{self._alias}-*",
                include_global_state=False,
                wait_for_completion=False,
            )
            while (state := self._state(name)) in {"IN_PROGRESS", "STARTED"}:
                time.sleep(_POLL_SECONDS)
        if state != "SUCCESS":
            raise SearchIndexError(f"the snapshot {name} in {self._repository} at {self._address} is {state}")

    def restore(self, name: str) -> None:
        """Restore a snapshot in place of the indices that are there; they must be empty.

        Raises:
            SearchIndexError: It isn't there or can't be restored.
        """
        self._register()
        with translate_errors(self._address, self._alias):
            if (state := self._state(name)) != "SUCCESS":
                raise SearchIndexError(f"the snapshot {name} in {self._repository} at {self._address} is {state}")
            for index in self._client.indices.get(index=f"{self._alias}-*"):
                self._client.indices.delete(index=index)
            self._client.options(request_timeout=_RESTORE_SECONDS).snapshot.restore(
                repository=self._repository,
                snapshot=name,
                indices=f"{self._alias}-*",
                include_global_state=False,
                wait_for_completion=True,
            )
            self._client.indices.refresh(index=self._alias)

    def delete(self, name: str) -> None:
        """Delete a snapshot; nothing happens where there is none."""
        with translate_errors(self._address, self._alias):
            self._client.options(ignore_status=404).snapshot.delete(repository=self._repository, snapshot=name)

    def _register(self) -> None:
        """Make sure that the repository is there."""
        with translate_errors(self._address, self._alias):
            try:
                self._client.snapshot.get_repository(name=self._repository)
            except NotFoundError:
                folder = {"type": "fs", "settings": {"location": self._repository}}
                try:
                    self._client.snapshot.create_repository(name=self._repository, repository=folder)
                except ApiError as error:
                    kind, reason = error_cause(error.body)
                    raise SearchIndexError(
                        f"Elasticsearch at {self._address} has no repository {self._repository}, and takes none in a "
                        f"folder: register one there ({kind}: {reason})"
                    ) from error

    def _state(self, name: str) -> str:
        try:
            answer = self._client.snapshot.get(repository=self._repository, snapshot=name)
        except NotFoundError:
            return "not there"
        return str(answer["snapshots"][0]["state"])
