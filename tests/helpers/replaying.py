"""A newsroom whose cleaning rules change: some pages hold a line that a new rule of config/extract.toml cuts."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.site_profile import page as generated
from pipeline.records import Page, Stage
from pipeline.settings import ExtractSettings, RunSettings, Settings, Source
from pipeline.stages import Context, run_one
from pipeline.store import NewArticle
from pipeline.urls import article_id
from tests.helpers.support import NOW, REPO, places

NOTE = "Weather note: rain is expected in the valley for the rest of this week."
RULE = '\n[[foreign]]\nrule = "weather note"\nmax_words = 40\nstarts = ["weather note:"]\n'
PAGES, NOTED = 8, (1, 4, 6)
AFTER = (Stage.EXTRACT, Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER, Stage.INDEX)


def url(number: int) -> str:
    return f"https://www.herald.example/{number}"


def open_newsroom(folder: Path, store_url: str | None = None) -> Context:
    """Return a context over settings of its own, which ``change_rule`` changes."""
    config = folder / "config"
    if not config.exists():
        shutil.copytree(REPO / "config", config)
    patient = ExtractSettings(timeout_seconds=300)  # a busy machine is slow
    settings = Settings(run=RunSettings(batch=30, workers=1), extract=patient)
    sources = [Source(name="Herald"), Source(name="Post")]
    return Context(settings, sources, places(folder, store_url), config=config, clock=lambda: NOW)


def change_rule(folder: Path) -> None:
    """Let the cleaning of pages cut the note from now on."""
    with (folder / "config" / "extract.toml").open("a", encoding="utf-8") as file:
        file.write(RULE)


def publish(context: Context, *, stages: tuple[Stage, ...] = AFTER) -> None:
    """Bring eight articles into the index, three of them with the note; the last two are another source's."""
    arrivals = []
    for number in range(PAGES):
        html = generated(number).html
        if number in NOTED:
            html = html.replace("</h1>", f"</h1><p>{NOTE}</p>", 1)
        data, own, name = html.encode(), url(number), article_id(url(number))
        page = Page(
            id=name, url=own, final_url=own, blob=context.archive.put(data), size=len(data), fetched=NOW,
            media_type="text/html",
        )  # fmt: skip
        source = "Post" if number >= 6 else "Herald"
        arrivals.append(
            NewArticle(id=name, source=source, first_seen=NOW, url=own, records=(page,), stage=Stage.EXTRACT)
        )
    with context.store.write() as connection:
        context.store.ledger.insert_articles(connection, arrivals, NOW)
    for stage in stages:
        run_one(context, stage)
