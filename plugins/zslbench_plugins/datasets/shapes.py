"""``shapes``: an embedded data set of drawn forms, for a first run without any download."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from zslbench.contracts import DatasetCard, ImageBlock, RawDataset
from zslbench.errors import InputError
from zslbench_plugins.datasets.shapes_captions import write
from zslbench_plugins.datasets.shapes_forms import COLOURS, FORMS, TEXTURES
from zslbench_plugins.datasets.shapes_raster import Kind, draw

if TYPE_CHECKING:
    from pathlib import Path

    from zslbench.contracts import Places

_TRAIN, _TEST, _CAPTIONS = 0, 1, 2  # each part's stream
_SENTENCES = 12_000


def _kinds() -> tuple[Kind, ...]:
    """Every texture with every colour, in a form such that no two kinds share two parts."""
    forms = tuple(FORMS)
    return tuple(
        Kind(texture, colour, forms[(column + 2 * row) % len(forms)])
        for row, texture in enumerate(TEXTURES)
        for column, colour in enumerate(COLOURS)
    )


KINDS: tuple[Kind, ...] = _kinds()


class Shapes:
    """Drawn images of 20 kinds of shape, 32 × 32 RGB, three kinds unseen; nothing is downloaded.

    A class is a texture, a colour and a form ("striped blue circle"). No two classes share two of
    the three, and every part of an unseen class occurs in at least three seen ones: what an unseen
    class looks like can be put together from what was seen.

    ``images_per_class`` images of each class are drawn, a quarter of them (rounded down) for the
    test part; ``seed`` draws other images and other sentences. Training images, test images and
    sentences come from streams of their own. Pixels are the same on every machine and version.
    """

    card: ClassVar[DatasetCard] = DatasetCard(
        title="Shapes",
        summary="20 kinds of drawn shape: texture, colour and form, on untidy backgrounds",
        classes=tuple(" ".join(kind) for kind in KINDS),
        unseen=("striped blue circle", "dotted red heart", "checked yellow triangle"),
        train_images=3_000,
        test_images=1_000,
        image_size="32 × 32",
        licence="MIT (drawn by the code of this package)",
        homepage="none: it is part of zslbench",
        citation="The zslbench authors: Shapes, an embedded data set of zslbench.",
        embedding="corpus/word2vec",
        recommended={
            "backbone/coates2011.bases": 200,
            "backbone/coates2011.patches": 50_000,
            "backbone/coates2011.rounds": 20,
            "embedding/corpus/word2vec.dim": 50,
            "embedding/corpus/word2vec.epochs": 10,
            "mapping/socher2013.decay": 0.01,
            "mapping/socher2013.max_passes": 200,
        },
        notes=(
            "The recommended settings were decided beforehand, for a short first run, but for the "
            "map's: with 2,400 training images the paper's decay of 0.0001 overfits, and 0.01 has "
            "the least error on held-out images of seen classes; 200 passes, half the default, end "
            "below 500 plain L-BFGS iterations. None was tuned on test images.",
            "How hard the images are, and which classes are unseen, was set when the data set was "
            "made, by looking at what a plain pipeline makes of test images, mostly of other "
            "seeds: figures on it compare methods, and say nothing of photographs.",
            "The sentences are about words alone and name the unseen classes too, as any text "
            "might; they are drawn apart from the images.",
        ),
    )

    def __init__(self, images_per_class: int = 200, seed: int = 0) -> None:
        self.images_per_class = images_per_class
        self.seed = seed

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Nothing is read."""
        return ()

    def fetch(self, places: Places) -> tuple[Path, ...]:
        """Nothing is downloaded."""
        return ()

    def load(self, places: Places) -> RawDataset:
        """Open the data set; its images are drawn when a part is iterated, class by class.

        Raises InputError for fewer than 4 images a class, or a seed outside 0 … 2³² − 1.
        """
        self._check()
        test = self.images_per_class // 4
        train = self.images_per_class - test
        return RawDataset(
            class_names=self.card.classes,
            train=lambda: self._blocks(_TRAIN, train),
            test=lambda: self._blocks(_TEST, test),
        )

    def sentences(self) -> Sequence[str]:
        """12,000 short sentences about the words of the class names, unseen classes included.

        Raises InputError as :meth:`load` does.
        """
        self._check()
        return write(KINDS, _SENTENCES, key=(self.seed, _CAPTIONS))

    def _blocks(self, part: int, count: int) -> Iterator[ImageBlock]:
        for label, kind in enumerate(KINDS):
            for images in draw(kind, count, key=(self.seed, part, label)):
                yield ImageBlock(images, np.full(len(images), label, dtype=np.int64))

    def _check(self) -> None:
        if self.images_per_class < 4:
            raise InputError(
                f"dataset shapes: images_per_class = {self.images_per_class}: must be at least 4, "
                "one of them for testing; leave it out for 200"
            )
        if not 0 <= self.seed < 2**32:
            raise InputError(
                f"dataset shapes: seed = {self.seed}: must be of 0 … 4294967295; leave it out for 0"
            )
