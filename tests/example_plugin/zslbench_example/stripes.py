"""A tiny data set: striped squares, drawn when asked for, and sentences about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from zslbench.contracts import DatasetCard, ImageBlock, RawDataset

if TYPE_CHECKING:
    from pathlib import Path

    from zslbench.contracts import Places

SIDE, PERIOD = 16, 8
COLOURS = {"red": (170, 50, 40), "green": (40, 150, 60), "blue": (40, 70, 170)}
LIGHT = 60  # a stripe is that much lighter: colour and direction add up
DIRECTIONS = {"vertical": (0, 1), "horizontal": (1, 0), "diagonal": (1, 1)}  # steps: row, column
COMPANY = {  # each word keeps company of its own: that is all that word vectors are learnt from
    "red": "tomato brick rose fire",
    "green": "grass leaf moss apple",
    "blue": "sky ocean ink berry",
    "vertical": "tower mast pillar tree",
    "horizontal": "floor shore shelf table",
    "diagonal": "ramp slope stair ladder",
}
CLASSES = tuple(f"{colour} {direction}" for colour in COLOURS for direction in DIRECTIONS)
TRAIN, TEST, SENTENCES = range(3)  # each has its own stream of random numbers


class Stripes:
    """Nine classes, 16 × 16: three colours of stripes × three directions, two of them unseen.

    A quarter of the ``images_per_class`` images of each class (rounded down) are test images;
    ``noise`` is the standard deviation of the pixels' noise.
    """

    card: ClassVar[DatasetCard] = DatasetCard(
        title="Stripes",
        summary="Striped squares in three colours and three directions",
        classes=CLASSES,
        unseen=("blue diagonal", "green vertical"),
        train_images=9 * 36,
        test_images=9 * 12,
        image_size="16 × 16",
        licence="MIT (drawn by the code of this package)",
        homepage="none: it is part of this plugin",
        citation="The zslbench authors: an example of a data set.",
        embedding="corpus/word2vec",
        recommended={"embedding/corpus/word2vec.dim": 10, "embedding/corpus/word2vec.epochs": 10},
    )

    def __init__(self, images_per_class: int = 48, noise: float = 20.0) -> None:
        self.images_per_class = images_per_class
        self.noise = noise

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Nothing is read."""
        return ()

    def fetch(self, places: Places) -> tuple[Path, ...]:
        """Nothing is downloaded."""
        return ()

    def load(self, places: Places) -> RawDataset:
        """Open the data set; images are drawn when a part is iterated, a class a block."""
        test = self.images_per_class // 4
        train = self.images_per_class - test
        return RawDataset(
            class_names=CLASSES,
            train=lambda: self._blocks(TRAIN, train),
            test=lambda: self._blocks(TEST, test),
        )

    def sentences(self) -> Sequence[str]:
        """2,400 sentences about the words of the class names."""
        draw = np.random.default_rng(SENTENCES)
        made = []
        for _ in range(400):
            for word, company in COMPANY.items():
                near = list(draw.permutation(company.split()))
                made.append(" ".join([*near[:2], word, *near[2:]]))
        return made

    def _blocks(self, part: int, count: int) -> Iterator[ImageBlock]:
        row, column = np.mgrid[:SIDE, :SIDE]
        for label, name in enumerate(CLASSES):
            colour, direction = name.split()
            down, across = DIRECTIONS[direction]
            draw = np.random.default_rng([part, label])
            start = draw.integers(-1, 2, size=(count, 1, 1))  # a pixel to either side
            on = (down * row + across * column + start) % PERIOD < PERIOD // 2
            images = LIGHT * on[..., None] + np.array(COLOURS[colour], np.float64)
            images += draw.normal(0, 1, images.shape) * self.noise
            yield ImageBlock(
                np.clip(np.rint(images), 0, 255).astype(np.uint8),
                np.full(count, label, dtype=np.int64),
            )
