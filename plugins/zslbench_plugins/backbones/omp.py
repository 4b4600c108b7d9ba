"""Dictionaries by OMP-1 (gain-shape k-means): one base a patch, of unit length, with a gain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from zslbench_plugins.backbones.workers import Worker, compiled, share_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import Context, Float32

_BLOCK = 256  # patches a product: their products with 1,600 bases fit the cache of one core
_SPAN = 128  # bases a step of the search
_MAGNITUDE = np.int32(0x7FFFFFFF)  # the bits of a float32 without its sign


def learn_dictionary(
    patches: Float32, bases: int, rounds: int, rng: np.random.Generator, *, context: Context
) -> Float32:
    """Learn a dictionary (bases, d) of unit rows from whitened ``patches`` (n, d).

    Each round gives a patch x to the base with the largest |⟨base, x⟩|, and replaces a base by
    Σ ⟨base, x⟩ x over its patches, made unit: Σ ‖x − ⟨base, x⟩ base‖² never rises. A base without
    patches becomes a patch drawn at random. The start is random directions. After Coates and Ng,
    ICML 2011, section 3.1. The result does not depend on ``context.threads``.
    """
    dictionary = _unit(rng.standard_normal((bases, patches.shape[1])))
    index = np.empty(len(patches), np.int32)
    gain = np.empty(len(patches), np.float32)
    for done in range(rounds):
        _assign(patches, dictionary.astype(np.float32), index, gain, threads=context.threads)
        dictionary = np.zeros_like(dictionary)
        _gather(patches, index, gain, dictionary)
        dictionary = _unit(_refill(dictionary, patches, rng))
        context.progress(done + 1, rounds)
    return dictionary.astype(np.float32)


def _assign(
    patches: Float32,
    dictionary: Float32,
    index: NDArray[np.int32],
    gain: Float32,
    *,
    threads: int,
) -> None:
    """Fill ``index`` (n,) with each patch's base and ``gain`` (n,) with its product with it."""
    n = len(patches)
    bases = torch.from_numpy(np.ascontiguousarray(dictionary.T))
    rows = torch.from_numpy(patches)

    def make_worker() -> Worker:
        products = torch.empty((_BLOCK, len(dictionary)), dtype=torch.float32)
        view = products.numpy()

        def assign(block: int) -> None:
            start, stop = block * _BLOCK, min((block + 1) * _BLOCK, n)
            torch.mm(rows[start:stop], bases, out=products[: stop - start])
            _strongest(view[: stop - start], index[start:stop], gain[start:stop])

        return assign

    share_out(-(-n // _BLOCK), make_worker, threads=threads)


@compiled
def _strongest(products: Any, index: Any, gain: Any) -> None:
    """Find the entry of largest magnitude in each row of ``products``; the first of equals."""
    # The magnitudes of floats have the order of their bit patterns without the sign, and a
    # compiler turns a maximum of integers, unlike one of floats, into vector instructions.
    bits = products.view(np.int32)
    bases = bits.shape[1]
    for p in range(len(bits)):
        best = np.int32(-1)
        span = 0
        for start in range(0, bases, _SPAN):
            piece = bits[p, start : start + _SPAN]
            largest = np.int32(0)
            for j in range(len(piece)):
                largest = max(largest, piece[j] & _MAGNITUDE)
            if largest > best:
                best = largest
                span = start
        j = span
        while bits[p, j] & _MAGNITUDE != best:
            j += 1
        index[p] = j
        gain[p] = products[p, j]


@compiled
def _gather(patches: Any, index: Any, gain: Any, sums: Any) -> None:
    """Add gain × patch to its base's row of ``sums`` (bases, d), in the order of the patches."""
    for p in range(len(index)):
        patch = patches[p]
        total = sums[index[p]]
        weight = np.float64(gain[p])
        for k in range(len(patch)):
            total[k] += weight * patch[k]


def _refill(
    sums: NDArray[np.float64], patches: Float32, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Replace the rows of zeros: bases that no patch chose."""
    empty = np.flatnonzero(~sums.any(axis=1))
    sums[empty] = patches[rng.integers(len(patches), size=len(empty))]
    # A whitened patch of zeros has no direction (images of one colour): take a random one.
    still = empty[~sums[empty].any(axis=1)]
    sums[still] = rng.standard_normal((len(still), sums.shape[1]))
    return sums


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths: NDArray[np.float64] = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / lengths
