"""Whether a backbone was pre-trained on a class, by descent in WordNet 3.0."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from zslbench.embeddings import plain

if TYPE_CHECKING:
    from zslbench.contracts import Pretraining

Overlap = Literal["overlap", "none", "unknown"]


def overlap(pretraining: Pretraining | None, class_names: Iterable[str]) -> dict[str, Overlap]:
    """Say of each class whether the pre-training had a label for it.

    ``overlap``: a label is one of the class's synsets, a hyponym of one (*tabby* of *cat*), or a
    hypernym (*cat* of *tabby*: some of its images may have been of the class). ``none``: no label
    is, or there was no pre-training, or none with labels. ``unknown``: the vocabulary is open (its
    captions may have named anything), or the class has no synset in the table; both are neither
    accused nor cleared.

    Synsets are those of ``wordnet_classes.json``; names are compared as
    :func:`~zslbench.embeddings.plain` has them.
    """
    if pretraining is None or pretraining.labels == frozenset():
        return dict.fromkeys(class_names, "none")
    labels = pretraining.labels
    found: dict[str, Overlap] = {}
    for name in class_names:
        related = relatives(name)
        if labels is None or related is None:
            found[name] = "unknown"
        else:
            found[name] = "none" if labels.isdisjoint(related) else "overlap"
    return found


@cache
def relatives(name: str) -> frozenset[str] | None:
    """A class's synsets, all their hyponyms in the table, all their hypernyms; None: no synset."""
    synsets = _table()["classes"].get(plain(name))
    if synsets is None:
        return None
    below, above = _reached(synsets, _table()["hyponyms"]), _reached(synsets, _hypernyms())
    return frozenset(below) | frozenset(above)


def _reached(synsets: Iterable[str], edges: Mapping[str, Iterable[str]]) -> Iterator[str]:
    waiting, seen = list(synsets), set[str]()
    while waiting:
        synset = waiting.pop()
        if synset not in seen:
            seen.add(synset)
            yield synset
            waiting += edges.get(synset, ())


@cache
def _table() -> dict[str, Any]:
    """``classes``: name → synsets. ``hyponyms``: synset → its direct hyponyms."""
    text = files("zslbench").joinpath("wordnet_classes.json").read_text(encoding="utf-8")
    table = json.loads(text)
    table["hyponyms"] = {parent: words.split() for parent, words in table["hyponyms"].items()}
    return dict(table)


@cache
def _hypernyms() -> dict[str, list[str]]:
    upwards: dict[str, list[str]] = {}
    for parent, children in _table()["hyponyms"].items():
        for child in children:
            upwards.setdefault(child, []).append(parent)
    return upwards
