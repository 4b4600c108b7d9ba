"""§ 6.4: attributes in place of words (Lampert et al. 2009)."""

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
            "classes share cannot be learnt and is dropped.",
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


def _interval(rows: Rows) -> str:
    """The exact interval that the number of test images leaves."""
    if not rows:
        return ""
    n = rows[0].scores.unseen_images
    low, high = interval(round(rows[0].scores.zsl_accuracy * n), n)
    return f" (95 %{of_seed(rows)}: {100 * low:.1f} to {100 * high:.1f} %)"
