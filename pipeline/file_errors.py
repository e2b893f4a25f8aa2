"""Turn what file systems raise, a disk as well as an object store, into one error of ours that says what to do."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from pipeline.errors import NewswireError

_REMEDIES = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room, or have the quota raised",
    errno.EFBIG: "have the limit on the size of files raised",
    errno.EROFS: "let it be written",
    errno.EACCES: "let it be read and written",
}


@contextlib.contextmanager
def translate_file_errors(
    place: str, advice: str, kind: type[NewswireError], missing: type[NewswireError] | None = None
) -> Iterator[None]:
    """Raise what goes wrong at ``place`` as a ``kind``, with ``advice`` where nothing better is known.

    That are a file that isn't there (as a ``missing``, where one is given), an OSError, an address that can't be used,
    and the errors that drivers of object stores define for themselves; others of Python are faults of ours and stay.
    """
    try:
        yield
    except NewswireError:
        raise
    except FileNotFoundError as error:
        raise (missing or kind)(f"{place}: {error} is not there") from error
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, advice)
        raise kind(f"{place}: {error.strerror or error}; {remedy}") from error
    except (ValueError, ImportError) as error:
        raise kind(f"{place}: {error}; {advice}") from error
    except Exception as error:
        if type(error).__module__ == "builtins":
            raise
        raise kind(f"{place}: {error}; {advice}") from error
