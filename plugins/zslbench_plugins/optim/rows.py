"""Feature matrices as torch sees them: the same memory, read in blocks of rows, never written."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

BLOCK = 1024  # rows: 52 MB at 12,800 features; smaller ones leave the processor waiting


def as_tensor(X: NDArray[Any]) -> torch.Tensor:
    """Return ``X`` (n, d) as a float32 tensor on the same memory where it is float32 already.

    torch warns of read-only memory, since it cannot keep others from writing; nobody here does.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(X, dtype=np.float32))


def blocks(n: int, size: int = BLOCK) -> Iterator[slice]:
    """Yield slices of at most ``size`` rows that cover ``n`` rows."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))
