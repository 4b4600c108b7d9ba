"""The 80 classes of CIFAR-106 whose vectors in the paper's own word table were ever trained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from zslbench.contracts import DatasetCard, RawDataset
from zslbench_plugins.datasets.cifar106 import BALANCED_CARD, Cifar106, relabelled

if TYPE_CHECKING:
    from zslbench.contracts import Places

# Norm about 0.04 in the table of Huang et al. 2012, where trained vectors have 3.3 to 5.3.
UNTRAINED = (
    "beaver", "camel", "caterpillar", "chimpanzee", "cockroach", "couch", "crocodile", "dolphin",
    "kangaroo", "lawn_mower", "leopard", "motorcycle", "mushroom", "orchid", "otter",
    "pickup_truck", "poppy", "shrew", "skyscraper", "snail", "streetcar", "sunflower", "tractor",
    "tulip", "wardrobe", "willow_tree",
)  # fmt: skip
CLASSES = tuple(name for name in BALANCED_CARD.classes if name not in UNTRAINED)


class Cifar106Trained:
    """CIFAR-106 (Socher et al. 2013, § 6.6) without the 26 classes whose words lack a vector.

    The paper's word table has a vector near the origin for these, all nearly the same: no image
    can be told to be of one of them rather than of another.
    """

    card: ClassVar[DatasetCard] = replace(
        BALANCED_CARD,
        title="CIFAR-106, classes with a trained word vector",
        summary="The 80 of CIFAR-106's classes that the paper's word table has a real vector of",
        classes=CLASSES,
        train_images=500 * len(CLASSES),
        test_images=100 * len(CLASSES),
        embedding="huang2012",
        notes=(
            f"Left out of cifar106: {', '.join(UNTRAINED)}, whose vectors in the table of Huang "
            "et al. were never trained.",
            *BALANCED_CARD.notes,
        ),
    )

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Return the files of cifar106; DataError where one is absent."""
        return Cifar106().sources(places)

    def fetch(self, places: Places) -> tuple[Path, ...]:
        """Download what is absent of cifar106, and return :meth:`sources`."""
        return Cifar106().fetch(places)

    def load(self, places: Places) -> RawDataset:
        """Open cifar106 and leave the classes out; raises DataError as that does."""
        whole = Cifar106(seed=self.seed).load(places)
        place = {name: label for label, name in enumerate(CLASSES)}
        new_label = np.array([place.get(name, -1) for name in whole.class_names], np.int64)
        return RawDataset(
            class_names=CLASSES,
            train=lambda: relabelled(whole.train(), new_label),
            test=lambda: relabelled(whole.test(), new_label),
        )

    def sentences(self) -> Iterable[str] | None:
        """Return None: nobody wrote sentences about these classes."""
        return None
