"""Vectors in word2vec's binary format: a first line, then each word, a space, float32 numbers."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from zslbench.errors import DataError
from zslbench_plugins.embeddings.vector_file import BUFFER, read_header, reading

if TYPE_CHECKING:
    from zslbench.contracts import Floats

LONGEST_WORD = 10_000  # bytes; a longer one means that the file is of another kind


def read_binary(path: Path, keys: Collection[str]) -> dict[str, Floats]:
    """Return the vectors (k,) of those of ``keys`` that are in the file, which is streamed.

    DataError names the file and, counting from 1, the word where it is cut off or malformed.
    """
    wanted = {key.encode() for key in keys}
    found: dict[str, Floats] = {}
    with reading(path) as file:
        words, width = read_header(file, path)
        tape = _Tape(file, path)
        for number in range(1, words + 1):
            word = tape.word(number)
            if word not in wanted:
                tape.skip(4 * width, number)
                continue
            vector = np.frombuffer(tape.take(4 * width, number), "<f4").astype(np.float32)
            if not np.isfinite(vector).all():
                raise DataError(f"{path}, word {number:,} has NaN or infinity: get it again")
            key = word.decode()
            if key in found and not np.array_equal(found[key], vector):
                raise DataError(f"{path}, word {number:,} ({key!r}) is there with two vectors")
            found[key] = vector
        if tape.rest().strip():
            raise DataError(
                f"{path} goes on after the {words:,} words of its first line: get it again, or "
                "set 'format' to what it is"
            )
    return found


class _Tape:
    """Reads on from a file, in pieces whose lengths only their content tells."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file = file
        self._path = path
        self._data = b""
        self._at = 0

    def word(self, number: int) -> bytes:
        end = self._data.find(b" ", self._at)
        while end < 0:
            held = len(self._data) - self._at
            if held > LONGEST_WORD or not self._more():
                raise self._cut(number)
            end = self._data.find(b" ", self._at)
        word = self._data[self._at : end]
        self._at = end + 1
        return word.lstrip(b"\n")  # some writers end each vector with a new line

    def skip(self, size: int, number: int) -> None:
        while len(self._data) - self._at < size:
            if not self._more():
                raise self._cut(number)
        self._at += size

    def take(self, size: int, number: int) -> bytes:
        self.skip(size, number)
        return self._data[self._at - size : self._at]

    def rest(self) -> bytes:
        return self._data[self._at :] + self._file.read(1)

    def _more(self) -> bool:
        piece = self._file.read(BUFFER)
        self._data = self._data[self._at :] + piece
        self._at = 0
        return bool(piece)

    def _cut(self, number: int) -> DataError:
        return DataError(
            f"{self._path} ends, or is no longer word2vec's binary format, at word {number:,}: "
            "get it again, or set 'format' to what it is"
        )
