"""Data sets: a card, files, and streams of images with labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from zslbench.contracts import DatasetCard, ImageBlock, RawDataset

if TYPE_CHECKING:
    from zslbench.contracts import Int, Places
    from zslbench.testing.subject import Subject

ENOUGH = 2_000  # images of a part: a larger one is read no further


def check_dataset(subject: Subject, places: Places) -> None:
    """A card that agrees with what is read; uint8 RGB images; the same whenever it is opened.

    Raises DataError where its files are absent.
    """
    dataset = subject.create()
    card = dataset.card
    _check_card(subject, card)
    subject.find_files(dataset, places)
    with subject.calling("load"):
        raw, again = dataset.load(places), subject.create().load(places)
    subject.require(
        isinstance(raw, RawDataset), f"load gave a {type(raw).__name__}; expected a RawDataset"
    )
    subject.require(
        set(raw.class_names) == set(card.classes), "load and card name different classes"
    )
    seen = [i for i, name in enumerate(raw.class_names) if name not in card.unseen]
    everything = list(range(len(raw.class_names)))
    for part, needed in (("train", seen), ("test", everything)):
        images, labels, whole = _read(subject, getattr(raw, part), part, len(everything))
        other, other_labels, _ = _read(subject, getattr(again, part), part, len(everything))
        subject.require(
            images == other and np.array_equal(labels, other_labels),
            f"its {part} part is another when it is opened again",
        )
        missing = [raw.class_names[i] for i in needed if whole and i not in labels]
        subject.require(not missing, f"its {part} part has no image of {', '.join(missing)}")
    _check_sentences(subject)


def _check_card(subject: Subject, card: object) -> None:
    subject.require(
        isinstance(card, DatasetCard), f"card is a {type(card).__name__}; expected a DatasetCard"
    )
    if not isinstance(card, DatasetCard):
        return
    subject.require(len(set(card.classes)) == len(card.classes), "its card names a class twice")
    subject.require(
        0 < len(card.unseen) <= len(card.classes) - 2 and set(card.unseen) <= set(card.classes),
        "its standard split must name one unseen class at least, of its classes, and leave two",
    )
    for field in ("title", "summary", "licence", "citation", "embedding"):
        subject.require(bool(getattr(card, field)), f"its card says nothing of its {field}")


def _read(
    subject: Subject, open_part: Callable[[], Iterator[ImageBlock]], part: str, classes: int
) -> tuple[list[bytes], Int, bool]:
    """The images as bytes, their labels, and whether that was all of the part."""
    images: list[bytes] = []
    labels: list[Int] = []
    with subject.calling(f"reading its {part} part"):
        for block in open_part():
            _check_block(subject, block, part, classes)
            images += [image.tobytes() for image in block.images]
            labels.append(block.labels)
            if len(images) > ENOUGH:
                break
    subject.require(bool(images), f"its {part} part is empty")
    return images, np.concatenate(labels), len(images) <= ENOUGH


def _check_block(subject: Subject, block: ImageBlock, part: str, classes: int) -> None:
    images, labels = block.images, block.labels
    several = [images] if isinstance(images, np.ndarray) else [image[None] for image in images]
    for some in several:
        subject.require(
            some.dtype == np.uint8 and some.ndim == 4 and some.shape[3] == 3,
            f"a {part} block holds {some.dtype} {some.shape}; expected uint8 (b, h, w, 3), or a "
            "list of (h, w, 3)",
        )
    subject.require(
        labels.shape == (len(images),) and labels.dtype.kind == "i",
        f"a {part} block of {len(images)} images has labels {labels.dtype} {labels.shape}",
    )
    subject.require(
        bool(((labels >= 0) & (labels < classes)).all()),
        f"labels of a {part} block lie outside 0 … {classes - 1}",
    )


def _check_sentences(subject: Subject) -> None:
    with subject.calling("sentences"):
        first, again = (subject.create().sentences() for _ in range(2))
        same = first is None and again is None
        if first is not None and again is not None:
            one, two = list(first), list(again)
            same = one == two and all(isinstance(sentence, str) for sentence in one)
    subject.require(same, "sentences must be None, or the same strings whenever they are asked for")
