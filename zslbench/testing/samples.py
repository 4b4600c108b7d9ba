"""Small synthetic inputs: six classes, two of them unseen, whose features say which they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.contracts import ClassTable, Context, Embedding, Fold, View

if TYPE_CHECKING:
    from zslbench.contracts import Float32, Floats, Int, Role, UInt8, ViewInput

NAMES = ("ant", "bee", "cat", "dog", "eel", "fox")
ROLES: tuple[Role, ...] = ("seen", "unseen", "seen", "seen", "unseen", "seen")
EACH = 20  # images a class
FAR = 50.0  # typical distances from the training images, for what must be novel
CONTEXT = Context(seed=3, threads=1)


@dataclass(frozen=True)
class Sample:
    """Images of some classes in every space that a component may read."""

    X: Float32  # (n, 12)
    Z: Float32  # (n, 5)
    logits: Floats  # (n, c_s)
    prototypes: Float32  # (c, 5)
    y: Int  # (n,)

    def view(self, inputs: frozenset[ViewInput], rows: Int | slice = slice(None)) -> View:
        """What a component that reads ``inputs`` gets of the images at ``rows``: copies."""
        return View(
            X=self.X[rows].copy() if "X" in inputs else None,
            Z=self.Z[rows].copy() if "Z" in inputs else None,
            logits=self.logits[rows].copy() if "logits" in inputs else None,
            prototypes=self.prototypes.copy() if "prototypes" in inputs else None,
        )


@cache
def class_table() -> ClassTable:
    """The six classes with vectors (6, 5)."""
    values = np.random.default_rng(0).normal(size=(len(NAMES), 5)).astype(np.float32)
    resolved = {name: name for name in NAMES}
    return ClassTable(NAMES, ROLES, Embedding(values, "euclidean", None, resolved))


def sample(classes: Int, seed: int) -> Sample:
    """``EACH`` images of each of ``classes``, in a random order."""
    rng = np.random.default_rng([seed, 1])
    S = class_vectors()
    y = rng.permutation(np.repeat(classes, EACH)).astype(np.int64)
    spread = np.random.default_rng(1).normal(size=(S.shape[1], 12))
    X = S[y] @ spread + rng.normal(scale=0.3, size=(len(y), 12))
    Z = (S[y] + rng.normal(scale=0.3, size=(len(y), S.shape[1]))).astype(np.float32)
    return Sample(X.astype(np.float32), Z, _logits(Z, S), S, y)


def training() -> Sample:
    """Images of seen classes."""
    return sample(class_table().seen, seed=0)


def testing() -> Sample:
    """Other images, of all classes."""
    return sample(np.arange(len(NAMES)), seed=1)


def held_out() -> Sample:
    """Images of seen classes that nothing was fitted on."""
    return sample(class_table().seen, seed=2)


def far_away() -> Sample:
    """Images that are like none of the training images, in every space."""
    near = training()
    rng = np.random.default_rng(2)

    def away(points: Float32) -> Float32:
        direction = rng.normal(size=points.shape[1])
        step = FAR * float(points.std()) * direction / np.linalg.norm(direction)
        return (points + step).astype(np.float32)

    unsure = np.full_like(near.logits, near.logits.min() - FAR)
    return Sample(away(near.X), away(near.Z), unsure, near.prototypes, near.y)


def folds(inputs: frozenset[ViewInput]) -> tuple[Fold, ...]:
    """One fold for each seen class, which plays unseen in it: far from the others in every space.

    Its images are moved away, since the spaces here aren't learnt, and know every class.
    """
    return tuple(_fold(label, inputs) for label in class_table().seen)


def _fold(left_out: int, inputs: frozenset[ViewInput]) -> Fold:
    table, train, apart, far = class_table(), training(), held_out(), far_away()
    kept = np.array([label for label in table.seen if label != left_out])
    columns = np.searchsorted(table.seen, kept)

    def view(of: Sample, rows: Int) -> View:
        whole = of.view(inputs, rows)
        logits = None if whole.logits is None else whole.logits[:, columns]
        prototypes = None if whole.prototypes is None else whole.prototypes[kept]
        return replace(whole, logits=logits, prototypes=prototypes)

    own = np.flatnonzero(train.y != left_out)
    known = view(apart, np.flatnonzero(apart.y != left_out))
    novel = view(far, np.flatnonzero(far.y == left_out))
    spaces: dict[str, Any] = {
        name: np.concatenate([getattr(known, name), getattr(novel, name)])
        for name in ("X", "Z", "logits")
        if getattr(known, name) is not None
    }
    names = tuple(table.names[label] for label in kept)
    counts = [int((apart.y != left_out).sum()), int((far.y == left_out).sum())]
    return Fold(
        train=view(train, own),
        y=np.searchsorted(kept, train.y[own]),
        classes=ClassTable(names, tuple("seen" for _ in names)),
        evaluation=replace(known, **spaces),
        is_pseudo_unseen=np.repeat([False, True], counts),
    )


def class_vectors() -> Float32:
    """S (6, 5)."""
    embedding = class_table().embedding
    if embedding is None:
        raise LookupError("the sample's classes have no vectors")
    return embedding.values


@cache
def pictures() -> tuple[UInt8, Int]:
    """(120, 32, 32, 3) images of the six classes with labels: blots in a class's own colour."""
    rng = np.random.default_rng(4)
    y = rng.permutation(np.repeat(np.arange(len(NAMES)), EACH)).astype(np.int64)
    colours = rng.integers(60, 256, size=(len(NAMES), 3))
    rows, columns = np.mgrid[:32, :32]
    centre = rng.uniform(10, 22, size=(2, len(y), 1, 1))
    inside = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < rng.uniform(
        20, 90, size=(len(y), 1, 1)
    )
    images = np.where(inside[..., None], colours[y][:, None, None], 40)
    noisy = images + rng.normal(scale=12, size=images.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), y


def _logits(Z: Float32, S: Float32) -> Floats:
    squares = ((Z[:, None].astype(np.float64) - S[class_table().seen]) ** 2).sum(axis=2)
    logits: Floats = -squares
    return logits
