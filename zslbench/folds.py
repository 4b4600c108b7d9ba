"""Folds: some seen classes play unseen, and all that a detector reads is fitted without them.

A detector that learns what unseen images look like can learn it only from classes that its inputs
have not seen either, so standardisation, mapping and seen classifier are fitted again a fold.
The backbone is not: it learns from images without labels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.contracts import ClassTable, Fold, View
from zslbench.errors import InputError
from zslbench.fitting import decide, map_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zslbench.bench import Bench
    from zslbench.contracts import Float32, Int, Progress, ViewInput
    from zslbench.feature_table import FeatureTable
    from zslbench.stages import Arrays

FOLDS = 4
FEWEST = 4  # seen classes: with fewer, a fold's mapping would know one or two

PARTS = ("train", "validation", "novel")


def needs_folds(detector: Any) -> bool:
    """Whether the detector learns from classes that play unseen."""
    return bool(getattr(detector, "needs_folds", False))


def folds_wanted(detector: Any) -> int:
    """How many folds it asks for."""
    return int(getattr(detector, "folds", FOLDS))


def deal(names: Sequence[str], count: int, *, split_seed: int) -> tuple[tuple[str, ...], ...]:
    """Deal seen classes out into ``count`` groups whose sizes differ by one at most.

    The order is that of a keyed hash of the names. Raises InputError for too few classes.
    """
    if len(names) < max(FEWEST, count):
        raise InputError(
            f"folds need at least {max(FEWEST, count)} seen classes, and there are {len(names)}: "
            "choose a novelty detector that learns from no folds, see 'zslbench list novelty'"
        )

    def key(name: str) -> bytes:
        return hashlib.sha256(f"fold:{split_seed}:{name}".encode()).digest()

    order = sorted(names, key=key)
    return tuple(tuple(sorted(order[i::count])) for i in range(count))


class FoldTable:
    """The folds of a task, their stages cached one by one and shared by all who ask."""

    def __init__(
        self,
        bench: Bench,
        features: FeatureTable,
        y: Mapping[str, Int],
        classes: ClassTable,
        key: Mapping[str, Any],
    ) -> None:
        """``y``: labels of the training and validation parts; ``key``: of what is mapped."""
        self._bench = bench
        self._features = features
        self._y = np.concatenate([y["train"], y["validation"]])
        self._held_out = np.arange(len(self._y)) >= len(y["train"])
        self._classes = classes
        self._key = key

    def folds(self, inputs: frozenset[ViewInput], *, count: int) -> tuple[Fold, ...]:
        """Return ``count`` folds with the spaces ``inputs``; raise InputError where there can be
        none."""
        names = [self._classes.names[c] for c in self._classes.seen]
        groups = deal(names, count, split_seed=self._bench.task.split_seed)
        if not self._held_out.any():
            raise InputError(
                "folds compare classes that play unseen with held-out seen images, and none are "
                "held out: give --validation a share > 0"
            )
        return tuple(
            self._fold(set(group), inputs, f"fold {number} of {count}")
            for number, group in enumerate(groups, 1)
        )

    def _fold(self, left_out: set[str], inputs: frozenset[ViewInput], title: str) -> Fold:
        rows, y, classes = self._split(left_out)
        features = _Once(lambda: self._features.refitted(*(rows[part] for part in PARTS)))
        spaces = _Spaces(self._bench, features, y, classes, self._fold_key(left_out), title)
        views = {part: spaces.view(part, inputs) for part in PARTS}
        evaluation = _joined(views["validation"], views["novel"])
        novel = np.repeat([False, True], [len(rows["validation"]), len(rows["novel"])])
        return Fold(views["train"], y["train"], classes, evaluation, novel)

    def _split(self, left_out: set[str]) -> tuple[dict[str, Int], dict[str, Int], ClassTable]:
        """Rows of the seen images a part, their labels in the fold's own table, and that table."""
        table, embedding = self._classes, self._classes.embedding
        kept = np.array([c for c in table.seen if table.names[c] not in left_out])
        is_kept = np.isin(self._y, kept)
        rows = {
            "train": np.flatnonzero(is_kept & ~self._held_out),
            "validation": np.flatnonzero(is_kept & self._held_out),
            "novel": np.flatnonzero(~is_kept),
        }
        y = {part: np.searchsorted(kept, self._y[rows[part]]) for part in PARTS[:2]}
        classes = ClassTable(
            names=tuple(table.names[c] for c in kept),
            roles=tuple("seen" for _ in kept),
            embedding=embedding and replace(embedding, values=embedding.values[kept]),
        )
        return rows, y, classes

    def _fold_key(self, left_out: set[str]) -> dict[str, Any]:
        return {**self._key, "left_out": sorted(left_out)}


class _Once:
    """The features of a fold, standardised when the first stage asks for them."""

    def __init__(self, make: Any) -> None:
        self._make = make
        self._made: dict[str, Float32] | None = None

    def __call__(self) -> dict[str, Float32]:
        if self._made is None:
            self._made = dict(zip(PARTS, self._make(), strict=True))
        return self._made


class _Spaces:
    """Z, logits and prototypes of one fold, each a cached stage."""

    def __init__(
        self,
        bench: Bench,
        features: _Once,
        y: Mapping[str, Int],
        classes: ClassTable,
        key: Mapping[str, Any],
        title: str,
    ) -> None:
        self._bench, self._features, self._y, self._classes = bench, features, y, classes
        self._key, self._title = key, title

    def view(self, part: str, inputs: frozenset[ViewInput]) -> View:
        embedding = self._classes.embedding
        return View(
            X=self._features()[part] if "X" in inputs else None,
            Z=self._mapped[f"Z_{part}"] if "Z" in inputs else None,
            logits=self._logits[part] if "logits" in inputs else None,
            prototypes=self._mapped["prototypes"] if "prototypes" in inputs else None,
            metric=embedding.metric if embedding else "euclidean",
        )

    @cached_property
    def _mapped(self) -> Arrays:
        def compute(progress: Progress) -> Arrays:
            return map_parts(self._bench, self._features(), self._y, self._classes, progress)

        return self._bench.stages.arrays(
            f"mapping, {self._title}", self._key, compute, inputs=self._features
        )

    @cached_property
    def _logits(self) -> Arrays:
        bench = self._bench
        inputs = bench.create("seen_classifier").inputs

        def compute(progress: Progress) -> Arrays:
            return decide(
                bench,
                "seen_classifier",
                self._classes,
                "seen",
                train=lambda: self.view("train", inputs),
                y=self._y["train"],
                # the fold's own: of its classes, and neither mapping nor classifier learnt them
                held_out=lambda: (self.view("validation", inputs), self._y["validation"]),
                views={part: lambda part=part: self.view(part, inputs) for part in PARTS},  # type: ignore[misc]
                progress=progress,
            )

        key = {**self._key, "seen_classifier": bench.identities["seen_classifier"]}
        return bench.stages.arrays(
            f"seen classifier, {self._title}", key, compute, inputs=self._features
        )


def _joined(first: View, second: View) -> View:
    """The images of both, one after the other."""
    spaces: dict[str, Any] = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])
        for name in ("X", "Z", "logits")
        if getattr(first, name) is not None
    }
    return replace(first, **spaces)
