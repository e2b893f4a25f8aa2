"""Tables of what dedupe remembers: the sketches of articles, found by shared terms."""

from __future__ import annotations

from pipeline.store.schema.base import SQLITE_ALONE, blob_table, postings_table

copy_sketches = blob_table("copy_sketches")  # data: a dedupe.sketch.Sketch; day: of the article's first sight

copy_terms = postings_table("copy_terms")

copy_terms_new = postings_table("copy_terms_new", info=SQLITE_ALONE)
