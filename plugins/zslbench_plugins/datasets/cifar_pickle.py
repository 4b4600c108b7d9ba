"""The python version of a CIFAR data set: pickles, read without letting one call what it names.

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
from zslbench_plugins.datasets.cifar_shelf import Shelf

if TYPE_CHECKING:
    from zslbench.contracts import Int, UInt8


@dataclass(frozen=True)
class PickleForm:
    """Which files a python version has, and what they call labels and names."""

    train: tuple[str, ...]
    test: tuple[str, ...]
    meta: str  # the file with class names
    labels: str = "labels"
    names: str = "label_names"

    @property
    def files(self) -> tuple[str, ...]:
        """All files that are read."""
        return (*self.train, *self.test, self.meta)


@dataclass(frozen=True)
class PickleLayout:
    """Batches of each part, a file with class names: ``cifar-10-batches-py`` and its like."""

    shelf: Shelf
    form: PickleForm

    @property
    def files(self) -> tuple[Path, ...]:
        """What is read from the disk."""
        return self.shelf.files

    def class_names(self) -> tuple[str, ...]:
        """Return the class names in the order of their labels."""
        meta, key = self.form.meta, self.form.names
        names = self._read(meta).get(key)
        if not isinstance(names, list) or not all(isinstance(name, bytes | str) for name in names):
            raise DataError(
                f"{self.shelf.title(meta)} is damaged: {key!r} is no list of names; "
                f"{self.shelf.remedy}"
            )
        return tuple(_text(name) for name in names)

    def blocks(self, part: Literal["train", "test"], classes: int) -> Iterator[ImageBlock]:
        """Yield the images of a part; DataError for a damaged batch."""
        for name in self.form.train if part == "train" else self.form.test:
            batch = _Batch(self._read(name), self.shelf.title(name), self.shelf.remedy)
            pixels = batch.pixels()
            labels = batch.labels(self.form.labels, len(pixels))
            check_labels(labels, classes, batch.title, 0, batch.remedy)
            for first in range(0, len(pixels), BLOCK):
                rows = slice(first, first + BLOCK)
                yield ImageBlock(images_of_planes(pixels[rows]), labels[rows])

    def _read(self, name: str) -> dict[str, Any]:
        with self.shelf.open(name) as file:
            return read_plain_pickle(file, self.shelf.title(name), self.shelf.remedy)


def read_plain_pickle(file: IO[bytes], title: str, remedy: str) -> dict[str, Any]:
    """Read a pickled dictionary of plain values and uint8 arrays, of Python 2 or 3.

    Raises DataError for a damaged pickle, and for one that names anything else; ``title`` names
    the file in messages, ``remedy`` ends them.
    """
    try:
        content = _PlainUnpickler(file, title, remedy).load()
    except DataError:
        raise
    except Exception as error:  # a damaged pickle can make the reader raise almost anything
        reason = str(error) or type(error).__name__
        raise DataError(f"{title} is damaged ({reason}); {remedy}") from error
    if not isinstance(content, dict):
        raise DataError(f"{title} is damaged: it holds no dictionary; {remedy}")
    return {_text(key): value for key, value in content.items() if isinstance(key, bytes | str)}


class _PlainUnpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes], title: str, remedy: str) -> None:
        # Python 2 wrote its strings as bytes.
        super().__init__(file, encoding="bytes")
        self._title = title
        self._remedy = remedy

    def find_class(self, module: str, name: str) -> Any:
        known = _KNOWN.get((module, name))
        if known is None:
            raise DataError(
                f"{self._title} is a pickle that names {module}.{name}, which no CIFAR file needs "
                f"and which could run code: it was not loaded; {self._remedy}"
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


@dataclass(frozen=True)
class _Batch:
    """What one pickle held."""

    content: Mapping[str, Any]
    title: str
    remedy: str

    def pixels(self) -> UInt8:
        value = self.content.get("data")
        if (
            not isinstance(value, np.ndarray)
            or value.dtype != np.uint8
            or value.ndim != 2
            or value.shape[1] != PIXELS
            or not len(value)
        ):
            found = value.shape if isinstance(value, np.ndarray) else type(value).__name__
            raise self._damage(f"'data' is {found}, expected uint8 (n, {PIXELS})")
        return value

    def labels(self, key: str, n: int) -> Int:
        value = self.content.get(key)
        if not isinstance(value, list) or not all(type(label) is int for label in value):
            raise self._damage(f"{key!r} is no list of whole numbers")
        if len(value) != n:
            raise self._damage(f"it has {n} images but {len(value)} labels")
        return np.array(value, np.int64)

    def _damage(self, what: str) -> DataError:
        return DataError(f"{self.title} is damaged: {what}; {self.remedy}")


def _text(value: bytes | str) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else value
