"""§ 6.3 and table 1: seen and unseen posteriors put together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.report.confusion import draw_confusion, draw_counts
from zslbench_plugins.reproduce.authors import AUTHORS, read_confusion
from zslbench_plugins.reproduce.experiment import Desk, Finding, Part, Row, Rows
from zslbench_plugins.reproduce.measured import (
    accuracy_by_class_at,
    finding,
    of_seed,
    setting_of,
    share,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zslbench.report.drawing import Drawing

THEIR_SEEN, THEIR_UNSEEN = 0.81, 0.0385  # accuracies of that run
CHOSEN = "λ chosen with unseen classes"
THEIR_H = 2 * THEIR_SEEN * THEIR_UNSEEN / (THEIR_SEEN + THEIR_UNSEEN)


def draw(desk: Desk) -> Part:
    """Both pipelines, the width's effect, and the confusion matrix."""
    gaussian, hard = (
        desk.rows("bayesian-gaussian"),
        desk.rows("cat-truck").where(novelty="gaussian"),
    )
    held_out = desk.rows("bayesian").set("unseen_classifier.width", "held-out")
    return Part(
        words=(*_words(gaussian, hard), *_about_theirs(desk)),
        findings=(*_loop(desk, held_out), *_gaussian(gaussian)),
        drawings=tuple(_confusions(held_out, desk.reference)),
    )


def _words(gaussian: Rows, hard: Rows) -> tuple[str, ...]:
    return (
        "P(y|x) = Σ P(y|V, x) P(V|x) over V, seen or unseen. With the Gaussian detector "
        "P(unseen|x) is 0 or 1, so this is the hard gate, image by image"
        f"{_same(gaussian, hard)}. With LoOP it is a probability, and then the width of the "
        "unseen classes' Gaussians matters: the paper leaves it open. Here it is the pooled "
        "variance of held-out seen images; the others show how much hangs on it.",
        "LoOP's λ decides how many images count as likely unseen: it is 3 here, as the paper has "
        "it; 10 to 13, one per class, and 1/√2 in the authors' run. So unseen accuracy is not to "
        "be compared alone: H weighs both sides, and the unseen accuracy is shown where the "
        "threshold is moved until the seen accuracy is theirs.",
        f"Overall accuracy says little: {_all_seen(hard)}in the authors' own committed run "
        "calling everything seen gives 66 %. The table's 74 % is above what that run "
        "ever reaches, so it must be another measure or another run; it was remembered, not "
        "read, here.",
    )


def _about_theirs(desk: Desk) -> Iterator[str]:
    """What stands here of the authors' own run."""
    if desk.rows("bayesian-authors"):
        yield (
            "Their settings, which they chose on images that include unseen classes, are shown "
            "too: LoOP in each class's own neighbours with their λ, 1/√2, and the unseen posterior "
            "of their code. That code computes LoOP otherwise than the paper "
            "(docs/reproduction.md), so these settings need not lead to its figures here."
        )
    if not read_confusion(desk.reference):
        yield "The authors' own confusion matrix is not at hand here."


def _loop(desk: Desk, held_out: Rows) -> tuple[Finding, ...]:
    """With the unseen width from held-out images first, then what it and λ change."""
    sampled, authors = desk.rows("bayesian-sampled"), desk.rows("bayesian-authors")
    return (
        finding(
            "LoOP: unseen accuracy", held_out, "unseen_accuracy",
            published=THEIR_UNSEEN, source=AUTHORS, goal=THEIR_UNSEEN,
        ),
        finding(
            "LoOP: seen accuracy", held_out, "seen_accuracy", published=THEIR_SEEN,
            source=AUTHORS, tried=_with_their_settings(authors, "seen_accuracy"),
        ),
        finding("LoOP: H", held_out, "H", published=THEIR_H, source=AUTHORS, goal=THEIR_H),
        *_at_their_seen("LoOP", held_out, tried=_moved_to_theirs(authors)),
        finding(
            "LoOP: overall accuracy", held_out, "overall_accuracy",
            published=0.6557, source=AUTHORS,
        ),
        *_widths(desk.rows("bayesian")),
        *_probabilities(desk.rows("bayesian-loop")),
        finding("LoOP, unseen posterior of the authors' code: unseen", sampled,
                "unseen_accuracy"),
        finding("LoOP, unseen posterior of the authors' code: seen", sampled, "seen_accuracy"),
        *_settings_of_theirs(authors),
    )  # fmt: skip


def _gaussian(rows: Rows) -> tuple[Finding, ...]:
    return (
        finding(
            "Gaussian: overall accuracy",
            rows,
            "overall_accuracy",
            published=0.74,
            source="table 1, from memory",
            tried="the authors' own committed run has at most 66 %",
        ),
        finding("Gaussian: H", rows, "H"),
    )


def _at_their_seen(words: str, rows: Rows, **about: str) -> Iterator[Finding]:
    """Unseen accuracy where the margin's threshold gives the seen accuracy of the authors' run."""
    found = [moved for row in rows if (moved := _moved(row)) is not None]
    if found and len(found) == len(rows):
        yield share(
            f"{words}: unseen accuracy at the authors' seen accuracy", rows,
            [value for value, _ in found], found[0][1],
            **{"published": THEIR_UNSEEN, "source": AUTHORS} | about,
        )  # fmt: skip


def _moved(row: Row) -> tuple[float, int] | None:
    """The share of unseen images that are right at their seen accuracy, and of how many."""
    by_class = accuracy_by_class_at(row, THEIR_SEEN)
    if not by_class:
        return None
    images = {each.name: each.images for each in row.scores.per_class}
    n = sum(images[name] for name in by_class)
    return sum(images[name] * right for name, right in by_class.items()) / n, n


def _settings_of_theirs(rows: Rows) -> Iterator[Finding]:
    """Their λ, neighbours, 1/√2 and unseen posterior, beside what these gave them."""
    if not rows:
        return
    words = "LoOP with the authors' settings"
    told = ", ".join(text for text in (setting_of(rows[0]), CHOSEN) if text)
    theirs = {"unseen_accuracy": THEIR_UNSEEN, "seen_accuracy": THEIR_SEEN, "H": THEIR_H}
    for score, published in theirs.items():
        name = score.replace("_accuracy", "")
        yield finding(
            f"{words}: {name}", rows, score, published=published, source=AUTHORS, setting=told
        )
    yield from _at_their_seen(words, rows, setting=told)
    yield finding(
        f"{words}: best H along the curve (an oracle's threshold)", rows, "h_oracle", setting=told
    )


def _with_their_settings(rows: Rows, score: str) -> str:
    told = finding("", rows, score)
    return "" if told.value is None else f"with the authors' settings: {100 * told.value:.1f} %"


def _moved_to_theirs(rows: Rows) -> str:
    told = next(_at_their_seen("", rows), None)
    if told is None or told.value is None:
        return ""
    return f"with the authors' settings, {CHOSEN}: {100 * told.value:.1f} %"


def _widths(rows: Rows) -> list[Finding]:
    found = []
    for width in ("train", "1"):
        chosen = rows.set("unseen_classifier.width", width)
        found.append(finding(f"LoOP, width {width}: unseen", chosen, "unseen_accuracy"))
        found.append(finding(f"LoOP, width {width}: seen", chosen, "seen_accuracy"))
    return found


def _probabilities(rows: Rows) -> list[Finding]:
    """What hangs on λ and 1/√2: neither changes LoOP's ranking."""
    found = []
    for row in rows:
        lam, root2 = _choice(row)
        words = f"LoOP, λ = {lam}, {'with' if root2 else 'without'} 1/√2"
        same = Rows(tuple(r for r in rows if _choice(r) == _choice(row)))
        if row is same[0]:  # its seeds come together
            found.append(finding(f"{words}: unseen", same, "unseen_accuracy"))
            found.append(finding(f"{words}: seen", same, "seen_accuracy"))
    return found


def _choice(row: Row) -> tuple[str, bool]:
    params = row.record.slots["novelty"].params
    return ", ".join(f"{value:g}" for value in params["lam"]), bool(params["root2"])


def _all_seen(rows: Rows) -> str:
    """The overall accuracy of calling everything seen, as the beginning of a sentence."""
    if not rows:
        return ""
    scores = rows[0].scores
    share = scores.seen_images / (scores.seen_images + scores.unseen_images)
    return f"calling everything seen gives {100 * share * scores.known_accuracy:.0f} % here; "


def _same(bayesian: Rows, hard: Rows) -> str:
    """How many images the two label alike."""
    if not bayesian or not hard:
        return ""
    ours, theirs = _labels(bayesian[0]), _labels(hard[0])
    return f" ({int((ours == theirs).sum()):,} of {len(ours):,} test images labelled alike)"


def _labels(row: Row) -> Any:
    given = row.prediction
    return np.where(given.margin > 0, given.known_label, given.novel_label)


def _confusions(rows: Rows, reference: Path | None) -> list[Drawing]:
    """Ours, and the authors' beside it where theirs is at hand and of the same classes."""
    if not rows:
        return []
    scores, title = rows[0].scores, "Confusions of the Bayesian pipeline with LoOP"
    own = f"{title}, here{of_seed(rows)}"
    drawings = [replace(draw_confusion(scores), name="table1", title=own)]
    theirs = read_confusion(reference)
    names = [row.name for row in scores.per_class]
    if sorted(theirs) == sorted(names):
        counts = np.array([[theirs[true][given] for given in names] for true in names])
        drawn = draw_counts(scores.per_class, counts)
        drawings.append(
            replace(drawn, name="table1-authors", title=f"{title}, the authors' own run")
        )
    return drawings
