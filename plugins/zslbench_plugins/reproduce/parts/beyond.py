"""Ten years on: the same table with features that ImageNet taught, and the summary's recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zslbench_plugins.reproduce.experiment import Desk, Finding, Part, Rows
from zslbench_plugins.reproduce.measured import finding

if TYPE_CHECKING:
    from collections.abc import Iterator

CANDIDATES = {"all": "nearest of all words", "unseen": "nearest of the unseen words"}


def draw(desk: Desk) -> Part:
    """What a modern backbone changes, with what it had seen before stated."""
    rows, summary = desk.rows("beyond"), desk.rows("summary")
    gaussian, loop = rows.where(novelty="gaussian"), rows.where(novelty="loop")
    return Part(
        words=(
            "EfficientNet-Lite0 at 128 pixels and GloVe's vectors, with a linear map. "
            f"{_overlap(rows)}",
            "The summary of the paper that this project started from has other parts: a network's "
            "features, words that a recurrent network learnt on the Brown corpus, a linear map, a "
            "logistic regression on the distance to the nearest seen word, and the nearest of all "
            "words, which hardly ever is an unseen one; so the nearest of the unseen words stands "
            f"beside it. {_overlap(summary)}",
        ),
        findings=(
            finding("softmax, 8 seen classes", gaussian, "known_accuracy"),
            finding("cat–truck, everything labelled unseen", gaussian, "zsl_accuracy"),
            finding("Gaussian: unseen accuracy at 70 % seen", gaussian, "unseen_at_70_seen"),
            finding("Gaussian: best H along the curve", gaussian, "h_oracle"),
            finding("Gaussian: H at its own threshold", gaussian, "H"),
            finding("LoOP: best H along the curve", loop, "h_oracle"),
            finding("LoOP: H at its own threshold", loop, "H"),
            finding(
                "logistic regression on the distance: H",
                rows.where(novelty="logistic-distance"), "H",
            ),
            *_summary(summary),
        ),
    )  # fmt: skip


def _summary(rows: Rows) -> Iterator[Finding]:
    for candidates, words in CANDIDATES.items():
        chosen = rows.set("unseen_classifier.candidates", candidates)
        for score in ("u", "s", "H"):
            yield finding(f"the summary's recipe, {words}: {score}", chosen, score)


def _overlap(rows: Rows) -> str:
    if not rows:
        return ""
    record = rows[0].record
    told = ", ".join(f"{name}: {kind}" for name, kind in sorted(record.overlap.items()))
    return (
        f"Features of {record.pretraining}; overlap of its labels with the unseen classes: {told}. "
        "Where there is an overlap, the figure is no zero-shot figure in the strict sense."
    )
