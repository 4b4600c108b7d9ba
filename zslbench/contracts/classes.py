"""Classes, and the vectors that stand for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from zslbench.contracts.basics import (
        Candidates,
        Context,
        Float32,
        Floats,
        Int,
        Metric,
        Places,
        Role,
    )


@dataclass(frozen=True)
class WordVectors:
    """What an embedding knows of the words it was asked for."""

    vectors: Mapping[str, Floats]  # word or phrase → (k,)
    untrained: frozenset[str] = frozenset()  # known, but with a vector that was never trained
    counts: Mapping[str, int] | None = None  # occurrences in the corpus it was learnt from


class Embedder(Protocol):
    """The class embedding's plugin: a source of vectors for words and phrases.

    One that is made of others, named by a parameter of type ``components``, offers
    ``combine(parts: tuple[Embedding, ...])`` → (c, k) besides: the harness resolves each part by
    itself, and doesn't ask for ``vectors``.
    """

    metric: Metric
    space: str | None  # a named image–text space; None for a space of words alone
    aliases: Mapping[str, str]  # class name → the word that stands for it

    def sources(self, places: Places) -> tuple[Path, ...]:
        """The files that :meth:`vectors` will read (fetched where absent and allowed)."""
        ...

    def vectors(
        self,
        words: Sequence[str],
        *,
        sentences: Iterable[str] | None,
        places: Places,
        context: Context,
    ) -> WordVectors:
        """Vectors of those of ``words`` that are known; ``sentences`` is the data set's corpus."""
        ...


@dataclass(frozen=True)
class Embedding:
    """Class vectors as resolved by the harness, one row a class in the order of ClassTable."""

    values: Float32  # (c, k)
    metric: Metric
    space: str | None
    resolved: Mapping[str, str]  # class name → the words whose vectors were averaged
    untrained: tuple[str, ...] = ()
    counts: Mapping[str, int] | None = None


@dataclass(frozen=True)
class ClassTable:
    """The classes of a task in canonical (sorted) order, what each is, and what stands for it.

    After them come distractors, where there are any: words that no image is of, which the unseen
    classifier may choose among (Socher et al. 2013, § 6.7).
    """

    names: tuple[str, ...]
    roles: tuple[Role, ...]
    embedding: Embedding | None = None

    @cached_property
    def seen(self) -> Int:
        """Indices of the seen classes, ascending (c_s,)."""
        return self._where("seen")

    @cached_property
    def unseen(self) -> Int:
        """Indices of the unseen classes, ascending (c_u,)."""
        return self._where("unseen")

    @cached_property
    def distractors(self) -> Int:
        """Indices of the distractors, ascending."""
        return self._where("distractor")

    def candidates(self, which: Candidates) -> Int:
        """Indices of the candidates, ascending (c_v,); ``all`` is every class, no distractor."""
        group, plus, _ = which.partition("+")
        roles: tuple[Role, ...] = ("seen", "unseen") if group == "all" else (group,)  # type: ignore[assignment]
        return self._where(*roles, *(("distractor",) if plus else ()))

    def _where(self, *roles: Role) -> Int:
        import numpy as np

        return np.flatnonzero(np.array([r in roles for r in self.roles])).astype(np.int64)
