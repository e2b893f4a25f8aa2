from __future__ import annotations

import msgspec
import pytest

from pipeline.index import open_index
from pipeline.records import Article
from pipeline.settings import IndexSettings
from pipeline.web.similar_articles import find_similar, similarity_line
from tests.helpers import support


def document(name, title, text="Nothing else.", **fields):
    made = support.document(Article(id=name, title=title, text=text, language="en"))
    return msgspec.structs.replace(made, **{"story": f"s-{name}", **fields})


DAM = document(
    "dam", "Engineers warn of Sabrosa reservoir", people=("Ana Sousa",), places=("Sabrosa",), about=("Ana Sousa",)
)


@pytest.fixture
def index(tmp_path):
    opened = open_index(f"sqlite:///{tmp_path}/index.db", IndexSettings())
    opened.prepare()
    yield opened
    opened.close()


def test_articles_of_other_stories_that_share_names_and_words_are_similar(index):
    near = document("near", "Ana Sousa visits", people=("Ana Sousa",), places=("Sabrosa",))
    words = document("words", "Reservoir engineers strike")
    one_word = document("one", "Engineers dance")
    own_story = document("own", "Ana Sousa in Sabrosa", people=("Ana Sousa",), places=("Sabrosa",), story="s-dam")
    copy = document("copy", DAM.title, people=("Ana Sousa",), places=("Sabrosa",), copy_group="dam")
    assert index.upsert([DAM, near, words, one_word, own_story, copy]) == []
    similar = {each.document.id: each.shared for each in find_similar(index, DAM)}
    assert similar == {"near": ("Ana Sousa", "Sabrosa"), "words": ("engineers", "reservoir")}


def test_an_article_of_no_names_and_words_has_no_similar_ones(index):
    bare = document("bare", None)
    assert similarity_line(bare) == ""
    assert find_similar(index, bare) == ()


def test_quotation_marks_in_a_name_end_no_phrase():
    odd = document("odd", None, about=('Dwayne "The Rock" Johnson', '"'))
    assert similarity_line(odd) == '"Dwayne  The Rock  Johnson"'
