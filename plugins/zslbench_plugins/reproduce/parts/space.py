"""§ 4 and figure 2: images and words in one space, brought to a plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.machine import limited_threads
from zslbench.report.drawing import Drawing, begin_figure, drawing, put_legend_below
from zslbench.report.labels import place_labels
from zslbench.report.palette import LIGHT
from zslbench_plugins.reproduce.experiment import Desk, Part

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from zslbench.contracts import Int
    from zslbench.inspection import Inspection
    from zslbench_plugins.reproduce.experiment import Row

EACH = 100  # images of each class
PERPLEXITY, SEED = 30, 0


def draw(desk: Desk) -> Part:
    """t-SNE and principal components of mapped images with the words."""
    rows = desk.rows("cat-truck").where(novelty="gaussian")
    if not rows:
        return Part(words=("The run of it failed.",))
    told = rows[0].inspect()
    points, names, kinds = _sample(told, rows[0].pipeline.y["train"])
    return Part(
        words=(
            f"Up to {EACH} training images of each seen class and up to {EACH} test images of each "
            "unseen one, mapped into word space, with the words. The map never saw an image of "
            "the unseen classes; whether they come to lie near their words is what zero-shot "
            "learning is about. t-SNE (scikit-learn; "
            f"perplexity {PERPLEXITY}, initialised with principal components, seed {SEED}) shows "
            "who is whose neighbour and no distances; the principal components beside it show "
            "distances, and less of who is whose neighbour.",
        ),
        drawings=(
            _draw(_tsne(points), names, kinds, told, rows[0], "fig2", "t-SNE"),
            _draw(_components(points), names, kinds, told, rows[0], "fig2-pca",
                  "principal components"),
        ),
    )  # fmt: skip


def _sample(told: Inspection, y_train: Int) -> tuple[NDArray[Any], list[int], list[str]]:
    """Points of sampled images, then of the words; the class of each, and what it is."""
    points, classes = told.points(), told.classes
    rng = np.random.Generator(np.random.PCG64(SEED))
    found, owners, kinds = [], [], []
    for c in range(len(classes.names)):
        seen = c in classes.seen
        Z, y = (points.train, y_train) if seen else (points.test, told.labels.y)
        rows = rng.permutation(np.flatnonzero(y == c))[:EACH]
        found.append(Z[rows])
        owners += [c] * len(rows)
        kinds += ["seen image" if seen else "unseen image"] * len(rows)
    found.append(points.prototypes)
    owners += list(range(len(classes.names)))
    kinds += ["word"] * len(classes.names)
    return np.concatenate(found).astype(np.float64), owners, kinds


def _tsne(points: NDArray[Any]) -> NDArray[Any]:
    from sklearn.manifold import TSNE

    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    with limited_threads(1):  # its sums come out in another order with more: another picture
        plane: NDArray[Any] = TSNE(
            n_components=2, perplexity=perplexity, init="pca", random_state=SEED
        ).fit_transform(points)
    return plane


def _components(points: NDArray[Any]) -> NDArray[Any]:
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    plane: NDArray[Any] = centred @ axes[:2].T
    return plane


def _draw(
    plane: NDArray[Any],
    owners: list[int],
    kinds: list[str],
    told: Inspection,
    row: Row,
    key: str,
    how: str,
) -> Drawing:
    names, kind = told.classes.names, np.array(kinds)
    with drawing():
        figure, axes = begin_figure(5.4)
        for what, colour, marker in (
            ("seen image", "seen", "."), ("unseen image", "unseen", "x"),
        ):  # fmt: skip
            at = plane[kind == what]
            axes.plot(
                at[:, 0], at[:, 1], linestyle="none", marker=marker, markersize=4,
                color=LIGHT[colour], alpha=0.5, label=f"{what}s, mapped",
            )  # fmt: skip
        _draw_words(axes, plane[kind == "word"], names)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        put_legend_below(figure, axes, 2)
    return Drawing(
        name=key,
        title=f"Figure 2: images and words, {how}",
        explanation=(
            "Words are named; dots are training images of seen classes, crosses test images of "
            f"{' and '.join(row.unseen)}."
        ),
        reading="Axes have no unit.",
        alt=f"Scatter plot of mapped images round {len(names)} words, by {how}.",
        figure=figure,
        header=("what", "class", "x", "y"),
        rows=tuple(
            (what, names[owner], float(x), float(y))
            for what, owner, (x, y) in zip(kinds, owners, plane, strict=True)
        ),
    )


def _draw_words(axes: Axes, at: NDArray[Any], names: tuple[str, ...]) -> None:
    axes.plot(
        at[:, 0], at[:, 1], linestyle="none", marker="D", markersize=7, color=LIGHT["ink"],
        markeredgecolor=LIGHT["paper"], label="words", zorder=5,
    )  # fmt: skip
    points = [(float(x), float(y)) for x, y in at]
    for name, point, place in zip(
        names, points, place_labels(axes, points, list(names)), strict=True
    ):
        axes.annotate(
            name, point, xytext=place.offset, textcoords="offset points", ha=place.ha, va=place.va,
            fontsize=10, color=LIGHT["ink"], zorder=6,
        )  # fmt: skip
