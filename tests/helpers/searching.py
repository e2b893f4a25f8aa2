"""A ledger and an index into which articles are put as the stages would leave them, for saved searches."""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline.context import Context
from pipeline.records import Article, Stage
from pipeline.store import NewArticle
from pipeline.store.changes import append_indexed
from pipeline.store.schema.articles import items
from tests.helpers.support import NOW, REPO, document, places


class Clock:
    def __init__(self, now: dt.datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> dt.datetime:
        return self.now


def open_program(folder, clock, settings, store_url=None) -> Context:
    context = Context(settings, (), places(folder, store_url), config=REPO / "config", clock=clock)
    context.index.prepare()
    return context


def publish(context, name, text, *, story=None, group=None, revision=1, **fields):
    """Let an article be searchable, or be so anew: with another text, story or group."""
    store, now = context.store, context.clock()
    with store.write() as connection:
        if store.ledger.find_article(connection, name) is None:
            new = NewArticle(id=name, source="Daily", first_seen=now, url=f"https://daily.example/{name}", records=(),
                             stage=Stage.INDEX)  # fmt: skip
            store.ledger.insert_articles(connection, [new], now)
        first_seen = store.ledger.find_article(connection, name).first_seen
        values = {"story": story or f"s-{name}", "copy_group": group or name, "stage": None, "revision": revision}
        connection.execute(items.update().where(items.c.id == name).values(**values))
    fields = {"title": f"Title of {name}", "source": "Daily", "published": first_seen} | fields
    article = Article(id=name, url=f"https://daily.example/{name}", text=text, **fields)
    built = document(article, group=group, at=first_seen)
    context.index.upsert(
        [
            msgspec.structs.replace(
                built, revision=revision, story=story or f"s-{name}", is_primary=group in {None, name}
            )
        ]
    )
    with store.write() as connection:
        append_indexed(connection, [store.ledger.find_article(connection, name)], now)
