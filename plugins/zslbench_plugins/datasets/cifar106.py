"""CIFAR-106: the ten classes of CIFAR-10 and 96 of CIFAR-100 (Socher et al. 2013, section 6.6)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zslbench.contracts import DatasetCard, ImageBlock, RawDataset
from zslbench.errors import InputError
from zslbench_plugins.datasets.cards import CardByParameter
from zslbench_plugins.datasets.cifar10 import CLASSES, Cifar10
from zslbench_plugins.datasets.cifar100 import FINE_CARD, Cifar100
from zslbench_plugins.datasets.cifar100_classes import FINE

if TYPE_CHECKING:
    from zslbench.contracts import Int, Places, UInt8

TRAIN_EACH, TEST_EACH = 500, 100  # images of a class, as many as CIFAR-100 has
LEFT_OUT = ("flatfish", "hamster", "porcupine", "raccoon")  # the paper's words lack these
HUNDRED = tuple(name for name in FINE if name not in LEFT_OUT)

BALANCED_CARD = DatasetCard(
    title="CIFAR-106",
    summary="CIFAR-10's ten classes and 96 of CIFAR-100's, 500 training and 100 test images each",
    classes=(*CLASSES, *HUNDRED),
    unseen=("forest", "lobster", "orange", "boy", "truck", "cat"),
    train_images=53_000,
    test_images=10_600,
    image_size="32 × 32",
    licence="none stated by the authors, who ask to be cited",
    homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
    citation=(
        "R. Socher, M. Ganjoo, C. D. Manning, A. Y. Ng. Zero-Shot Learning Through Cross-Modal "
        "Transfer. NIPS 2013, section 6.6. The images: A. Krizhevsky. Learning Multiple Layers of "
        "Features from Tiny Images. Technical report, University of Toronto, 2009."
    ),
    embedding="glove-6b-50d",
    files=(*Cifar10.card.files, *FINE_CARD.files),
    layouts=(*Cifar10.card.layouts, *FINE_CARD.layouts),
    notes=(
        "It is put together from the files of cifar10 and cifar100, both of which must be there. "
        f"{', '.join(LEFT_OUT)} are left out, as in the paper, whose word vectors lack them.",
        "Of each class of CIFAR-10, 500 training and 100 test images are drawn: those with the "
        "smallest sha256 of a key, made of 'seed' and the part, followed by their pixels. "
        "CIFAR-100's classes have just as many, so all of them are taken. images=all takes every "
        "image of CIFAR-10's classes too, images=all-test every test image of theirs.",
        "The embedding huang2012 has the paper's own vectors of the 106 names; 26 of them were "
        "never trained.",
        "Some classes are near an unseen one: pickup_truck and streetcar to truck, man, girl and "
        "baby to boy. Exact duplicates across the two data sets, with all images: a test image of "
        "the unseen truck is among the training images as pickup_truck; a test image is both "
        "automobile and bus; a training image of dog is cattle in the test part. Duplicates "
        "within CIFAR-100 are told on its own card.",
    ),
)
ALL_CARD = replace(
    BALANCED_CARD,
    title="CIFAR-106, all images",
    summary="CIFAR-10's ten classes and 96 of CIFAR-100's, all images of each",
    train_images=98_000,
    test_images=19_600,
)
ALL_TEST_CARD = replace(
    BALANCED_CARD,
    title="CIFAR-106, all test images",
    summary="CIFAR-10's ten classes and 96 of CIFAR-100's, 500 training images, all test images",
    test_images=19_600,
)
CARDS = {"balanced": BALANCED_CARD, "all": ALL_CARD, "all-test": ALL_TEST_CARD}


class Cifar106:
    """CIFAR-10 and 96 classes of CIFAR-100, six classes unseen (Socher et al. 2013, § 6.6).

    ``images``: ``balanced``, 500 training and 100 test images of every class, ``all``, or
    ``all-test``, 500 training images and all test images. ``seed`` draws other images of CIFAR-10
    where not all are taken.
    """

    card = CardByParameter("images", CARDS)

    def __init__(self, images: str = "balanced", seed: int = 0) -> None:
        self.images = images
        self.seed = seed

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Return the files of cifar10 and of cifar100; DataError where one of them is absent."""
        return (*Cifar10().sources(places), *Cifar100().sources(places))

    def fetch(self, places: Places) -> tuple[Path, ...]:
        """Download the official archive of what is absent, and return :meth:`sources`."""
        return (*Cifar10().fetch(places), *Cifar100().fetch(places))

    def load(self, places: Places) -> RawDataset:
        """Open both data sets; their parts come in blocks of at most 1,000 images.

        Raises DataError, naming the file, where one is damaged or of another data set; InputError
        for ``images`` other than balanced, all or all-test.
        """
        if self.images not in CARDS:
            raise InputError(
                f"dataset cifar106: images = {self.images!r}: must be one of {', '.join(CARDS)}; "
                "leave it out for balanced"
            )
        whole = {"balanced": (), "all": ("train", "test"), "all-test": ("test",)}[self.images]
        ten, hundred = Cifar10().load(places), Cifar100().load(places)
        names = (*ten.class_names, *(n for n in hundred.class_names if n not in LEFT_OUT))
        place = {name: label for label, name in enumerate(names)}
        new_label = np.array([place.get(name, -1) for name in hundred.class_names], np.int64)

        def part(name: str, each: int) -> Iterator[ImageBlock]:
            blocks: Callable[[], Iterator[ImageBlock]] = getattr(ten, name)
            # Images drawn from all of CIFAR-10 come last: whoever wants a few need not wait.
            yield from relabelled(getattr(hundred, name)(), new_label)
            yield from (
                blocks()
                if name in whole
                else draw(blocks(), each, key=f"zslbench:cifar106:{self.seed}:{name}:".encode())
            )

        return RawDataset(
            class_names=names,
            train=lambda: part("train", TRAIN_EACH),
            test=lambda: part("test", TEST_EACH),
        )

    def sentences(self) -> Iterable[str] | None:
        """Return None: nobody wrote sentences about these classes."""
        return None


def draw(blocks: Iterable[ImageBlock], each: int, *, key: bytes) -> Iterator[ImageBlock]:
    """Yield ``each`` images of every class, all where it has no more: a block a class.

    Those with the smallest sha256 of ``key`` followed by their pixels are drawn, so it matters
    neither in which order nor in which layout they come. Memory holds the drawn images alone.
    """
    best: dict[int, list[tuple[bytes, UInt8]]] = {}
    skipped = 0
    for block in blocks:
        skipped += block.skipped
        for image, label in zip(block.images, block.labels.tolist(), strict=True):
            rank = hashlib.sha256(key + image.tobytes()).digest()
            best.setdefault(label, []).append((rank, image.copy()))
        for found in best.values():
            found.sort(key=itemgetter(0))
            del found[each:]
    for label, found in sorted(best.items()):
        images = np.stack([image for _, image in found])
        yield ImageBlock(images, np.full(len(images), label, np.int64), skipped)
        skipped = 0  # counted once


def relabelled(blocks: Iterable[ImageBlock], new_label: Int) -> Iterator[ImageBlock]:
    """Yield the images whose new label is not −1, so relabelled."""
    for block in blocks:
        labels = new_label[block.labels]
        kept = labels >= 0
        yield ImageBlock(block.images[kept], labels[kept], block.skipped)
