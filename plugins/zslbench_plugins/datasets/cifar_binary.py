"""The binary version of CIFAR-10: a label byte and 3,072 pixel bytes an image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from zslbench.contracts import ImageBlock
from zslbench.errors import DataError
from zslbench_plugins.datasets.cifar_shelf import REMEDY, Shelf

if TYPE_CHECKING:
    from zslbench.contracts import Int, UInt8

BLOCK = 1000  # images
SIDE = 32
PIXELS = 3 * SIDE * SIDE
BATCHES = {
    "train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
    "test": ("test_batch.bin",),
}
NAMES = "batches.meta.txt"
FILES = (*BATCHES["train"], *BATCHES["test"], NAMES)


@dataclass(frozen=True)
class BinaryLayout:
    """``cifar-10-batches-bin``: five training batches, a test batch, a list of class names."""

    shelf: Shelf

    @property
    def files(self) -> tuple[Path, ...]:
        """What is read from the disk."""
        return self.shelf.files

    def class_names(self) -> tuple[str, ...]:
        """Return the class names in the order of their labels."""
        with self.shelf.open(NAMES) as file:
            text = file.read().decode("ascii")
        return tuple(line.strip() for line in text.splitlines() if line.strip())

    def blocks(self, part: Literal["train", "test"], classes: int) -> Iterator[ImageBlock]:
        """Yield the images of a part; DataError for a batch of a wrong length or label."""
        for name in BATCHES[part]:
            yield from self._batch(name, classes)

    def _batch(self, name: str, classes: int) -> Iterator[ImageBlock]:
        title, row = self.shelf.title(name), 0
        with self.shelf.open(name) as file:
            while raw := file.read(BLOCK * (1 + PIXELS)):
                if len(raw) % (1 + PIXELS):
                    raise DataError(
                        f"{title} is damaged: its length is {row * (1 + PIXELS) + len(raw):,} "
                        f"bytes, expected a multiple of {1 + PIXELS:,}; {REMEDY}"
                    )
                records = np.frombuffer(raw, np.uint8).reshape(-1, 1 + PIXELS)
                labels = records[:, 0].astype(np.int64)
                check_labels(labels, classes, title, row)
                yield ImageBlock(images_of_planes(records[:, 1:]), labels)
                row += len(records)
        if not row:
            raise DataError(f"{title} is damaged: it is empty; {REMEDY}")


def images_of_planes(rows: UInt8) -> UInt8:
    """Turn rows of red, green and blue planes (b, 3072) into images (b, 32, 32, 3)."""
    planes = rows.reshape(-1, 3, SIDE, SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1))


def check_labels(labels: Int, classes: int, title: str, first_row: int) -> None:
    """Raise DataError, naming file and row, for a label outside [0, ``classes``)."""
    bad = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(bad):
        raise DataError(
            f"{title} is damaged: row {first_row + int(bad[0])} has label {labels[bad[0]]}, "
            f"expected 0 to {classes - 1}; {REMEDY}"
        )
