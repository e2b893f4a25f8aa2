"""Compare detectors of charsets with the program's own decision, on headlines in 34 languages and their old encodings.

    python bench/charsets.py

Each headline alone, three in a list, and three in a feed, without a label; the program's own decision also with the
language, with a label that lies (utf-8, iso-8859-1), and with both. cchardet and resiliparse are shown where they are
installed (`pip install faust-cchardet resiliparse`).
"""

from __future__ import annotations

import importlib
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import chardet
import charset_normalizer

from pipeline.charset_detection import decode, likely_encoding
from tests.helpers.languages import encode, old_writings

FEED = '<rss version="2.0"><channel><title>x</title>{}</channel></rss>'
ITEM = "<item><title>{}</title><link>https://desk.example/{}</link></item>"


def detectors() -> dict[str, Callable[[bytes, str], str | None]]:
    """Return name → function of bytes and language that returns an encoding."""

    def normalizer(data: bytes, _: str) -> str | None:
        best = charset_normalizer.from_bytes(data).best()
        return best.encoding if best else None

    listed: dict[str, Callable[[bytes, str], str | None]] = {
        "charset-normalizer": normalizer,
        "chardet": lambda data, _: chardet.detect(data)["encoding"],
    }
    for name, module, function in (
        ("cchardet", "cchardet", "detect"),
        ("resiliparse", "resiliparse.parse.encoding", "detect_encoding"),
    ):
        try:
            detect = getattr(importlib.import_module(module), function)
        except ImportError:
            continue
        listed[name] = lambda data, _, detect=detect: getattr(detect(data), "get", lambda _: detect(data))("encoding")
    return {
        **listed,
        "newswire": lambda data, _: likely_encoding(data, [], None).encoding,
        "newswire, language": lambda data, language: likely_encoding(data, [], language).encoding,
        "newswire, lying label": lambda data, _: likely_encoding(data, ["utf-8", "iso-8859-1"], None).encoding,
        "newswire, language, lying label": lambda data, language: (
            likely_encoding(data, ["utf-8", "iso-8859-1"], language).encoding
        ),
        "newswire, language en, no label": lambda data, _: likely_encoding(data, [], "en-US").encoding,
    }


def samples(size: str) -> list[tuple[str, str, str]]:
    """Return language, encoding and text of each sample."""
    found = []
    for writing in old_writings():
        three = " ".join(writing.headlines)
        feed = FEED.format("".join(ITEM.format(line, at) for at, line in enumerate(writing.headlines)))
        texts = {"title": writing.headlines, "three": [three], "feed": [feed]}[size]
        found += [(writing.language, encoding, text) for encoding in writing.encodings for text in texts]
    return found


def main() -> None:
    """Print how many samples each detector reads rightly, and which not."""
    for name, detect in detectors().items():
        for size in ("title", "three", "feed"):
            wrong, began = list[str](), time.process_time()
            for language, encoding, text in samples(size):
                data = encode(text, encoding)
                true = decode(data, "cp874" if encoding == "windows-874" else encoding.replace("windows-", "cp"))
                named = detect(data, language) or "ascii"
                read = unicodedata.normalize("NFC", data.decode(named, "replace"))
                if read != true:
                    wrong.append(f"{language}:{encoding}>{named}")
            count, seconds = len(samples(size)), time.process_time() - began
            print(
                f"{name:32} {size:6} {count - len(wrong):4} of {count}  {1000 * seconds / count:6.2f} ms ", *wrong[:30]
            )


if __name__ == "__main__":
    main()
