"""Class vectors of several embeddings, one after the other."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from zslbench.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from zslbench.contracts import Context, Embedding, Floats, Metric, Places, WordVectors


class ConcatEmbedder:
    """[S₁ / r₁, S₂ / r₂, …], with r the root mean square norm of a part's class vectors.

    Each part then says as much as any other of how far two classes are apart; ``scale`` = "none"
    leaves the vectors as they are. The vectors of a part whose metric is the cosine are brought to
    length one first. Distances are Euclidean.
    """

    metric: ClassVar[Metric] = "euclidean"
    space: ClassVar[str | None] = None
    aliases: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def __init__(self, parts: tuple[str, ...] = (), scale: str = "rms") -> None:
        self.parts = parts
        self.scale = scale

    def sources(self, places: Places) -> tuple[Path, ...]:
        """None of its own: each part has its own."""
        return ()

    def vectors(
        self,
        words: Sequence[str],
        *,
        sentences: Iterable[str] | None,
        places: Places,
        context: Context,
    ) -> WordVectors:
        """Raise InputError: it has no words of its own, only :meth:`combine`."""
        raise InputError(
            "embedding 'concat' needs parts: write --set embedding.parts=NAME,NAME, see "
            "'zslbench list embedding'"
        )

    def combine(self, parts: tuple[Embedding, ...]) -> Floats:
        """Return the parts' class vectors side by side (c, k₁ + k₂ + …), float64."""
        return np.concatenate([self._scaled(part) for part in parts], axis=1)

    def _scaled(self, part: Embedding) -> Floats:
        values: Floats = part.values.astype(np.float64)
        if part.metric == "cosine":
            lengths = np.linalg.norm(values, axis=1, keepdims=True)
            values = values / np.where(lengths > 0, lengths, 1)
        size = float(np.sqrt(np.square(values).sum(axis=1).mean()))
        return values / size if self.scale == "rms" and size > 0 else values
