"""What the reference method must reach, read from the published records.

python benchmarks/scores.py [LEADERBOARDS] prints each figure beside its goal; exit code 1 where
one is missed. Published figures: Socher et al. 2013 (82.5 % seen, about 90 % cat–truck).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

REFERENCE = {
    "method": "socher2013",
    "backbone": "coates2011",
    "mapping": "socher2013",
    "novelty": "gaussian",
    "gate": "hard",
    "seen_classifier": "softmax",
}


@dataclass(frozen=True)
class Goal:
    """A column's mean over seeds must lie at or beyond ``value``."""

    column: str
    meaning: str
    value: float
    at_least: bool = True


GOALS = {
    "cifar10": (
        3,
        "huang2012",
        (
            Goal("known_accuracy", "softmax on the 8 seen classes", 0.825),
            Goal("T1", "cat–truck, everything labelled unseen", 0.91),
            Goal("AUROC", "AUROC of the Gaussian", 0.65),
            Goal("unseen_at_70_seen", "unseen accuracy where the curve passes 70 % seen", 0.34),
        ),
    ),
    "shapes": (
        5,
        "corpus/word2vec",
        (
            Goal("T1", "3 unseen classes, everything labelled unseen", 0.75),
            Goal("H", "harmonic mean of u and s", 0.55),
            Goal("seen_accuracy", "seen accuracy", 0.97, at_least=False),
        ),
    ),
}


def reference_rows(path: Path, embedding: str) -> pd.DataFrame:
    """The rows of the reference method as its recipe has it, one a seed."""
    frame = pd.read_csv(path)
    wanted = frame["reference"].isna() & (frame["embedding"] == embedding)
    for column, value in REFERENCE.items():
        wanted &= frame[column] == value
    return frame[wanted]


def lines(folder: Path) -> Iterator[tuple[str, bool]]:
    """A line for each goal, and whether it is reached."""
    for dataset, (seeds, embedding, goals) in GOALS.items():
        rows = reference_rows(folder / f"{dataset}.csv", embedding)
        yield f"{dataset}: seeds {sorted(rows['seed'])}", len(rows) == seeds
        for goal in goals:
            values = rows[goal.column]
            mean = values.mean()
            reached = bool(mean >= goal.value if goal.at_least else mean <= goal.value)
            sign = "≥" if goal.at_least else "≤"
            yield (
                f"  {goal.meaning:50s} {100 * mean:6.2f} ± {100 * values.std():.2f} %  "
                f"{sign} {100 * goal.value:.1f} %  {'reached' if reached else 'MISSED'}",
                reached,
            )


if __name__ == "__main__":
    found = list(lines(Path(sys.argv[1] if len(sys.argv) > 1 else "leaderboards")))
    for line, _ in found:
        print(line)
    sys.exit(0 if all(reached for _, reached in found) else 1)
