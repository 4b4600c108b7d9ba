"""Embeddings: words in, vectors out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, get_args

import numpy as np

from zslbench.contracts import Metric, WordVectors
from zslbench.enforce import check_floats
from zslbench.testing import samples

if TYPE_CHECKING:
    from zslbench.contracts import Places
    from zslbench.testing.subject import Subject

COMPANY = ("wood", "hive", "house", "river", "hill", "night", "stone", "leaf")


def check_embedding(subject: Subject, places: Places, words: Sequence[str]) -> None:
    """One width, finite numbers, no word that was not asked for, the same for the same seed.

    Raises DataError where its files are absent.
    """
    embedder = subject.create()
    subject.require(
        embedder.metric in get_args(Metric),
        f"metric is {embedder.metric!r}; expected one of {', '.join(get_args(Metric))}",
    )
    subject.require(
        isinstance(embedder.aliases, Mapping)
        and all(isinstance(x, str) for pair in embedder.aliases.items() for x in pair),
        "aliases must map class names to words",
    )
    subject.find_files(embedder, places)
    first, again = (_vectors(subject, places, words) for _ in range(2))
    subject.require(
        bool(first.vectors), f"it knows none of {', '.join(words)}; give words that it knows"
    )
    _check_vectors(subject, first, words)
    subject.require(
        first.vectors.keys() == again.vectors.keys()
        and all(np.array_equal(first.vectors[w], again.vectors[w]) for w in first.vectors),
        "asked again with the same seed it gives other vectors; draw every random number from "
        "context.seed",
    )


def _vectors(subject: Subject, places: Places, words: Sequence[str]) -> WordVectors:
    asked, before = list(words), list(words)
    with subject.calling("vectors"):
        known: WordVectors = subject.create().vectors(
            asked, sentences=_sentences(words), places=places, context=samples.CONTEXT
        )
    subject.require(asked == before, "vectors changed the list of words")
    subject.require(
        isinstance(known, WordVectors),
        f"vectors gave a {type(known).__name__}; expected WordVectors",
    )
    return known


def _check_vectors(subject: Subject, known: WordVectors, words: Sequence[str]) -> None:
    beyond = sorted(set(known.vectors) - set(words))
    subject.require(not beyond, f"vectors gave words that were not asked for: {', '.join(beyond)}")
    widths = sorted({np.asarray(vector).size for vector in known.vectors.values()})
    subject.require(len(widths) == 1, f"vectors of widths {widths}; expected one width")
    with subject.calling("vectors"):
        for word, vector in known.vectors.items():
            check_floats(np.asarray(vector), (None,), f"{subject.what}: the vector of {word!r}")
    subject.require(
        known.untrained <= set(known.vectors), "untrained names words that have no vector"
    )


def _sentences(words: Sequence[str]) -> list[str]:
    """A corpus in which each word keeps company of its own."""
    rng = np.random.default_rng(5)
    return [
        " ".join([*rng.permutation([COMPANY[i % 8], COMPANY[(i + 1) % 8]]), word])
        for _ in range(100)
        for i, word in enumerate(words)
    ]
