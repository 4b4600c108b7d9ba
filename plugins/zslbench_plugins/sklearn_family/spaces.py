"""The space that a component was told to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zslbench.errors import InputError

if TYPE_CHECKING:
    from zslbench.contracts import Floats, View


def points_of(view: View, space: str, who: str) -> Floats:
    """Return the points (n, ·) of ``space`` (X, Z or logits); InputError where there are none."""
    points: Floats | None = getattr(view, space, None) if space in ("X", "Z", "logits") else None
    if points is None:
        raise InputError(
            f"{who} reads space {space!r}, which the method does not have: choose another of X, Z "
            "and logits with the parameter 'space'"
        )
    return points
