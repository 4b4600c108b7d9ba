"""§ 6.4: attributes in place of words (Lampert et al. 2009)."""

from pathlib import Path

import numpy as np

from zslbench_plugins.embeddings.class_tables import read_attributes
from zslbench_plugins.reproduce.experiment import Desk, Part, Rows
from zslbench_plugins.reproduce.measured import finding, interval, of_seed


def draw(desk: Desk) -> Part:
    """Direct attribute prediction over the unseen and over all classes."""
    rows = desk.rows("dap")
    words = desk.rows("cat-truck").where(novelty="gaussian")
    return Part(
        words=(
            "Direct attribute prediction: a classifier for each of 25 attributes that somebody "
            "wrote down for the ten classes, then the class whose attributes fit best. A person's "
            "knowledge of each class is needed; the words need none. An attribute that all seen "
            f"classes share cannot be learnt and is dropped{_dropped(rows)}.",
        ),
        findings=(
            finding(
                f"DAP, between the two unseen classes{_interval(rows)}", rows, "zsl_accuracy"
            ),
            finding(
                "DAP, all classes, per image", rows, "overall_accuracy", published=0.45,
                source="table 1, from memory; of what is not known",
            ),
            finding("DAP, unseen classes among all", rows, "unseen_accuracy"),
            finding("DAP, seen classes among all", rows, "seen_accuracy"),
            finding("DAP, H", rows, "H"),
            finding("for comparison: words, between the two unseen classes", words, "zsl_accuracy"),
        ),
    )  # fmt: skip


def _dropped(rows: Rows) -> str:
    """How many are, of how many."""
    if not rows:
        return ""
    split, table = rows[0].record.split, rows[0].request.slots["embedding"]
    values = read_attributes(Path(table.partition("/")[2]))
    seen = np.stack([v for name, v in values.items() if name not in split.unseen])
    constant = int((seen == seen[0]).all(axis=0).sum())
    return f": {constant or 'none'} of the {seen.shape[1]} here"


def _interval(rows: Rows) -> str:
    """The exact interval that the number of test images leaves."""
    if not rows:
        return ""
    n = rows[0].scores.unseen_images
    low, high = interval(round(rows[0].scores.zsl_accuracy * n), n)
    return f" (95 %{of_seed(rows)}: {100 * low:.1f} to {100 * high:.1f} %)"
