"""Backbones: images in, features out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.contracts import Pretraining
from zslbench.enforce import check_features
from zslbench.images import PartImages
from zslbench.testing import samples
from zslbench.testing.laws import Outputs, check_laws, learnt, untouched

if TYPE_CHECKING:
    from zslbench.contracts import Int
    from zslbench.testing.subject import Subject


def check_backbone(subject: Subject) -> None:
    """Features (b, d) float32 with the d that it says, from what it learnt alone."""
    images, y = samples.pictures()
    training = np.flatnonzero(np.isin(y, samples.class_table().seen))
    test = images[training[:30]]
    _check_attributes(subject)

    def fit(backbone: Any, subject: Subject, read_only: bool) -> Any:
        pixels = images.copy()
        with untouched(subject, "fit", read_only, images=pixels):
            return backbone.fit(PartImages(pixels, training), context=samples.CONTEXT)

    def transform(backbone: Any, rows: Int) -> Outputs:
        block = test[rows]
        with untouched(subject, "transform", False, images=block):
            X = backbone.transform(block, context=samples.CONTEXT)
        height, width, channels = block.shape[1:]
        check_features(X, len(rows), backbone.dim((height, width, channels)), subject.what)
        return {"features": X}

    whole = check_laws(subject, fit, transform, len(test), "transform")
    if subject.create().fit_on != "nothing":
        _check_restores(subject, fit, transform, whole)


def _check_attributes(subject: Subject) -> None:
    backbone = subject.create()
    allowed = ("seen", "train-unlabelled", "nothing")
    subject.require(
        backbone.fit_on in allowed,
        f"fit_on is {backbone.fit_on!r}; expected one of {', '.join(allowed)}",
    )
    subject.require(
        backbone.pretraining is None or isinstance(backbone.pretraining, Pretraining),
        f"pretraining is {backbone.pretraining!r}; expected a Pretraining, or None for none",
    )
    floor = backbone.variance_floor
    subject.require(
        floor is None or (isinstance(floor, (int, float)) and floor >= 0),
        f"variance_floor is {floor!r}; expected a number ≥ 0, or None",
    )


def _check_restores(subject: Subject, fit: Any, transform: Any, whole: Outputs) -> None:
    """A later run sets what was learnt on a new instance, instead of fitting it."""
    fitted, restored = subject.create(), subject.create()
    with subject.calling("fit"):
        fit(fitted, subject, False)
    for name, value in learnt(fitted).items():
        subject.require(
            isinstance(value, (np.ndarray, np.generic, int, float)),
            f"learnt attribute {name!r} is a {type(value).__name__}; expected an array or a number",
        )
        kept = np.asarray(value)
        setattr(restored, name, kept if kept.ndim else kept.item())
    with subject.calling("transform after its learnt attributes were restored"):
        again = transform(restored, np.arange(len(whole["features"])))
    subject.require(
        np.array_equal(again["features"], whole["features"]),
        "restored from its attributes that end in _, it gives other features; all that is learnt "
        "must stand in them",
    )
