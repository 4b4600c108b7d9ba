"""A data set and a split become a task: which classes are seen, which images are held out.

Every draw is by a keyed hash of positions in canonical order, so it depends on no library's random
stream; labels of test images stay here and go to the scorer alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.contracts import ClassTable, Prediction, TestLabels
from zslbench.errors import DataError, InputError
from zslbench.hashes import hash_json
from zslbench.params import suggest

if TYPE_CHECKING:
    from zslbench.contracts import Int, Role
    from zslbench.images import ImagePart, StoredDataset


@dataclass(frozen=True)
class Split:
    """Which classes are unseen, and how held-out images are drawn from the seen ones."""

    unseen: tuple[str, ...]
    validation: float
    split_seed: int


@dataclass(frozen=True)
class Task:
    """A zero-shot task. Rows are positions in a part's canonical order."""

    classes: ClassTable
    train_rows: Int  # seen classes, without the validation part
    validation_rows: Int
    unseen_train_rows: Int  # training images of unseen classes: for the supervised ceiling alone
    test_order: Int  # the order in which test images go out
    labels: TestLabels  # sealed; canonical order
    fingerprint: str
    split_seed: int = 0


def build_task(data: StoredDataset, split: Split) -> Task:
    """Return the task of ``data`` under ``split``; raise InputError for an impossible split."""
    unseen = check_unseen(data.class_names, split.unseen)
    if not 0 <= split.validation < 1:
        raise InputError(f"validation must be ≥ 0 and < 1, got {split.validation}; e.g. 0.05")
    roles = tuple("unseen" if name in unseen else "seen" for name in data.class_names)
    classes = ClassTable(data.class_names, roles)  # type: ignore[arg-type]
    _check_images(data.train, data.test, classes)
    fingerprint = hash_json(
        {
            "data": data.fingerprint,
            "unseen": sorted(unseen),
            "validation": split.validation,
            "split_seed": split.split_seed,
        }
    )
    is_unseen = np.isin(data.train.labels, classes.unseen)
    held_out = _draw_validation(data.train.labels, classes.seen, split)
    rows = np.arange(len(is_unseen))
    y = data.test.labels
    return Task(
        classes=classes,
        train_rows=rows[~is_unseen & ~held_out],
        validation_rows=rows[held_out],
        unseen_train_rows=rows[is_unseen],
        test_order=np.argsort(_keys(f"test:{fingerprint}", np.arange(len(y))), kind="stable"),
        labels=TestLabels(y, np.isin(y, classes.unseen)),
        fingerprint=fingerprint,
        split_seed=split.split_seed,
    )


def check_unseen(names: Sequence[str], unseen: Sequence[str]) -> frozenset[str]:
    """Return ``unseen`` as a set of class names; raise InputError unless ≥ 1 unseen, ≥ 2 seen."""
    for name in unseen:
        if name not in names:
            raise InputError(
                f"unseen class {name!r} does not exist{suggest(name, names) or ';'} "
                f"classes: {', '.join(names)}"
            )
    chosen = frozenset(unseen)
    if not chosen:
        raise InputError(
            f"no unseen class: name some with --unseen A,B (for a folder of your own also in its "
            f"zslbench.toml); classes: {', '.join(names)}"
        )
    if len(names) - len(chosen) < 2:
        raise InputError(
            f"{len(chosen)} of {len(names)} classes are unseen, which leaves "
            f"{len(names) - len(chosen)} seen; at least 2 must stay seen"
        )
    return chosen


def check_distractors(names: Sequence[str], distractors: Sequence[str]) -> None:
    """Raise InputError for a distractor that is a class, is empty, or is named twice."""
    taken = {name.lower() for name in names}
    for word in distractors:
        if not word.strip() or word.lower() in taken:
            why = "a class, or named twice" if word.strip() else "no word"
            raise InputError(
                f"distractor {word!r} is {why}: name words that no class has, each once"
            )
        taken.add(word.lower())


def with_distractors(classes: ClassTable, distractors: Sequence[str]) -> ClassTable:
    """Return ``classes`` with ``distractors`` after them, whose labels begin where theirs end."""
    if not distractors:
        return classes
    role: Role = "distractor"
    roles = classes.roles + (role,) * len(distractors)
    return ClassTable((*classes.names, *distractors), roles, classes.embedding)


def in_canonical_order(prediction: Prediction, order: Int) -> Prediction:
    """Undo the permutation in which test images went out."""
    back = np.argsort(order)
    values: dict[str, Any] = {}
    for field in fields(prediction):
        value = getattr(prediction, field.name)
        values[field.name] = value[back] if isinstance(value, np.ndarray) else value
    return Prediction(**values)


def _check_images(train: ImagePart, test: ImagePart, classes: ClassTable) -> None:
    counts = {
        "training": np.bincount(train.labels, minlength=len(classes.names)),
        "test": np.bincount(test.labels, minlength=len(classes.names)),
    }
    for part, needed in (("training", classes.seen), ("test", np.arange(len(classes.names)))):
        empty = [classes.names[i] for i in needed if counts[part][i] == 0]
        if empty:
            raise DataError(
                f"no {part} images of class {', '.join(map(repr, empty))}: every class needs test "
                "images and every seen class training images; check the data set's files"
            )


def _draw_validation(
    labels: Int, seen: Int, split: Split
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Stratified: the rounded share of each seen class, at least one image left to train on."""
    held_out = np.zeros(len(labels), dtype=np.bool_)
    for label in seen:
        rows = np.flatnonzero(labels == label)
        count = min(round(split.validation * len(rows)), len(rows) - 1)
        if split.validation > 0 and count == 0 and len(rows) > 1:
            count = 1
        order = np.argsort(_keys(f"validation:{split.split_seed}", rows), kind="stable")
        held_out[rows[order[:count]]] = True
    return held_out


def _keys(key: str, rows: Int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    digests = (hashlib.sha256(f"{key}:{row}".encode()).digest()[:8] for row in rows)
    return np.frombuffer(b"".join(digests), ">u8").astype(np.uint64)
