"""Find the names of articles in worker processes; a copy takes over those of an article that is read at the same time.

An article's vector is made with them where it is wanted; a copy has its original's. Several threads may share the
processes. A text that takes too long or too much ends with an ``ItemError`` of its own.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from pipeline.enrich import enrich
from pipeline.enrich.inherited import ParagraphNames, paragraph_names
from pipeline.enrich.knowledge.knowledge_base import KnowledgeBase
from pipeline.enrich.recognisers import RecogniserChooser, load_recognisers
from pipeline.errors import NewswireError
from pipeline.multilingual.article_vectors import vectorise_article
from pipeline.records import Article, Names
from pipeline.result_waiting import do_nothing
from pipeline.settings import EnrichSettings, EntitySettings
from pipeline.workers import Workers, preload


class NameTask(NamedTuple):
    """An article whose names are wanted; ``inherited`` are those of the article that it was taken from.

    With ``vectorise`` its vector is wanted too, unless ``vector`` is that of its original.
    """

    article: Article
    source_country: str | None
    inherited: ParagraphNames | None
    vectorise: bool = False
    vector: bytes | None = None

    @property
    def id(self) -> str:
        """Return the article's id, by which the log names it."""
        return self.article.url or self.article.id


class NameReader:
    """Finds the names of an article; loads knowledge base and recognisers where it is unpickled, or first called.

    Raises:
        SettingsError: A recogniser or aliases.toml can't be used.
    """

    def __init__(self, entities: EntitySettings, folder: Path) -> None:
        self._entities = entities
        self._folder = folder

    def __reduce__(self) -> tuple[object, ...]:
        return _load_reader, (self._entities, self._folder)

    @cached_property
    def loaded(self) -> tuple[KnowledgeBase, RecogniserChooser]:
        """Return knowledge base and recognisers."""
        return load_recognisers(self._entities, self._folder)

    def __call__(self, task: NameTask) -> Names:
        """Return the names of an article, and its vector where that is wanted."""
        knowledge, choose = self.loaded
        recogniser = choose(task.article.language)
        names = enrich(
            task.article, knowledge, recogniser, source_country=task.source_country, inherited=task.inherited
        )
        vector = task.vector or (vectorise_article(task.article) if task.vectorise else None)
        return msgspec.structs.replace(names, vector=vector) if vector else names


def _load_reader(entities: EntitySettings, folder: Path) -> NameReader:
    reader = NameReader(entities, folder)
    _ = reader.loaded
    return reader


# An article with its names.
NamedArticle = tuple[Article, Names]


class NameReading(NamedTuple):
    """An article to be read; ``original`` is the article that it was taken from, or will be when that has been read."""

    article: Article
    source_country: str | None = None
    original: Future[NamedArticle] | NamedArticle | None = None
    vectorise: bool = False  # whether its vector is wanted


class NameWorkers(Workers[NameTask, Names]):
    """Worker processes that find names; ``folder`` holds aliases.toml."""

    def __init__(self, entities: EntitySettings, limits: EnrichSettings, folder: Path, *, count: int) -> None:
        preload("pipeline.enrich.preload")
        super().__init__(
            NameReader(entities, folder),
            count=count,
            seconds=limits.timeout_seconds,
            memory_mb=limits.memory_mb,
            name="enrich",
        )
        self._promises: dict[str, tuple[int, Future[NamedArticle]]] = {}
        self._promises_lock = threading.Lock()

    def promise(self, seqs: Mapping[str, int]) -> None:
        """Say that articles (id → place in the order of arrival) will be read; their copies wait for them."""
        with self._promises_lock:
            self._promises.update({article: (seq, Future()) for article, seq in seqs.items()})

    def withdraw(self, articles: Collection[str]) -> None:
        """Take promises back: what was read is saved now, what was not will not be."""
        with self._promises_lock:
            withdrawn = [self._promises.pop(article) for article in articles if article in self._promises]
        for _, promised in withdrawn:
            promised.cancel()

    def promised(self, article: str, before: int) -> Future[NamedArticle] | None:
        """Return the promise of an article that came before the ``before``-th; waiting in that order ends for all."""
        with self._promises_lock:
            seq, promised = self._promises.get(article, (before, None))
        return promised if seq < before else None

    def read_names(
        self, readings: Sequence[NameReading], meanwhile: Callable[[], None] = do_nothing
    ) -> Iterator[Names | Exception]:
        """Yield the names of each article, in order, or the error that it ends with.

        An original among the readings has to stand before its copies. ``meanwhile`` is called every now and then while
        there is no result.

        Raises:
            NewswireError: No worker can be started, or none can work.
        """
        futures: list[Future[Names] | None] = [None] * len(readings)
        late = list(range(len(readings)))
        try:
            for number in range(len(readings)):
                ready = [index for index in late if index == number or _is_ready(readings[index])]
                for index in ready:
                    futures[index] = self._submit_reading(readings[index])
                late = [index for index in late if futures[index] is None]
                future = futures[number]
                assert future is not None
                try:
                    yield self.wait_result(future, meanwhile)
                except NewswireError:
                    raise
                except Exception as error:  # noqa: BLE001  one article's fault is not the others'
                    yield error
        finally:
            for future in filter(None, futures):
                future.cancel()

    def _submit_reading(self, reading: NameReading) -> Future[Names]:
        """Start to read an article, when its original has been read."""
        original = reading.original
        if isinstance(original, Future):
            try:
                original = original.result()
            except BaseException:  # noqa: BLE001  whatever became of it: its own reading tells, and this one inherits nothing
                original = None
        inherited = paragraph_names(*original) if original else None
        vector = original[1].vector if original else None
        future = self.submit(NameTask(reading.article, reading.source_country, inherited, reading.vectorise, vector))
        future.add_done_callback(partial(self._keep_promise, reading.article))
        return future

    def _keep_promise(self, article: Article, future: Future[Names]) -> None:
        with self._promises_lock:
            _, promised = self._promises.get(article.id, (0, None))
        if promised is None:
            return
        with contextlib.suppress(InvalidStateError):  # withdrawn meanwhile
            if future.cancelled() or future.exception():
                promised.cancel()
            else:
                promised.set_result((article, future.result()))


def _is_ready(reading: NameReading) -> bool:
    return not isinstance(reading.original, Future) or reading.original.done()
