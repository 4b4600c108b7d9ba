"""The numbers that a fit leaves behind: loss, passes, the ridge that was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

PREFIX = "fitted."  # of their names among a stage's arrays


def fitted_numbers(component: Any) -> dict[str, Any]:
    """The learnt attributes of ``component`` that are single numbers, as arrays of a stage."""
    return {
        PREFIX + name.rstrip("_"): np.asarray(value, dtype=np.float64)
        for name, value in vars(component).items()
        if name.endswith("_") and isinstance(value, (int, float, np.number))
    }


def read_fitted(arrays: Mapping[str, Any]) -> dict[str, float]:
    """The numbers that :func:`fitted_numbers` put among a stage's arrays."""
    return {
        name[len(PREFIX) :]: float(value)
        for name, value in arrays.items()
        if name.startswith(PREFIX)
    }
