"""A file of vectors as bytes: opened, plain or gzipped, with every failure named."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from zipfile import BadZipFile

from zslbench.errors import DataError, EnvironmentFailure

BUFFER = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
WIDEST = 100_000  # dimensions; more is no vector file


@contextmanager
def reading(path: Path) -> Iterator[IO[bytes]]:
    """Open ``path``, decompressed where it is gzipped.

    What reading a damaged file raises becomes a DataError that names it; a missing permission is
    an EnvironmentFailure.
    """
    try:
        with path.open("rb", buffering=BUFFER) as raw:
            magic = raw.read(len(GZIP_MAGIC))
            raw.seek(0)
            if magic != GZIP_MAGIC:
                yield raw
            else:
                with io.BufferedReader(gzip.GzipFile(fileobj=raw), BUFFER) as unpacked:
                    yield unpacked
    except (FileNotFoundError, IsADirectoryError) as error:
        raise DataError(f"no file {path}: check the path of the vectors") from error
    except PermissionError as error:
        raise EnvironmentFailure(
            f"cannot read {path}: permission denied; make it readable"
        ) from error
    except (OSError, EOFError, ValueError, zlib.error, BadZipFile) as error:
        reason = str(error) or type(error).__name__
        raise DataError(f"{path} is damaged ({reason}): get the file again") from error


def parse_header(line: bytes) -> tuple[int, int] | None:
    """Return number of words and dimensions from word2vec's first line; None for any other."""
    match = re.fullmatch(rb"(\d{1,12}) (\d{1,12})\s*", line)
    return (int(match[1]), int(match[2])) if match else None


def read_header(file: IO[bytes], path: Path) -> tuple[int, int]:
    """Read word2vec's first line; DataError where it is another."""
    line = file.readline(100)
    header = parse_header(line)
    if header is None or not header[0] or not 1 <= header[1] <= WIDEST:
        raise DataError(
            f"{path}, line 1 is {line[:40]!r}, expected the number of words and of dimensions, as "
            "word2vec writes them: set 'format' to what the file is, or get it again"
        )
    return header
