"""The idx format of MNIST and its like: a few big-endian numbers, then bytes; gzipped or not."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import numpy as np

from zslbench.errors import DataError
from zslbench_plugins.datasets.damage import damage_named

if TYPE_CHECKING:
    from zslbench.contracts import UInt8

UNSIGNED_BYTES = 0x08  # the third byte of a file; the fourth is the number of dimensions


@contextmanager
def open_idx(path: Path, item: tuple[int, ...], remedy: str) -> Iterator[IdxReader]:
    """Open an idx file of bytes whose items have the shape ``item``; ``()`` for single numbers.

    Raises DataError, ended by ``remedy``, where the file is damaged or holds something else: at
    once, or while it is read.
    """
    with damage_named(str(path), remedy), _plain(path) as file:
        yield IdxReader(file, path, item, remedy)


class IdxReader:
    """The items of an open idx file, read in order."""

    def __init__(self, file: IO[bytes], path: Path, item: tuple[int, ...], remedy: str) -> None:
        self._file, self._path, self._item, self._remedy = file, path, item, remedy
        dimensions = 1 + len(item)
        header = file.read(4 + 4 * dimensions)
        expected = struct.pack(">HBB", 0, UNSIGNED_BYTES, dimensions)
        if header[:4] != expected:
            raise self._damage(f"it begins with {header[:4].hex()}, expected {expected.hex()}")
        if len(header) < 4 + 4 * dimensions:
            raise self._damage("it ends within its header")
        self.count, *shape = struct.unpack(f">{dimensions}I", header[4:])
        if tuple(shape) != item:
            raise self._damage(f"its items have the shape {tuple(shape)}, expected {item}")
        if not self.count:
            raise self._damage("it is empty")

    def blocks(self, size: int) -> Iterator[UInt8]:
        """Yield all items in blocks (b, *item), b ≤ ``size``.

        Raises DataError where the file is shorter or longer than it says, or where a gzipped
        file's own checksum does not hold.
        """
        for first in range(0, self.count, size):
            count = min(size, self.count - first)
            wanted = count * prod(self._item)
            raw = self._file.read(wanted)
            if len(raw) < wanted:
                raise self._damage(f"it is shorter than the {self.count:,} items that it announces")
            yield np.frombuffer(raw, np.uint8).reshape(count, *self._item)
        # Only at the very end does gzip compare its checksum.
        if self._file.read(1):
            raise self._damage(f"it is longer than the {self.count:,} items that it announces")

    def _damage(self, what: str) -> DataError:
        return DataError(f"{self._path} is damaged: {what}; {self._remedy}")


def _plain(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast("IO[bytes]", gzip.open(path))  # it reads as any binary file
    return path.open("rb")
