"""Choose whether articles' vectors are made: where texts in two languages can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import sqlalchemy as sa

from pipeline.context import Context
from pipeline.multilingual.article_vectors import Vectorise, choose_vectorise
from pipeline.records import Article


def choose_batch_vectorise(
    context: Context, connection: sa.Connection, articles: Iterable[Article]
) -> Vectorise | None:  # fmt: skip
    """Return what makes the vectors of a batch's articles, None where nobody needs them.

    The languages of the window's articles, of the sources and of the batch count.
    """
    settings = context.settings
    configured = {source.language.partition("-")[0] for source in context.sources.values() if source.language}
    lately = Counter[str]()
    if settings.enrich.vectors == "auto" and len(configured) < 2:  # noqa: PLR2004
        lately = context.store.count_languages(connection, context.clock(), settings.cluster)
        lately.update(article.base_language for article in articles)
    return choose_vectorise(settings.enrich.vectors, lately, configured)
