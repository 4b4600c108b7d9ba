"""Random class vectors: what an embedding that knows nothing of the classes is worth."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from zslbench.contracts import WordVectors

if TYPE_CHECKING:
    from zslbench.contracts import Context, Floats, Metric, Places


class RandomEmbedder:
    """A direction drawn uniformly for each word, scaled to ``norm``: every word is known.

    The vector is a function of the context's seed, ``draw``, the word and the parameters alone, so
    a word keeps it whatever others are asked for. ``draw`` gives other vectors while the seed, and
    all that is drawn from it, stays.
    """

    metric: Metric = "euclidean"
    space: str | None = None
    aliases: Mapping[str, str] = MappingProxyType({})

    def __init__(self, dim: int = 50, norm: float = 1.0, draw: int = 0) -> None:
        self.dim = dim
        self.norm = norm
        self.draw = draw

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Return nothing: no file is read."""
        return ()

    def vectors(
        self,
        words: Sequence[str],
        *,
        sentences: Iterable[str] | None,
        places: Places,
        context: Context,
    ) -> WordVectors:
        """Return a vector (dim,) of length ``norm`` for each of ``words``."""
        return WordVectors({word: self._vector(word, context.seed) for word in words})

    def _vector(self, word: str, seed: int) -> Floats:
        number = f"{seed}\0{self.draw}" if self.draw else str(seed)
        digest = hashlib.sha256(f"{number}\0{word}".encode()).digest()
        generator = np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))
        vector = generator.standard_normal(self.dim)
        return vector * (self.norm / np.linalg.norm(vector))
