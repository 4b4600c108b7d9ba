"""Contracts held against what components return; a breach names component and expectation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.contracts import Prediction
from zslbench.errors import PluginError, ZSLBenchError

if TYPE_CHECKING:
    from zslbench.contracts import ClassTable, Floats

INVARIANCE_ROWS = 16
INVARIANCE_TOLERANCE = 1e-3  # of the root mean square: float32 products differ by 2e-4 at worst


def check_floats(array: Any, shape: tuple[int | None, ...], what: str) -> None:
    """Raise PluginError unless ``array`` is finite floats of ``shape`` (None: any length)."""
    expected = "(" + ", ".join("any" if s is None else str(s) for s in shape) + ")"
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        got = getattr(array, "dtype", type(array).__name__)
        raise PluginError(
            f"{what} broke its contract: got {got}, expected a float array {expected}"
        )
    fits = array.ndim == len(shape) and all(
        s is None or s == g for s, g in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise PluginError(
            f"{what} broke its contract: got shape {array.shape}, expected {expected}"
        )
    bad = np.count_nonzero(~np.isfinite(array))
    if bad:
        raise PluginError(
            f"{what} broke its contract: {bad} of {array.size} values are NaN or infinite; "
            "expected finite numbers"
        )


def check_features(X: Any, n: int, d: int, what: str) -> None:
    """Raise PluginError unless ``X`` is finite float32 (n, d)."""
    check_floats(X, (n, d), f"{what}: transform")
    if X.dtype != np.float32:
        raise PluginError(f"{what}: transform broke its contract: got {X.dtype}, expected float32")


def check_rowwise(compute: Callable[[slice], Any], whole: Any, what: str) -> None:
    """Raise PluginError where the first rows alone get other values than among all rows.

    A component that looks at the other test images is instance-transductive, another setting.
    """
    rows = slice(0, min(INVARIANCE_ROWS, len(whole)))
    try:
        alone = np.asarray(compute(rows))
    except ZSLBenchError:
        raise
    except (Exception, SystemExit) as error:  # the component's own code
        raise PluginError(
            f"{what} failed on {rows.stop} images alone: {type(error).__name__}: {error}"
        ) from error
    if alone.shape != whole[rows].shape:
        raise PluginError(
            f"{what} broke its contract: {rows.stop} images alone give shape {alone.shape}; "
            f"expected {whole[rows].shape}"
        )
    scale = float(np.sqrt(np.mean(np.square(whole, dtype=np.float64)))) if whole.size else 0.0
    worst = float(np.abs(alone.astype(np.float64) - whole[rows]).max(initial=0.0))
    if not worst <= INVARIANCE_TOLERANCE * max(scale, 1e-30):
        raise PluginError(
            f"{what} broke its contract: {rows.stop} images scored alone differ from the same "
            f"images among all {len(whole)} by {worst:.3g} (root mean square {scale:.3g}); an "
            "image's score must not depend on the other test images"
        )


def check_prediction(prediction: Prediction, n: int, classes: ClassTable, what: str) -> None:
    """Raise PluginError unless every field has the length, type and labels that it should."""
    if not isinstance(prediction, Prediction):
        raise PluginError(f"{what} gave a {type(prediction).__name__}; expected a Prediction")
    for field, allowed in (
        ("known_label", classes.seen),
        ("novel_label", np.arange(len(classes.names))),
        ("zsl_label", classes.candidates("unseen+distractors")),
    ):
        labels = getattr(prediction, field)
        if not isinstance(labels, np.ndarray) or labels.shape != (n,) or labels.dtype.kind != "i":
            raise PluginError(f"{what}: {field} must be {n} integers, got {_shape(labels)}")
        if not np.isin(labels, allowed).all():
            raise PluginError(f"{what}: {field} holds labels outside {allowed.tolist()}")
    margin = prediction.margin
    if not isinstance(margin, np.ndarray) or margin.shape != (n,) or margin.dtype != np.float32:
        raise PluginError(f"{what}: margin must be float32 ({n},), got {_shape(margin)}")
    if np.isnan(margin).any():
        raise PluginError(f"{what}: margin holds NaN; expected numbers or ±inf")
    for field in ("novelty", "p_unseen"):
        if getattr(prediction, field) is not None:
            check_floats(getattr(prediction, field), (n,), f"{what}: {field}")


def tied_share(scores: Floats) -> float:
    """Share of rows of (n, c) whose highest score is reached by more than one class."""
    if not len(scores):
        return 0.0
    best = scores.max(axis=1, keepdims=True)
    return float(((scores == best).sum(axis=1) > 1).mean())


def _shape(array: Any) -> str:
    if isinstance(array, np.ndarray):
        return f"{array.dtype} {array.shape}"
    return type(array).__name__
