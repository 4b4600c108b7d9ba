"""The binary version of a CIFAR data set: some label bytes and 3,072 pixel bytes an image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from zslbench.contracts import ImageBlock
from zslbench.errors import DataError
from zslbench_plugins.datasets.cifar_shelf import Shelf

if TYPE_CHECKING:
    from zslbench.contracts import Int, UInt8

BLOCK = 1000  # images
SIDE = 32
PIXELS = 3 * SIDE * SIDE


@dataclass(frozen=True)
class BinaryForm:
    """Which files a binary version has, and where the label stands in them."""

    train: tuple[str, ...]
    test: tuple[str, ...]
    names: str  # the list of class names
    head: int = 1  # bytes before the pixels; the last of them is the label

    @property
    def files(self) -> tuple[str, ...]:
        """All files that are read."""
        return (*self.train, *self.test, self.names)


@dataclass(frozen=True)
class BinaryLayout:
    """Batches of each part, and a list of class names: ``cifar-10-batches-bin`` and its like."""

    shelf: Shelf
    form: BinaryForm

    @property
    def files(self) -> tuple[Path, ...]:
        """What is read from the disk."""
        return self.shelf.files

    def class_names(self) -> tuple[str, ...]:
        """Return the class names in the order of their labels."""
        with self.shelf.open(self.form.names) as file:
            text = file.read().decode("ascii")
        return tuple(line.strip() for line in text.splitlines() if line.strip())

    def blocks(self, part: Literal["train", "test"], classes: int) -> Iterator[ImageBlock]:
        """Yield the images of a part; DataError for a batch of a wrong length or label."""
        for name in self.form.train if part == "train" else self.form.test:
            yield from self._batch(name, classes)

    def _batch(self, name: str, classes: int) -> Iterator[ImageBlock]:
        title, row = self.shelf.title(name), 0
        head, length = self.form.head, self.form.head + PIXELS
        with self.shelf.open(name) as file:
            while raw := file.read(BLOCK * length):
                if len(raw) % length:
                    raise DataError(
                        f"{title} is damaged: its length is {row * length + len(raw):,} "
                        f"bytes, expected a multiple of {length:,}; {self.shelf.remedy}"
                    )
                records = np.frombuffer(raw, np.uint8).reshape(-1, length)
                labels = records[:, head - 1].astype(np.int64)
                check_labels(labels, classes, title, row, self.shelf.remedy)
                yield ImageBlock(images_of_planes(records[:, head:]), labels)
                row += len(records)
        if not row:
            raise DataError(f"{title} is damaged: it is empty; {self.shelf.remedy}")


def images_of_planes(rows: UInt8) -> UInt8:
    """Turn rows of red, green and blue planes (b, 3072) into images (b, 32, 32, 3)."""
    planes = rows.reshape(-1, 3, SIDE, SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1))


def check_labels(labels: Int, classes: int, title: str, first_row: int, remedy: str) -> None:
    """Raise DataError, naming file and row, for a label outside [0, ``classes``)."""
    bad = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(bad):
        raise DataError(
            f"{title} is damaged: row {first_row + int(bad[0])} has label {labels[bad[0]]}, "
            f"expected 0 to {classes - 1}; {remedy}"
        )
