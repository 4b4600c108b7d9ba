"""Isotropic Gaussians of one width round the word vectors (Socher et al. 2013, § 5)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from zslbench.errors import InputError
from zslbench_plugins.mappings.mapped import mapped

if TYPE_CHECKING:
    from zslbench.contracts import Candidates, ClassTable, Context, Floats, Int, View, ViewInput

BLOCK = 4096  # rows a step: memory stays bounded whatever the number of images


class IsotropicGaussianClassifier:
    """Scores −‖f − w_y‖² / (2σ²): log P(y | f) with equal priors, up to a constant an image.

    The best candidate is the nearest word, whatever σ; what σ sets is how sure it is, for gates
    that weigh probabilities. ``width`` is "held-out": σ² is the mean of ‖f − w_y‖² / m over
    held-out seen images and their own words; "train": over the training images, which the mapping
    has seen, so optimistic; or a number, σ itself (1 in the authors' code). Where the view's metric
    is the cosine, all vectors are brought to length 1 first; a vector of zeros stays.
    """

    inputs: ClassVar[frozenset[ViewInput]] = frozenset({"Z", "prototypes"})

    def __init__(self, candidates: Candidates = "unseen", width: str = "held-out") -> None:
        self.candidates = candidates
        self.width = width

    @property
    def needs_held_out(self) -> bool:
        """Whether σ is set on held-out seen images."""
        return self.width == "held-out"

    def check(self, *, validation: float) -> None:
        """Raise InputError for a width that cannot be, or that no seen image is held out for."""
        if self.needs_held_out and not validation:
            raise _no_images()
        if self.width not in ("held-out", "train"):
            _read(self.width)

    def fit(
        self,
        view: View,
        y: Int,
        classes: ClassTable,
        *,
        candidates: Candidates,
        context: Context,
        held_out: tuple[View, Int] | None = None,
    ) -> Self:
        """Keep the prototypes (c_v, m) of ``candidates``, and σ as ``width_``.

        Raises InputError where σ cannot be set: for lack of held-out images, where all images lie
        on their words, and for a ``width`` that is neither a word it knows nor a number > 0.
        """
        prototypes = mapped(view, "isotropic-gaussian")[1]
        if self.needs_held_out:
            if held_out is None or not len(held_out[1]):
                raise _no_images()
            self.width_ = _spread(*held_out, "held-out")
        else:
            self.width_ = (
                _spread(view, y, "training") if self.width == "train" else _read(self.width)
            )
        self.prototypes_ = prototypes[classes.candidates(candidates)]
        return self

    def decision(self, view: View) -> Floats:
        """Return scores (n, c_v) float64, from differences, so that near ties come out right."""
        Z, _ = mapped(view, "isotropic-gaussian")
        words = _scaled(self.prototypes_, view)
        out = np.empty((len(Z), len(words)))
        for start in range(0, len(Z), BLOCK):
            rows = _scaled(Z[start : start + BLOCK], view)
            columns = [np.square(rows - word).sum(axis=1) for word in words]
            out[start : start + BLOCK] = np.stack(columns, axis=1)
        out /= -2 * self.width_**2
        return out


def _spread(view: View, y: Int, which: str) -> float:
    """σ: the root of the mean of ‖f − w_y‖² / m over images and their own words."""
    Z, prototypes = mapped(view, "isotropic-gaussian")
    words, total = _scaled(prototypes, view), 0.0
    for start in range(0, len(Z), BLOCK):
        some = slice(start, start + BLOCK)
        total += float(np.square(_scaled(Z[some], view) - words[y[some]]).sum())
    if not total > 0:
        raise InputError(
            f"isotropic-gaussian: the {len(Z)} mapped {which} images lie on their own classes' "
            "words, and a width > 0 is needed: choose a mapping that does not collapse them, or "
            "set the parameter width to a number"
        )
    return math.sqrt(total / Z.size)


def _read(width: str) -> float:
    try:
        value = float(width)
    except ValueError:
        value = math.nan
    if 0 < value < math.inf:
        return value
    raise InputError(
        f"isotropic-gaussian: width {width!r} must be held-out, train or a number > 0 (σ): set "
        "one, as in --set unseen_classifier.width=1"
    )


def _scaled(vectors: Floats, view: View) -> Floats:
    """float64; at length 1 where the metric is the cosine."""
    points: Floats = vectors.astype(np.float64)
    if view.metric != "cosine":
        return points
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    scaled: Floats = np.divide(points, lengths, out=points, where=lengths > 0)
    return scaled


def _no_images() -> InputError:
    return InputError(
        "isotropic-gaussian sets its width on held-out seen images and there are none: give "
        "--validation a share > 0, or set width=train, as in --set unseen_classifier.width=train"
    )
