"""Tables of what extract remembers of each site: its latest pages, what was read of them, lines learnt, its alarm."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import metadata

sites = sa.Table(
    "sites",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),  # of a source
    sa.Column("standing", sa.Text, nullable=False),  # a site_profiles.SiteStanding as JSON
    sa.Column("token", sa.Text),  # changes whenever pages or lines of the site do
)

site_pages = sa.Table(
    "site_pages",
    metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),  # the article's, see items
    sa.Column("data", sa.LargeBinary, nullable=False),  # a sites.PageFingerprint
)

site_lines = sa.Table(
    "site_lines",
    metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("line", sa.BigInteger, primary_key=True, autoincrement=False),  # sites.line_key of it
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),  # seq of the page by which it was learnt
    sa.Column("last", sa.Integer, nullable=False),  # day on which it was last seen, since 1970
    sa.Column("articles", sa.Integer, nullable=False),
    sa.Column("anywhere", sa.Boolean, nullable=False),
)

site_readings = sa.Table(
    "site_readings",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),  # the article's, see items
    sa.Column("key", sa.LargeBinary, nullable=False),  # extract.readings.reading_key: for which input it holds
    sa.Column("wanted", sa.Boolean, nullable=False),  # whether the article is to be cleaned again by it
    sa.Column("data", sa.LargeBinary, nullable=False),  # an extract.Extraction as extract.readings packs it
)
