"""The python version of CIFAR-10: pickles, read without ever letting one call what it names.

A pickle may name any function of any module and have it called. The reader here knows the three
names that these files need, puts its own narrow functions in their place, and refuses the rest.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np

from zslbench.contracts import ImageBlock
from zslbench.errors import DataError
from zslbench_plugins.datasets.cifar_binary import BLOCK, PIXELS, check_labels, images_of_planes
from zslbench_plugins.datasets.cifar_shelf import REMEDY, Shelf

if TYPE_CHECKING:
    from zslbench.contracts import Int, UInt8

BATCHES = {
    "train": tuple(f"data_batch_{i}" for i in range(1, 6)),
    "test": ("test_batch",),
}
META = "batches.meta"
FILES = (*BATCHES["train"], *BATCHES["test"], META)


@dataclass(frozen=True)
class PickleLayout:
    """``cifar-10-batches-py``: five training batches, a test batch, a file with class names."""

    shelf: Shelf

    @property
    def files(self) -> tuple[Path, ...]:
        """What is read from the disk."""
        return self.shelf.files

    def class_names(self) -> tuple[str, ...]:
        """Return the class names in the order of their labels."""
        names = self._read(META).get("label_names")
        if not isinstance(names, list) or not all(isinstance(name, bytes | str) for name in names):
            raise DataError(
                f"{self.shelf.title(META)} is damaged: 'label_names' is no list of names; {REMEDY}"
            )
        return tuple(_text(name) for name in names)

    def blocks(self, part: Literal["train", "test"], classes: int) -> Iterator[ImageBlock]:
        """Yield the images of a part; DataError for a damaged batch."""
        for name in BATCHES[part]:
            title = self.shelf.title(name)
            batch = self._read(name)
            pixels = _pixels(batch.get("data"), title)
            labels = _labels(batch.get("labels"), len(pixels), title)
            check_labels(labels, classes, title, 0)
            for first in range(0, len(pixels), BLOCK):
                rows = slice(first, first + BLOCK)
                yield ImageBlock(images_of_planes(pixels[rows]), labels[rows])

    def _read(self, name: str) -> dict[str, Any]:
        with self.shelf.open(name) as file:
            return read_plain_pickle(file, self.shelf.title(name))


def read_plain_pickle(file: IO[bytes], title: str) -> dict[str, Any]:
    """Read a pickled dictionary of plain values and uint8 arrays, of Python 2 or 3.

    Raises DataError for a damaged pickle, and for one that names anything else; ``title`` names
    the file in messages.
    """
    try:
        content = _PlainUnpickler(file, title).load()
    except DataError:
        raise
    except Exception as error:  # a damaged pickle can make the reader raise almost anything
        reason = str(error) or type(error).__name__
        raise DataError(f"{title} is damaged ({reason}); {REMEDY}") from error
    if not isinstance(content, dict):
        raise DataError(f"{title} is damaged: it holds no dictionary; {REMEDY}")
    return {_text(key): value for key, value in content.items() if isinstance(key, bytes | str)}


class _PlainUnpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes], title: str) -> None:
        # Python 2 wrote its strings as bytes.
        super().__init__(file, encoding="bytes")
        self._title = title

    def find_class(self, module: str, name: str) -> Any:
        known = _KNOWN.get((module, name))
        if known is None:
            raise DataError(
                f"{self._title} is a pickle that names {module}.{name}, which no CIFAR file needs "
                f"and which could run code: it was not loaded; {REMEDY}"
            )
        return known


class _ArrayType:
    """Stands where a pickle names numpy.ndarray; nothing can be done with it."""


def _new_array(kind: object, *_: object) -> UInt8:
    if kind is not _ArrayType:
        raise pickle.UnpicklingError("an array of an unknown kind")
    return np.empty(0, np.uint8)  # its state, which comes next, brings shape and bytes


def _new_dtype(code: object, *_: object) -> np.dtype[np.uint8]:
    if code not in (b"u1", "u1"):
        raise pickle.UnpicklingError(f"an array of {code!r}, expected bytes (u1)")
    return np.dtype(np.uint8)


def _encode(text: str, encoding: object) -> bytes:
    if encoding not in (b"latin1", "latin1"):
        raise pickle.UnpicklingError(f"text encoded as {encoding!r}, expected latin1")
    return text.encode("latin1")


_KNOWN: Mapping[tuple[str, str], Callable[..., object]] = {
    ("numpy.core.multiarray", "_reconstruct"): _new_array,
    ("numpy._core.multiarray", "_reconstruct"): _new_array,
    ("numpy", "ndarray"): _ArrayType,
    ("numpy", "dtype"): _new_dtype,
    ("_codecs", "encode"): _encode,
}


def _pixels(value: object, title: str) -> UInt8:
    if (
        not isinstance(value, np.ndarray)
        or value.dtype != np.uint8
        or value.ndim != 2
        or value.shape[1] != PIXELS
        or not len(value)
    ):
        found = value.shape if isinstance(value, np.ndarray) else type(value).__name__
        raise DataError(
            f"{title} is damaged: 'data' is {found}, expected uint8 (n, {PIXELS}); {REMEDY}"
        )
    return value


def _labels(value: object, n: int, title: str) -> Int:
    if not isinstance(value, list) or not all(type(label) is int for label in value):
        raise DataError(f"{title} is damaged: 'labels' is no list of whole numbers; {REMEDY}")
    if len(value) != n:
        raise DataError(f"{title} is damaged: it has {n} images but {len(value)} labels; {REMEDY}")
    return np.array(value, np.int64)


def _text(value: bytes | str) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else value
