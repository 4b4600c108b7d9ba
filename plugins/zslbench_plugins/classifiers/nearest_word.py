"""The nearest word vector (Socher et al. 2013, § 5: Gaussians of one width round unseen words)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from zslbench_plugins.mappings.mapped import mapped

if TYPE_CHECKING:
    from zslbench.contracts import Candidates, ClassTable, Context, Floats, Int, View, ViewInput

BLOCK = 4096  # rows a step: memory stays bounded whatever the number of images


class NearestWordClassifier:
    """Scores −‖f − w‖² for each candidate prototype w, or the cosine where the view's metric is so.

    The most probable class under isotropic Gaussians of one width round the word vectors is the
    nearest word. ``candidates`` is what it chooses among as the unseen classifier of a method.
    """

    inputs: ClassVar[frozenset[ViewInput]] = frozenset({"Z", "prototypes"})

    def __init__(self, candidates: Candidates = "unseen") -> None:
        self.candidates = candidates

    def fit(
        self,
        view: View,
        y: Int,
        classes: ClassTable,
        *,
        candidates: Candidates,
        context: Context,
    ) -> Self:
        """Keep the prototypes (c_v, m) of ``candidates``."""
        _, prototypes = mapped(view, "nearest-word")
        self.prototypes_ = prototypes[classes.candidates(candidates)].astype(np.float64)
        return self

    def decision(self, view: View) -> Floats:
        """Return scores (n, c_v) float64, from differences, so that near ties come out right."""
        Z, _ = mapped(view, "nearest-word")
        out = np.empty((len(Z), len(self.prototypes_)))
        for start in range(0, len(Z), BLOCK):
            rows = Z[start : start + BLOCK].astype(np.float64)
            score = _cosine if view.metric == "cosine" else _closeness
            out[start : start + BLOCK] = score(rows, self.prototypes_)
        return out


def _closeness(rows: Floats, prototypes: Floats) -> Floats:
    columns = [np.square(rows - prototype).sum(axis=1) for prototype in prototypes]
    closeness: Floats = -np.stack(columns, axis=1)
    return closeness


def _cosine(rows: Floats, prototypes: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1)[:, None] * np.linalg.norm(prototypes, axis=1)
    products: Floats = rows @ prototypes.T
    cosine: Floats = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    return cosine
