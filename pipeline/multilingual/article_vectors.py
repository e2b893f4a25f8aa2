"""Make the dense vectors of articles: by the packed network, without what is common to all texts of a language."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from importlib import resources

import numpy as np

from pipeline.dense_vectors import DIMENSIONS, Dense, centre_dense, pack_dense, unpack_dense
from pipeline.records import Article

Vectorise = Callable[[Article], bytes | None]

# The share of all articles from which on a second language counts: a mislabelled text or two make no second language
_LEAST_SHARE = 0.005


def choose_vectorise(setting: str, languages: Mapping[str, int], configured: Collection[str] = ()) -> Vectorise | None:
    """Return what makes the vectors of articles, None where nobody needs them.

    Args:
        setting: ``enrich.vectors``: auto, always or never. With "auto" there must be two languages.
        languages: how many articles came in which language lately.
        configured: the languages of the sources.
    """
    wanted = setting == "always" or len(set(configured)) > 1 or is_multilingual(languages)
    return vectorise_article if wanted and setting != "never" else None


def is_multilingual(languages: Mapping[str, int]) -> bool:
    """Tell whether articles come in two languages or more; those of unknown language and strays don't count."""
    least = _LEAST_SHARE * sum(languages.values())
    return sum(bool(language) and count > 0 and count >= least for language, count in languages.items()) > 1


def vectorise_article(article: Article) -> bytes | None:
    """Return the packed vector of an article's title and beginning; None where it has neither.

    The network and the means are loaded by the first call.

    Raises:
        SettingsError: The network is missing.
    """
    from pipeline.multilingual.network import load_network  # noqa: PLC0415 - only who makes vectors loads onnxruntime

    title = article.title or ""
    if not (title.strip() or article.text.strip()):
        return None
    raw = load_network().vector(title, article.text)
    return centred_vector(np.asarray(raw, dtype=np.int8).tobytes(), article.base_language)


def centred_vector(raw: bytes, language: str | None) -> bytes:
    """Return a packed vector without the mean of its language; where no mean is known, without that of all.

    Args:
        raw: as ``pipeline.dense_vectors`` packs it.
        language: ISO 639-1, without a region.
    """
    means = load_means()
    return pack_dense(centre_dense(unpack_dense(raw), means.get(language or "", means[""])))


@cache
def load_means() -> dict[str, Dense]:
    """Return the mean vector of each language, and under the empty name that of all.

    They are made by ``training/multilingual/means.py`` from a fixed sample of texts of each language.
    """
    with resources.files("pipeline.multilingual").joinpath("means.npz").open("rb") as file, np.load(file) as data:
        means = {name: data[name].astype(np.float32) for name in data.files}
    means[""] = np.mean(list(means.values()), axis=0, dtype=np.float32) if means else np.zeros(DIMENSIONS, np.float32)
    return means
