"""§ 6.7 and figure 6: words that no image is of, among the unseen candidates."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from zslbench.report.drawing import Drawing, begin_figure, drawing, put_legend_below
from zslbench.report.palette import LIGHT
from zslbench_plugins.reproduce.experiment import Desk, Finding, Part, Row, Rows
from zslbench_plugins.reproduce.measured import finding

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = {
    "nouns": ("other words", "accent", "o", "-"),
    "cat": ("neighbours of cat", "unseen", "s", "--"),
    "truck": ("neighbours of truck", "seen", "D", "-."),
}
EMBEDDINGS = {"": "GloVe", "huang-": "Huang et al."}


def draw(desk: Desk) -> Part:
    """Accuracy on unseen images against the number of distractors, for both embeddings."""
    drawings, findings = [], []
    for prefix, words in EMBEDDINGS.items():
        rows = {kind: desk.rows(f"distractors-{prefix}{kind}") for kind in KINDS}
        if any(len(r) for r in rows.values()):
            drawings.append(_draw(rows, prefix, words))
            findings += _findings(rows, words)
    return Part(
        words=(
            "Every image is labelled unseen, and the candidates are cat, truck and more and more "
            "words of which there is no image. The paper reports that random nouns cost hardly "
            "anything, and that neighbours of cat or of truck take images away, until the curve "
            "flattens.",
            "The paper's distractors and its full vocabulary are not at hand. With GloVe the other "
            "words are 40 nouns of a list of ours, no animal and no vehicle among them, and the "
            "neighbours are those among its 400,000 words (of letters alone, three or more, no "
            "class of CIFAR-10 and no plural of one). Images are mapped to the vectors of the "
            "same embedding.",
            "With Huang et al.'s table all words are among the 70 that were ever trained and are "
            "no class of CIFAR-10: names of CIFAR-100's classes. Its other words are drawn from "
            "these at random, and many are animals or vehicles; and 40 neighbours are more than "
            "half of what there is. So its curves say little of the paper's claim on random nouns.",
        ),
        findings=tuple(findings),
        drawings=tuple(drawings),
    )


def _findings(rows: Mapping[str, Rows], words: str) -> list[Finding]:
    found = []
    for kind, (name, _, _, _) in KINDS.items():
        counted = by_count(rows[kind])
        for count in sorted(counted)[:: max(1, len(counted) - 1)]:
            words_of = f"{words}: {count} {name}" if count else f"{words}: none ({name})"
            found.append(finding(words_of, counted[count], "zsl_accuracy"))
    return found


def by_count(rows: Rows) -> dict[int, Rows]:
    """Number of distractors → its rows, which differ in their seed."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(len(row.record.split.distractors), []).append(row)
    return {count: Rows(tuple(members)) for count, members in sorted(found.items())}


def _draw(rows: Mapping[str, Rows], prefix: str, words: str) -> Drawing:
    table: list[tuple[object, ...]] = []
    with drawing():
        figure, axes = begin_figure(3.8)
        for kind, (name, colour, marker, dash) in KINDS.items():
            points = [
                (count, fmean(row.scores.zsl_accuracy for row in members))
                for count, members in by_count(rows[kind]).items()
            ]
            if not points:
                continue
            count, accuracy = zip(*points, strict=True)
            axes.plot(
                count, [100 * a for a in accuracy], color=LIGHT[colour], marker=marker,
                linestyle=dash, linewidth=2, markersize=5, label=name,
            )  # fmt: skip
            table += [(name, n, a) for n, a in points]
        axes.set(ylim=(0, 100))
        axes.set_xlabel("distractor words")
        axes.set_ylabel("unseen images right (%)")
        put_legend_below(figure, axes, 1)
    return Drawing(
        name=f"fig6{'-' + prefix[:-1] if prefix else ''}",
        title=f"Figure 6: distractors ({words})",
        explanation="The further right, the more words compete for images of cats and trucks.",
        reading="Sets of one kind grow: each holds the smaller ones.",
        alt="Accuracy on unseen classes over the number of distractor words, three kinds of words.",
        figure=figure,
        header=("kind", "distractors", "accuracy"),
        rows=tuple(table),
    )
