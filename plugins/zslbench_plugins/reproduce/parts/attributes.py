"""§ 6.4: attributes in place of words (Lampert et al. 2009)."""

from zslbench_plugins.reproduce.experiment import Desk, Part
from zslbench_plugins.reproduce.measured import finding


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
                "DAP, between the two unseen classes",
                rows,
                "zsl_accuracy",
                published=0.45,
                source="table 1, from memory",
            ),
            finding("DAP, unseen classes among all", rows, "unseen_accuracy"),
            finding("DAP, seen classes among all", rows, "seen_accuracy"),
            finding("DAP, H", rows, "H"),
            finding("for comparison: words, between the two unseen classes", words, "zsl_accuracy"),
        ),
    )
