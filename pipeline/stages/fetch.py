"""fetch: what does the server send for each entry?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from pipeline.errors import ItemError
from pipeline.fetch import Fetched, fetch
from pipeline.records import Entry, Outcome, Page, Reason, Stage
from pipeline.stages.work import Work
from pipeline.store import Item, Result


class Fetch(Work):
    """Fetches pages politely; keeps their bytes in the archive."""

    stage = Stage.FETCH

    def decide(self, claimed: Sequence[Item], emit: Callable[[Result], None]) -> None:
        """Fetch the pages of ``claimed``; results come as the servers answer."""
        asyncio.run(self._fetch(claimed, emit))

    async def _fetch(self, claimed: Sequence[Item], emit: Callable[[Result], None]) -> None:
        context = self.context
        entries = context.store.ledger.read(claimed, Stage.POLL, Entry)
        items = {item.id: item for item in claimed}
        wanted = [entries[item.id] for item in claimed]
        async for entry, got in fetch(wanted, context.settings, context.store.robots, context.clock):
            item = items[entry.id]
            emit(self.failure(item, got) if isinstance(got, ItemError) else self._keep(item, entry, got))

    def _keep(self, item: Item, entry: Entry, got: Fetched) -> Result:
        if _leads_home(entry.url, got.final_url):
            return Result(
                item=item, outcome=Outcome.DROPPED, reason=Reason.NOT_FOUND, detail=f"redirected to {got.final_url}"
            )
        page = Page(
            id=item.id,
            url=entry.url,
            final_url=got.final_url,
            blob=self.context.archive.put(got.body),
            size=len(got.body),
            fetched=self.context.clock(),
            status=got.status,
            media_type=got.media_type,
            charset=got.charset,
            etag=got.etag,
            last_modified=got.last_modified,
            robots=got.robots,
        )
        return Result(item=item, outcome=Outcome.DONE, record=page, addresses=(got.final_url,))


def _leads_home(asked: str, final: str) -> bool:
    """Whether a page's address now leads to a home page: how many sites answer for what is gone."""
    return urlsplit(final).path in {"", "/"} and not urlsplit(final).query and urlsplit(asked).path not in {"", "/"}
