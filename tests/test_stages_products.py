"""What a stage says that it brought: to those who wait for copies, stories and searchable articles."""

from __future__ import annotations

from pipeline.records import Stage
from pipeline.stages import run_one
from pipeline.stages.products import StageProducts
from tests.helpers.copies import WIRE
from tests.helpers.newsstand import newsstand, page


def bring(context):
    """Run all stages; return what each brought."""
    brought = {}
    for stage in Stage:
        products = StageProducts(stage)
        run_one(context, stage, on_saved=products.add)
        brought[stage] = products.to_plain()
    return brought


def test_copies_stories_and_new_articles_are_counted_and_nothing_is_brought_twice(tmp_path):
    with newsstand(tmp_path) as stand:
        for path in ("/original", "/copy"):
            stand.site.page(path, page(f"Title of {path}", WIRE))
            stand.item(path, f"Title of {path}")
        brought = bring(stand.context)
        assert brought[Stage.DEDUPE] == {"copies": 1, "articles": 2}
        assert brought[Stage.CLUSTER] == {"stories": 1, "articles": 2}
        assert brought[Stage.INDEX] == {
            "articles": 2,
            "new": 2,
            "changed": 0,
            "newest": stand.now.isoformat(),
            "months": {f"{stand.now:%Y-%m}": 2},
        }
        assert not any(bring(stand.context).values())
