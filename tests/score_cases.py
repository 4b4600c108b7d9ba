"""Predictions to score: drawn ones, small awkward ones for hypothesis, and plain-loop formulas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from zslbench.contracts import ClassTable, Prediction, TestLabels
from zslbench.score import Scores, score


@dataclass(frozen=True)
class Case:
    prediction: Prediction
    labels: TestLabels
    classes: ClassTable

    def score(self, **options: Any) -> Scores:
        return score(
            self.prediction,
            self.labels,
            self.classes,
            **{"curve": "gate", "resamples": 0, **options},
        )

    @property
    def final(self) -> np.ndarray:
        p = self.prediction
        return np.array(
            [
                k if m > 0 else v
                for k, v, m in zip(p.known_label, p.novel_label, p.margin, strict=True)
            ]
        )


def make_classes(roles: str) -> ClassTable:
    """A class for each letter: ``s`` seen, ``u`` unseen."""
    return ClassTable(
        names=tuple(f"{letter}{i}" for i, letter in enumerate(roles)),
        roles=tuple({"s": "seen", "u": "unseen"}[letter] for letter in roles),
    )


def make_case(
    roles: str, y: Any, known: Any, novel: Any, margin: Any, zsl: Any = None, **more: Any
) -> Case:
    """A case written out; arrays cannot be written to, so that a scorer that tries fails."""
    classes = make_classes(roles)
    labels = np.array(y, dtype=np.int64)
    if zsl is None:
        zsl = np.where(np.isin(novel, classes.unseen), novel, classes.unseen[0])
    if more.get("novelty") is not None:
        more["novelty"] = np.array(more["novelty"], dtype=np.float32)
    arrays = {
        "known_label": np.array(known, dtype=np.int64),
        "novel_label": np.array(novel, dtype=np.int64),
        "zsl_label": np.array(zsl, dtype=np.int64),
        "margin": np.array(margin, dtype=np.float32),
    }
    prediction = Prediction(**arrays, **more)
    for array in [
        *arrays.values(),
        labels,
        *([more["novelty"]] if more.get("novelty") is not None else []),
    ]:
        array.flags.writeable = False
    return Case(prediction, TestLabels(labels, np.isin(labels, classes.unseen)), classes)


def draw_case(
    roles: str, sizes: list[int], *, seed: int = 0, skill: float = 0.7, novelty: bool = True
) -> Case:
    """A case like a real one: ``sizes`` images a class, labels right with probability ``skill``."""
    generator = np.random.Generator(np.random.PCG64(seed))
    classes = make_classes(roles)
    y = generator.permutation(np.repeat(np.arange(len(roles)), sizes))
    n, unseen = len(y), np.isin(y, classes.unseen)

    def guess(candidates: np.ndarray) -> np.ndarray:
        able = np.isin(y, candidates) & (generator.random(n) < skill)
        return np.where(able, y, generator.choice(candidates, n))

    known, zsl, anything = guess(classes.seen), guess(classes.unseen), guess(np.arange(len(roles)))
    value = np.float32(np.round(generator.normal(size=n) + unseen, 2))
    return make_case(
        roles, y, known, anything, 0.5 - value, zsl, novelty=value if novelty else None
    )


@st.composite
def cases(draw: st.DrawFn, *, novelty: bool | None = None) -> Case:
    """Few images, many ties, infinite margins, classes without images, roles in any order.

    ``novelty`` says whether there is any; None: drawn, too.
    """
    middle = draw(st.text("su", min_size=0, max_size=4))
    roles = "".join(draw(st.permutations("su" + middle)))
    classes = make_classes(roles)
    some_seen, some_unseen = int(classes.seen[0]), int(classes.unseen[0])
    any_class = st.integers(0, len(roles) - 1)
    y = [some_seen, some_unseen, *draw(st.lists(any_class, max_size=20))]
    n = len(y)

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=n, max_size=n))

    margins = st.sampled_from([-np.inf, -2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 3.0, np.inf])
    novelty = draw(st.booleans()) if novelty is None else novelty
    return make_case(
        roles,
        y,
        column(st.sampled_from(classes.seen.tolist())),
        column(any_class),
        column(margins),
        column(st.sampled_from(classes.unseen.tolist())),
        novelty=column(st.sampled_from([-1.0, 0.0, 0.25, 2.0])) if novelty else None,
        tied=0.25,
    )


def mean_recall(y: Any, answer: Any, among: Any) -> float:
    """Per-class mean over those classes of ``among`` that occur in ``y``, in plain loops."""
    recalls = []
    for c in among:
        hits = [a == t for t, a in zip(y, answer, strict=True) if t == c]
        if hits:
            recalls.append(sum(hits) / len(hits))
    return sum(recalls) / len(recalls)
