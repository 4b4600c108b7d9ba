"""Class names become vectors: one policy for words, whatever the source; never a silent zero.

A name loses leading digits and a dot (``001.Black_footed_Albatross``); ``_ + - /`` become spaces;
lower case. Then: the source's alias for it, else the whole phrase, else the mean of the vectors of
all its words, else an error that lists every name without a vector.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from zslbench.contracts import Embedding
from zslbench.enforce import check_floats
from zslbench.errors import DataError, PluginError

if TYPE_CHECKING:
    from zslbench.contracts import Context, Embedder, Floats, Places, WordVectors

NEARLY_EQUAL = 0.1  # of the median distance between two classes
NAMED = 5  # pairs of a warning; of 26 words near the origin there would be 325


class EmbeddingWarning(UserWarning):
    """Class vectors that are usable but doubtful."""


def plain(name: str) -> str:
    """``001.Black_footed_Albatross`` → ``black footed albatross``."""
    words = re.sub(r"^\d+\.", "", name)
    return " ".join(re.sub(r"[_+\-/]", " ", words).lower().split())


def resolve(
    embedder: Embedder,
    names: Sequence[str],
    *,
    label: str,
    sentences: Iterable[str] | None,
    places: Places,
    context: Context,
) -> Embedding:
    """Return the vectors of ``names``, a row each; ``label`` names the source in messages.

    Raises DataError where a name has no vector or two names have the same one; warns
    (EmbeddingWarning) of untrained vectors and of nearly equal ones.
    """
    phrases = {name: embedder.aliases.get(plain(name), plain(name)) for name in names}
    asked = sorted({w for phrase in phrases.values() for w in (phrase, *phrase.split())})
    known = embedder.vectors(asked, sentences=sentences, places=places, context=context)
    _check_vectors(known, label)
    chosen = {name: _words(phrase, known.vectors) for name, phrase in phrases.items()}
    missing = [name for name, words in chosen.items() if not words]
    if missing:
        raise DataError(
            f"{label} has no vector for class {', '.join(map(repr, missing))}; "
            "every class needs one: choose another with --embedding, or add the words"
        )
    rows = [np.mean([known.vectors[w] for w in words], axis=0) for words in chosen.values()]
    values = np.stack(rows).astype(np.float32)
    untrained = tuple(n for n, words in chosen.items() if known.untrained.intersection(words))
    embedding = Embedding(
        values=values,
        metric=embedder.metric,
        space=embedder.space,
        resolved={name: " + ".join(words) for name, words in chosen.items()},
        untrained=untrained,
        counts=known.counts,
    )
    check_distinct(embedding, names, label)
    return embedding


def check_distinct(embedding: Embedding, names: Sequence[str], label: str) -> None:
    """Raise DataError for equal class vectors; warn of untrained and of nearly equal ones."""
    if embedding.untrained:
        warnings.warn(
            f"{label}: the vectors of {', '.join(embedding.untrained)} were never trained",
            EmbeddingWarning,
            stacklevel=2,
        )
    equal, near = close_pairs(embedding.values, names)
    if equal:
        raise DataError(
            f"{label} gives equal vectors to {'; '.join(equal)}: no image could be "
            "told from the other; choose another with --embedding"
        )
    if near:
        more = f"; and {len(near) - NAMED:,} more pairs" if len(near) > NAMED else ""
        warnings.warn(
            f"{label} gives nearly equal vectors to {'; '.join(near[:NAMED])}{more}",
            EmbeddingWarning,
            stacklevel=2,
        )


def close_pairs(values: Floats, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the pairs of names with equal vectors, and those nearly equal: closer than a tenth of
    the median distance between two classes."""
    wide = values.astype(np.float64)
    i, j = np.triu_indices(len(wide), 1)
    distance = np.linalg.norm(wide[i] - wide[j], axis=1)
    typical = float(np.median(distance))
    pairs = [f"{names[a]} and {names[b]}" for a, b in combinations(range(len(wide)), 2)]
    equal = [p for p, x in zip(pairs, distance, strict=True) if x == 0]
    near = [p for p, x in zip(pairs, distance, strict=True) if 0 < x < NEARLY_EQUAL * typical]
    return equal, near


def _words(phrase: str, vectors: Mapping[str, Floats]) -> tuple[str, ...]:
    if phrase in vectors:
        return (phrase,)
    words = tuple(phrase.split())
    return words if all(word in vectors for word in words) else ()


def _check_vectors(known: WordVectors, label: str) -> None:
    widths = {len(vector) for vector in known.vectors.values()}
    if len(widths) > 1:
        raise PluginError(
            f"{label} broke its contract: vectors of widths {sorted(widths)}; expected one width"
        )
    for word, vector in known.vectors.items():
        check_floats(np.asarray(vector), (None,), f"{label}: the vector of {word!r}")
