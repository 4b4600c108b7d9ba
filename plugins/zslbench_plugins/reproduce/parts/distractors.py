"""§ 6.7 and figure 6: words that no image is of, among the unseen candidates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from zslbench.report.drawing import Drawing, begin_figure, drawing, put_legend_below
from zslbench.report.palette import LIGHT
from zslbench_plugins.reproduce.experiment import Desk, Finding, Part, Rows
from zslbench_plugins.reproduce.measured import finding

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = {
    "nouns": ("random nouns", "accent", "o", "-"),
    "cat": ("neighbours of cat", "unseen", "s", "--"),
    "truck": ("neighbours of truck", "seen", "D", "-."),
}
EMBEDDINGS = {"": "GloVe, 20,000 words to choose from", "huang-": "Huang et al., their 80 words"}


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
            "words of which there is no image. Random nouns are far from what cats and trucks are "
            "mapped to and cost little; words near cat or near truck take images away, until all "
            "that are near have been added.",
            "The paper's words and its full vocabulary are not at hand: the nouns are ours, and "
            "the neighbours are those of the embedding that the run uses. Images are mapped to the "
            "vectors of the same embedding.",
        ),
        findings=tuple(findings),
        drawings=tuple(drawings),
    )


def _findings(rows: Mapping[str, Rows], words: str) -> list[Finding]:
    found = []
    for kind, (name, _, _, _) in KINDS.items():
        for row in (rows[kind][:1], rows[kind][-1:]):
            for one in row:
                count = len(one.record.split.distractors)
                told = finding(f"{words}: {count} {name}", Rows((one,)), "zsl_accuracy")
                found.append(replace(told, command=one.command))
    return found


def _draw(rows: Mapping[str, Rows], prefix: str, words: str) -> Drawing:
    table: list[tuple[object, ...]] = []
    with drawing():
        figure, axes = begin_figure(3.8)
        for kind, (name, colour, marker, dash) in KINDS.items():
            points = [
                (len(row.record.split.distractors), row.scores.zsl_accuracy) for row in rows[kind]
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
