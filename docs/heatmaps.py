"""Heat maps of a published board, two slots against each other: python docs/heatmaps.py [FOLDER].

A cell is the mean over the rows that have these two components, and whose other slots are filled as
in most rows of the board. A gate that reads no novelty answers alike whatever the detector is: the
one row that it has stands for all.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd

from zslbench.specs import SLOTS

mpl.use("Agg")
import matplotlib.pyplot as plt

BOARDS = Path(__file__).parents[1] / "leaderboards"
NO_NOVELTY = ("all-seen", "all-unseen", "none")
MAPS = (("novelty", "gate", "H"), ("backbone", "embedding", "AUSUC"))


def table(board: pd.DataFrame, rows: str, columns: str, score: str) -> pd.DataFrame:
    """Return the score of every pair of components, NaN where no row has both.

    Only rows whose other slots are filled as in most rows: so like is compared with like.
    """
    ranked = board[board.ranked & board.reference.isna() & board[rows].notna()]
    others = [name for name in (*SLOTS, "method") if name not in (rows, columns)]
    commonest = ranked.groupby(others)[rows].size().idxmax()
    alike = ranked[(ranked[others] == pd.Series(commonest, index=others)).all(axis=1)]
    cells = alike.groupby([rows, columns])[score].mean().unstack()
    if (rows, columns) == ("novelty", "gate"):
        for gate in cells.columns.intersection(NO_NOVELTY):
            cells[gate] = cells[gate].mean()
    return cells


def draw(cells: pd.DataFrame, title: str) -> plt.Figure:
    """Draw a table of fractions in per cent, colour-blind-safe, every cell with its number."""
    figure, axes = plt.subplots(
        figsize=(1.6 + 1.1 * len(cells.columns), 1.4 + 0.32 * len(cells)), layout="constrained"
    )
    values = 100 * cells.to_numpy(dtype=float)
    image = axes.imshow(values, cmap="cividis", aspect="auto")
    axes.set_xticks(range(len(cells.columns)), _short(cells.columns), rotation=30, ha="right")
    axes.set_yticks(range(len(cells)), _short(cells.index))
    middle = np.nanmean([np.nanmin(values), np.nanmax(values)])
    for (i, j), value in np.ndenumerate(values):
        if not np.isnan(value):
            colour = "white" if value < middle else "black"
            axes.text(j, i, f"{value:.1f}", ha="center", va="center", color=colour, fontsize=8)
    axes.set_title(title, fontsize=10)
    figure.colorbar(image, label="%")
    return figure


def _short(names: Sequence[str] | pd.Index) -> list[str]:
    return [name.removeprefix("sentence-transformers/") for name in names]


def main(folder: Path) -> None:
    """Draw every map of the CIFAR-10 board."""
    board = pd.read_csv(BOARDS / "cifar10.csv")
    for rows, columns, score in MAPS:
        figure = draw(
            table(board, rows, columns, score), f"cifar10: {score} by {rows} and {columns}"
        )
        figure.savefig(folder / f"cifar10-{rows}-{columns}.png", dpi=110)
        plt.close(figure)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "images"))
