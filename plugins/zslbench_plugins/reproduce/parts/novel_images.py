"""§ 6.5: how many of the images that look most novel are of seen classes."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from zslbench.report.drawing import Drawing, begin_figure, drawing, put_legend_below
from zslbench.report.palette import LIGHT
from zslbench_plugins.reproduce.experiment import Desk, Finding, Part, Row, Rows
from zslbench_plugins.reproduce.measured import interval, of_seed, share

if TYPE_CHECKING:
    from zslbench.contracts import Bool, Float32, Floats

MOST_NOVEL = 100
SPACES = {
    "gaussian": ("word space", 0.12, "seen", "-"),
    "class-gaussian": ("raw feature space, centred on class means", 0.78, "unseen", "--"),
}


def draw(desk: Desk) -> Part:
    """False positives among the most novel images in word space and in feature space."""
    rows = desk.rows("false-positives")
    return Part(
        words=(
            f"The {MOST_NOVEL} test images with the highest novelty, by the same Gaussian: round "
            "the classes' words in word space, round the classes' means in the space of raw "
            "features. A false positive is an image of a seen class. A detector that knows nothing "
            f"has {_base_rate(rows)} of them: the share of seen classes among all test images.",
            "The paper does not say which images of seen classes it ranks. The map was trained to "
            "bring its training images close to their words, so the same is counted once more with "
            "training images in the place of the test images of seen classes, as many of each.",
        ),
        findings=tuple(f for name in SPACES for f in _findings(rows.where(novelty=name))),
        drawings=(_draw_shares(rows),) if rows else (),
    )


def false_positives(row: Row, most: int = MOST_NOVEL) -> tuple[int, int]:
    """How many of the ``most`` most novel test images are of seen classes, and of how many."""
    return _false_positives(_novelty(row), row.inspect().labels.is_unseen, most)


def learnt_false_positives(row: Row, most: int = MOST_NOVEL) -> tuple[int, int]:
    """The same with training images in place of the test images of seen classes.

    Of each class as many as there are test images of it, or all where there are fewer: the first.
    """
    told, pipeline = row.inspect(), row.pipeline
    learnt, y = pipeline.novelty["train"], pipeline.y["train"]
    tested = np.bincount(told.labels.y, minlength=len(told.classes.names))
    seen = np.concatenate([learnt[y == label][: tested[label]] for label in told.classes.seen])
    unseen = _novelty(row)[told.labels.is_unseen]
    is_unseen = np.arange(len(unseen) + len(seen)) < len(unseen)
    return _false_positives(np.concatenate([unseen, seen]), is_unseen, most)


def _novelty(row: Row) -> Float32:
    novelty = row.prediction.novelty
    if novelty is None:
        raise ValueError(f"record {row.record.run_id} has no novelty")
    return novelty


def _false_positives(novelty: Floats, is_unseen: Bool, most: int) -> tuple[int, int]:
    chosen = np.argsort(-novelty, kind="stable")[:most]
    return int((~is_unseen[chosen]).sum()), len(chosen)


def _first(rows: Rows) -> list[Row]:
    """One row a detector."""
    return [row for name in SPACES for row in rows.where(novelty=name)[:1]]


def _base_rate(rows: Rows) -> str:
    if not rows:
        return "as many"
    split = rows[0].record.split
    return f"{100 * split.test_seen / (split.test_seen + split.test_unseen):.0f} %"


def _findings(rows: Rows) -> list[Finding]:
    """With test images of seen classes, beside the paper's figure, and with training images."""
    if not rows:
        return []
    where, published, _, _ = SPACES[rows[0].slot("novelty")]
    counted = [learnt_false_positives(row) for row in rows]
    learnt = _share(rows, counted, where, ", with training images")
    mean = fmean(hits / n for hits, n in counted)
    tried = f"training images in place of test images of seen classes: {100 * mean:.0f} %"
    plain = _share(rows, [false_positives(row) for row in rows], where)
    return [replace(plain, published=published, tried=tried), learnt]


def _share(rows: Rows, counted: list[tuple[int, int]], where: str, of: str = "") -> Finding:
    """The mean over seeds; the exact interval is of the first one's images."""
    hits, n = counted[0]
    low, high = interval(hits, n)
    exact = f"(95 %{of_seed(rows)}: {100 * low:.0f} to {100 * high:.0f} %)"
    shares = [hits / n for hits, n in counted]
    return share(f"false positives among {n}, {where}{of} {exact}", rows, shares, n)


def _draw_shares(rows: Rows) -> Drawing:
    table: list[tuple[object, ...]] = []
    with drawing():
        figure, axes = begin_figure(3.6)
        for row in _first(rows):
            where, _, colour, dash = SPACES[row.slot("novelty")]
            unseen = row.inspect().labels.is_unseen
            order = np.argsort(-_novelty(row), kind="stable")
            share = np.cumsum(~unseen[order]) / np.arange(1, len(order) + 1)
            n = np.unique(np.geomspace(10, len(order), 120).astype(int))
            axes.plot(
                n, 100 * share[n - 1], color=LIGHT[colour], linestyle=dash, linewidth=2,
                label=where,
            )  # fmt: skip
            table += [(where, int(i), float(share[i - 1])) for i in n]
            base = 100 * float((~unseen).mean())
        axes.axhline(base, color=LIGHT["line"], linewidth=1)
        axes.set(xscale="log", ylim=(0, 100))
        axes.set_xlabel("most novel test images")
        axes.set_ylabel("of seen classes (%)")
        put_legend_below(figure, axes, 1)
    return Drawing(
        name="false-positives",
        title="Seen classes among the most novel images",
        explanation="A good detector has few images of seen classes on the left.",
        reading="The thin line is the share of seen classes among all test images.",
        alt="Share of seen classes among the most novel images, in word and in feature space.",
        figure=figure,
        header=("space", "most novel images", "share of seen classes"),
        rows=tuple(table),
    )
