"""§ 6.1 and figure 3: telling two unseen classes from each other, for every pair of classes."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from zslbench.report.drawing import Drawing, begin_figure, drawing
from zslbench.report.palette import LIGHT
from zslbench_plugins.reproduce.experiment import Desk, Finding, Part, Rows
from zslbench_plugins.reproduce.measured import finding, of_seed, setting_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

PUBLISHED: dict[tuple[str, ...], tuple[float, float]] = {
    ("cat", "truck"): (0.90, 0.91)
}  # read off figure 3; what a reproduction should reach
CELL = 0.5  # inches


def draw(desk: Desk) -> Part:
    """The five pairs of the paper, all 45, the words' similarity, and what chance words give."""
    five, every = desk.rows("pairs"), desk.rows("all-pairs")
    random = desk.rows("random-words")
    drawings = []
    if every:
        drawings += [_draw_pairs(every), _draw_similarity(every)]
    if random:
        drawings.append(_draw_random(random))
    return Part(
        words=(
            "Two classes are unseen and every image is labelled unseen, so the question is only "
            "which of the two words is nearer. The paper reports that it goes well where each "
            "unseen class has seen relatives of its own, and badly where the two are relatives of "
            "each other (cat and dog, airplane and automobile).",
            "One pair is little evidence. Random vectors for words name two well-separated classes "
            "rightly or the wrong way round by luck alone: the strokes below show how far from "
            "50 % that leads. So all pairs are shown, beside how alike their two words are.",
            _basis(every),
        ),
        findings=(*_findings(five, every), *_random(random)),
        drawings=tuple(drawings),
    )


def _findings(five: Rows, every: Rows) -> list[Finding]:
    found: list[Finding] = []
    for unseen in dict.fromkeys(row.unseen for row in five):
        about = PUBLISHED.get(unseen)
        more = {"published": about[0], "goal": about[1]} if about else {}
        found.append(finding("–".join(unseen), _of(five, unseen), "zsl_accuracy", **more))
    if every:
        one = f", seed {every[0].record.seed}" if of_seed(five) else ""
        basis = f"in {every[0].param('backbone.k')} components{one}"
        for unseen in dict.fromkeys(row.unseen for row in five):
            words = f"{'–'.join(unseen)}, {basis}"
            found.append(finding(words, _of(every, unseen), "zsl_accuracy"))
        values = [row.scores.zsl_accuracy for row in every]
        low, high = (
            "–".join(choose(every, key=lambda row: row.scores.zsl_accuracy).unseen)
            for choose in (min, max)
        )
        found.append(
            Finding(
                f"mean of {len(values)} pairs, {basis} (from {100 * min(values):.0f} % for {low} "
                f"to {100 * max(values):.0f} % for {high}; ± is an upper bound, as pairs share "
                "images)",
                float(np.mean(values)),
                se=float(np.mean([row.scores.zsl_accuracy_se for row in every])),
                setting=setting_of(every[0]),
            )
        )
    return found


def _of(rows: Rows, unseen: tuple[str, ...]) -> Rows:
    return Rows(tuple(row for row in rows if row.unseen == unseen))


def _random(rows: Rows) -> list[Finding]:
    ranked = sorted(rows, key=lambda row: row.scores.zsl_accuracy)
    if not ranked:
        return []
    pair, k = "–".join(ranked[0].unseen), ranked[0].param("backbone.k")
    words = f"{pair}, random words, linear map, in {k} components"
    chosen = {"lowest": 0, "the middle": (len(ranked) - 1) // 2, "highest": -1}
    return [
        finding(f"{words}, {len(ranked)} draws: {which}", Rows((ranked[i],)), "zsl_accuracy")
        for which, i in chosen.items()
    ]


def _basis(rows: Rows) -> str:
    if not rows:
        return "The 45 pairs were not run."
    kept = rows[0].pipeline.features.reducer.kept_variance_
    return (
        f"The {len(rows)} pairs share one basis: {rows[0].param('backbone.k')} principal "
        "components of the features of all training images, without labels (train-unlabelled), "
        f"which keep {100 * kept:.1f} % of the variance of those they were found on, "
        f"{rows[0].param('backbone.rows'):,} images at most. L-BFGS makes at most "
        f"{rows[0].param('mapping.max_passes')} passes over them; on all features it has a budget "
        "of work. What both together change, the five pairs of the paper tell: they are below on "
        "all features and in this basis."
    )


def _matrix(rows: Rows, names: tuple[str, ...]) -> NDArray[np.float64]:
    place = {name: i for i, name in enumerate(names)}
    cells = np.full((len(names), len(names)), np.nan)
    for row in rows:
        i, j = (place[name] for name in row.unseen)
        cells[i, j] = cells[j, i] = row.scores.zsl_accuracy
    return cells


def _names(rows: Rows) -> tuple[str, ...]:
    return tuple(rows[0].record.dataset.classes)


def _draw_pairs(rows: Rows) -> Drawing:
    names = _names(rows)
    cells = _matrix(rows, names)
    return _heat(
        cells, names, "fig3", "Figure 3 for all pairs: unseen accuracy (%)",
        "A cell is the accuracy between its two classes when neither was seen; 50 % is chance.",
    )  # fmt: skip


def _draw_similarity(rows: Rows) -> Drawing:
    names = _names(rows)
    values = rows[0].pipeline.embedding.values.astype(float)
    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, np.nan)
    return _heat(
        cosine, names, "fig3-words", "How alike the words are: cosine × 100",
        "Pairs whose words are alike are hard to tell apart by their words.",
    )  # fmt: skip


def _heat(
    cells: NDArray[np.float64], names: tuple[str, ...], key: str, title: str, explanation: str
) -> Drawing:
    c = len(names)
    low, high = np.nanmin(cells), np.nanmax(cells)
    with drawing():
        figure, axes = begin_figure(CELL * c + 1.1, CELL * c + 1.1)
        for i, j in combinations(range(c), 2):
            value = cells[i, j]
            if np.isnan(value):
                continue
            strength = float((value - low) / (high - low)) if high > low else 1.0
            for x, y in ((i, j), (j, i)):
                axes.fill(
                    [x - 0.5, x + 0.5, x + 0.5, x - 0.5], [y - 0.5, y - 0.5, y + 0.5, y + 0.5],
                    color=LIGHT["heat"], alpha=strength, linewidth=0,
                )  # fmt: skip
                colour = LIGHT["on-heat"] if strength > 0.6 else LIGHT["ink"]
                axes.text(
                    x, y, f"{100 * value:.0f}", ha="center", va="center", fontsize=9, color=colour
                )
        axes.set_xticks(range(c), names, rotation=90)
        axes.set_yticks(range(c), names)
        axes.set(xlim=(-0.5, c - 0.5), ylim=(c - 0.5, -0.5), aspect="equal")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    pairs = [(i, j) for i, j in combinations(range(c), 2) if not np.isnan(cells[i, j])]
    return Drawing(
        name=key,
        title=title,
        explanation=explanation,
        reading="The stronger the colour, the higher the number; the matrix is symmetric.",
        alt=f"Heat map over pairs of {c} classes, from {100 * low:.0f} to {100 * high:.0f}.",
        figure=figure,
        header=("class", "other class", "value"),
        rows=tuple((names[i], names[j], float(cells[i, j])) for i, j in pairs),
    )


def _draw_random(rows: Rows) -> Drawing:
    values = sorted(row.scores.zsl_accuracy for row in rows)
    with drawing():
        figure, axes = begin_figure(2.0)
        axes.plot(
            [100 * v for v in values], [0] * len(values), linestyle="none", marker="|",
            markersize=26, markeredgewidth=1.6, color=LIGHT["unseen"],
        )  # fmt: skip
        axes.set(xlim=(0, 100), ylim=(-1, 1), yticks=[])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(f"accuracy on {' and '.join(rows[0].unseen)} with random words (%)")
    return Drawing(
        name="fig3-random",
        title="What random words give",
        explanation="Each stroke is a draw of random vectors for the ten words, the linear map.",
        reading="50 % is chance; draws far from it are luck, in either direction.",
        alt=f"{len(values)} strokes from {100 * values[0]:.0f} to {100 * values[-1]:.0f} %.",
        figure=figure,
        header=("draw", "accuracy"),
        rows=tuple((row.param("embedding.draw"), row.scores.zsl_accuracy) for row in rows),
    )
