"""A seeded sample of a published data set: for a quick look, never for a figure to be compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from zslbench.contracts import DatasetCard, RawDataset
from zslbench.errors import InputError
from zslbench_plugins.datasets.cifar10 import Cifar10
from zslbench_plugins.datasets.cifar100 import Cifar100
from zslbench_plugins.datasets.cifar106 import Cifar106, draw
from zslbench_plugins.datasets.cifar106_trained import Cifar106Trained

if TYPE_CHECKING:
    from zslbench.contracts import Places

BASES = MappingProxyType(
    {
        "cifar10": Cifar10,
        "cifar100": Cifar100,
        "cifar106": Cifar106,
        "cifar106-trained": Cifar106Trained,
    }
)
Base = Cifar10 | Cifar100 | Cifar106 | Cifar106Trained
FEWEST = 2  # images of a class in each part


class SampledDataset:
    """``share`` of the images of every class of data set ``member``, in both parts.

    Those with the smallest sha256 of a key, made of ``seed`` and the part, followed by their
    pixels: the same in every layout. Classes and standard split are the whole set's.
    """

    def __init__(self, member: str, share: float = 0.1, seed: int = 0) -> None:
        self.member = member
        self.share = share
        self.seed = seed

    @property
    def base(self) -> Base:
        """The data set that is sampled; InputError for one that cannot be."""
        if self.member not in BASES:
            raise InputError(
                f"dataset sample/{self.member}: sample/NAME takes {', '.join(BASES)}: choose one"
            )
        base: Base = BASES[self.member]()
        return base

    @property
    def card(self) -> DatasetCard:
        """The whole set's, with fewer images."""
        whole = self.base.card
        train, test = self._each(whole.train_images), self._each(whole.test_images)
        classes = len(whole.classes)
        return replace(
            whole,
            title=f"{whole.title}, a sample",
            summary=f"{100 * self.share:g} % of the images of every class of {whole.title}",
            train_images=classes * train,
            test_images=classes * test,
            notes=(
                f"A sample for a quick look: {train} training and {test} test images of each "
                "class. Figures on it are not those of the whole set.",
                *whole.notes,
            ),
        )

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Return the whole set's files; DataError where one is absent."""
        return self.base.sources(places)

    def fetch(self, places: Places) -> tuple[Path, ...]:
        """Download the whole set where it is absent, and return :meth:`sources`."""
        return self.base.fetch(places)

    def load(self, places: Places) -> RawDataset:
        """Open the whole set; each part yields a block a class. Raises DataError as it does."""
        whole, card = self.base.load(places), self.base.card
        key = f"zslbench:sample:{self.seed}"
        return RawDataset(
            class_names=whole.class_names,
            train=lambda: draw(
                whole.train(), self._each(card.train_images), key=f"{key}:train:".encode()
            ),
            test=lambda: draw(
                whole.test(), self._each(card.test_images), key=f"{key}:test:".encode()
            ),
        )

    def sentences(self) -> Iterable[str] | None:
        """Return None: nobody wrote sentences about these classes."""
        return None

    def _each(self, images: int) -> int:
        """Images to draw of each class, of which there are as many of one as of another."""
        return max(FEWEST, round(self.share * images / len(self.base.card.classes)))
