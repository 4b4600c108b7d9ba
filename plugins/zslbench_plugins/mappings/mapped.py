"""What components of the word space read of a view: mapped images, and the words' places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zslbench.errors import InputError

if TYPE_CHECKING:
    from zslbench.contracts import Floats, View


def mapped(view: View, who: str) -> tuple[Floats, Floats]:
    """Return Z (n, m) and prototypes (c, m); InputError, for ``who``, where there is no mapping."""
    if view.Z is None or view.prototypes is None:
        raise InputError(f"{who} reads Z and prototypes: give it a method with a mapping")
    return view.Z, view.prototypes
