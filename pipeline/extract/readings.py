"""Keep what was read of a page, so that its article can be cleaned again without a second parse.

A reading holds for one input (page, feed's entry, source) and one extractor (program, phrases); where either has
changed, the page has to be parsed again. Everything here is pure.
"""

from __future__ import annotations

from hashlib import blake2b
from importlib.metadata import version

import msgspec
import zstandard

from pipeline.extract.config import ExtractConfig
from pipeline.extract.site_lines import Extraction
from pipeline.extract.source_page import RawPage

_PROGRAM = f"newswire {version('newswire')}, trafilatura {version('trafilatura')}"
_LEVEL = 3  # zstandard's default: the lines repeat the text, which costs nothing then
_KEY_BYTES = 16
_MAX_SIZE = 64 * 1024 * 1024  # bytes of a reading; this only stops a damaged one from filling the memory

# JSON keeps a time's offset, which the record shows; msgpack doesn't
_encoder = msgspec.json.Encoder()
_stable_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Extraction)


def extractor_key(config: ExtractConfig) -> bytes:
    """Return what tells an extractor from others that may read a page otherwise."""
    return _digest(_PROGRAM.encode(), _stable_encoder.encode(config))


def reading_key(raw: RawPage, blob: str, extractor: bytes) -> bytes:
    """Return what tells the reading of one input from that of others.

    Args:
        raw: the input; its bytes may be left out.
        blob: the archive's name of its bytes, which is their hash.
        extractor: the key of what reads it.
    """
    return _digest(extractor, blob.encode(), _stable_encoder.encode(msgspec.structs.replace(raw, data=b"")))


def pack_reading(extraction: Extraction) -> bytes | None:
    """Return a reading as it is stored; None for one that holds what no text may hold (lone surrogates)."""
    try:
        return zstandard.compress(_encoder.encode(extraction), _LEVEL)
    except UnicodeEncodeError:
        return None


def unpack_reading(data: bytes) -> Extraction | None:
    """Return a stored reading; None for one that is damaged or of another form."""
    try:
        return _decoder.decode(zstandard.ZstdDecompressor().decompress(data, max_output_size=_MAX_SIZE))
    except (zstandard.ZstdError, msgspec.MsgspecError):
        return None


def _digest(*parts: bytes) -> bytes:
    digest = blake2b(digest_size=_KEY_BYTES)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
