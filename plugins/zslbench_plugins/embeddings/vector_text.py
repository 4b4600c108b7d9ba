"""Vectors as text, a word and its numbers a line: word2vec's (with a first line) and GloVe's."""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zslbench.errors import DataError
from zslbench_plugins.embeddings.vector_file import WIDEST, read_header, reading

if TYPE_CHECKING:
    from zslbench.contracts import Floats


def read_text(path: Path, keys: Collection[str] | None, *, header: bool) -> dict[str, Floats]:
    """Return the vectors (k,) of those of ``keys`` (None: of all words) that are in the file.

    ``header``: the first line holds the number of words and of dimensions. The file is streamed
    and only the vectors asked for are kept; only their numbers are parsed, while every row's
    width is checked. DataError names file and line of a malformed row.
    """
    wanted = None if keys is None else {key.encode() for key in keys}
    found: dict[str, Floats] = {}
    rows, width, declared = 0, 0, None
    with reading(path) as file:
        if header:
            declared, width = read_header(file, path)
        for number, line in enumerate(file, start=2 if header else 1):
            row = line.rstrip()
            if not row:
                continue
            rows += 1
            first = not width
            width = width or row.count(b" ")
            word, numbers = _split(row, width, path, number)
            if first:
                _parse(numbers, path, number)  # a text of another kind is seen at once
            if wanted is None or word in wanted:
                _add(found, word.decode(), _parse(numbers, path, number), path, number)
    if declared is not None and rows != declared:
        raise DataError(
            f"{path} has {rows:,} words, but its first line says {declared:,}: it was cut off; "
            "get it again"
        )
    if not rows:
        raise DataError(f"{path} is empty: get it again")
    return found


def _split(row: bytes, width: int, path: Path, number: int) -> tuple[bytes, bytes]:
    """Split a row into its word and its numbers; a word may hold spaces, as some of GloVe's do."""
    gaps = row.count(b" ")
    if gaps == width and 1 <= width <= WIDEST:
        word, _, numbers = row.partition(b" ")
    elif gaps > width:
        word, *fields = row.rsplit(b" ", width)
        numbers = b" ".join(fields)
        if _is_number(word.rsplit(b" ", 1)[1]):
            raise _malformed(path, number, f"has {gaps} numbers, expected {width}")
    else:
        raise _malformed(path, number, f"has {gaps} numbers, expected {width or 'at least 1'}")
    if not word:
        raise _malformed(path, number, "has no word")
    return word, numbers


def _parse(numbers: bytes, path: Path, number: int) -> Floats:
    try:
        values = [float(field) for field in numbers.split(b" ")]
    except ValueError as error:
        raise _malformed(path, number, f"holds what is no number ({error})") from error
    if not all(map(math.isfinite, values)):
        raise _malformed(path, number, "holds NaN or infinity")
    return np.array(values, np.float64)


def _add(found: dict[str, Floats], word: str, vector: Floats, path: Path, number: int) -> None:
    if word in found and not np.array_equal(found[word], vector):
        raise _malformed(path, number, f"gives {word!r} a second, different vector")
    found[word] = vector


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _malformed(path: Path, number: int, complaint: str) -> DataError:
    return DataError(f"{path}, line {number:,} {complaint}: correct it, or get the file again")
