from __future__ import annotations

import msgspec
import pytest

from pipeline.errors import UnknownError
from pipeline.index import Query, open_index
from pipeline.records import Article
from pipeline.settings import IndexSettings
from pipeline.web.similar_articles import find_similar, shared_terms
from tests.helpers import support


def document(name, title, text="Nothing else.", **fields):
    made = support.document(Article(id=name, title=title, text=text, language="en"))
    return msgspec.structs.replace(made, **{"story": f"s-{name}", **fields})


DAM = document(
    "dam",
    "Engineers warn of Sabrosa reservoir",
    "Cracks run through the spillway.",
    people=("Ana Sousa",),
    places=("Sabrosa",),
    about=("Ana Sousa",),
)
FILLER = [document(f"f{number}", f"Concert {number}", "A choir sang.") for number in range(40)]


@pytest.fixture
def index(tmp_path):
    opened = open_index(f"sqlite:///{tmp_path}/index.db", IndexSettings())
    opened.prepare()
    assert opened.upsert(FILLER) == []
    yield opened
    opened.close()


def test_articles_of_other_stories_that_share_names_and_words_are_similar(index):
    near = document("near", "Ana Sousa visits reservoir", "The spillway leaks.", people=("Ana Sousa",))
    words = document("words", "Reservoir engineers strike", "They measured cracks in the spillway.")
    unsaid = document("unsaid", "Strike", "Engineers measured cracks in the spillway.")
    own_story = document("own", "Sabrosa reservoir", "Cracks in the spillway.", story="s-dam")
    copy = document("copy", DAM.title, DAM.text, copy_group="dam")
    assert index.upsert([DAM, near, words, unsaid, own_story, copy]) == []
    similar = {each.document.id: each.shared for each in find_similar(index, DAM)}
    assert similar == {"near": ("Ana Sousa", "reservoir"), "words": ("engineers", "reservoir")}


def test_they_stand_in_the_order_of_the_query_language(index):
    texts = ("spillway", "spillway cracks", "spillway cracks run through", "run", "cracks run")
    others = [document(f"d{number}", "Sabrosa reservoir", text) for number, text in enumerate(texts)]
    assert index.upsert([DAM, *others]) == []
    hits = index.search(Query(text="similar:dam", copies=False)).hits
    assert len(hits) == len(others)
    assert [each.document.id for each in find_similar(index, DAM)] == [hit.document.id for hit in hits]


def test_an_article_of_no_names_and_words_has_no_similar_ones(index):
    bare = document("bare", None, "")
    assert index.upsert([bare]) == []
    assert find_similar(index, bare) == ()


def test_nothing_is_like_an_article_that_is_gone(index):
    with pytest.raises(UnknownError, match="no such article"):
        find_similar(index, DAM)


def test_what_two_articles_share_is_said_once(index):
    other = document("other", "Sousa warns of Sabrosa floods", people=("Ana Sousa",), places=("Sabrosa",))
    assert shared_terms(DAM, other) == ("Ana Sousa", "Sabrosa")
