"""§ 6.6: CIFAR-106, six classes unseen."""

from __future__ import annotations

from statistics import fmean

from zslbench_plugins.reproduce.experiment import Desk, Finding, Part, Row, Rows
from zslbench_plugins.reproduce.measured import finding


def draw(desk: Desk) -> Part:
    """The six unseen classes with two layers and with one; all classes, and those with words."""
    two, one = desk.rows("cifar106"), desk.rows("cifar106-linear")
    return Part(
        words=(
            "CIFAR-10 and 96 classes of CIFAR-100, with forest, lobster, orange, boy, truck and "
            "cat unseen; as many training images of every class, as the authors' code has it. "
            f"{_counted(two)} The paper does not say which test images it counts.",
            f"The weight decay of the two-layer map, {_decay(two)}, was chosen by held-out images "
            "of seen classes, by the distance to their words (benchmarks/decay.py): there are so "
            "few images a class that it fits too far with CIFAR-10's, 0.0001. That search began "
            "because a goal was missed; docs/reproduction.md tells it, and the ablations "
            f"(--extended) have what CIFAR-10's decay gives.{_layers(two, one)}",
            "26 of the 106 words have a vector that was never trained: they lie together near the "
            "origin. The second half leaves their classes out, and tests as many images of every "
            "class: there, per image is per class, and neither is to be compared with the "
            "per-image figures above.",
        ),
        findings=(
            finding(
                "softmax, 100 seen classes, per image", two, "known_accuracy", published=0.527,
                tried=_counted_otherwise(two, desk.rows("cifar106-trained")),
            ),
            finding("softmax, 100 seen classes, per class", two, "known_accuracy_per_class"),
            finding(
                "6 unseen classes, two layers, per image", two, "zsl_accuracy",
                published=0.527, goal=0.527, tried=_tried(one, "zsl_accuracy"),
            ),
            finding(
                "6 unseen classes, two layers, per class", two, "T1", goal=0.43,
                tried=_tried(one, "T1"),
            ),
            finding(
                "6 unseen classes, one linear layer, per image", one, "zsl_accuracy",
                published=0.422,
            ),
            finding("6 unseen classes, one linear layer, per class", one, "T1"),
            *_trained(desk),
        ),
    )  # fmt: skip


def _decay(rows: Rows) -> str:
    """The weight decay of the map."""
    return f"{rows[0].param('mapping.decay'):g}" if rows else "one"


def _layers(two: Rows, one: Rows) -> str:
    """What two layers gain over one on the same images, per image with the error of that."""
    pairs = [(row, other) for row in two for other in one if row.record.seed == other.record.seed]
    if not pairs:
        return ""
    gains, errors = zip(*(paired_gain(*pair) for pair in pairs), strict=True)
    per_class = fmean(row.scores.T1 - other.scores.T1 for row, other in pairs)
    return (
        f" On the same images two layers have {100 * fmean(gains):+.1f} ± "
        f"{100 * fmean(errors):.1f} points over one per image and {100 * per_class:+.1f} per "
        "class; +10.5 are published."
    ).replace("-", "−")


def paired_gain(row: Row, other: Row) -> tuple[float, float]:
    """How many more unseen images, as a share, ``row`` gets right than ``other``, and its error."""
    labels = row.inspect().labels
    right = [(r.prediction.zsl_label == labels.y)[labels.is_unseen] for r in (row, other)]
    gain = right[0].astype(float) - right[1]
    return float(gain.mean()), float(gain.std(ddof=1) / len(gain) ** 0.5)


def _tried(one: Rows, score: str) -> str:
    """What the simpler map gives, where the goal is missed."""
    told = finding("", one, score)
    return "" if told.value is None else f"one linear layer: {100 * told.value:.1f} %"


def _counted_otherwise(every: Rows, trained: Rows) -> str:
    """The seen classes' accuracy where each class counts alike, and with fewer classes."""
    per_class, fewer = (
        finding("", every, "known_accuracy_per_class"),
        finding("", trained, "known_accuracy"),
    )
    told = ["the decay is not it (docs/reproduction.md)"]
    if per_class.value is not None:
        told.append(f"per class: {100 * per_class.value:.1f} %")
    if fewer.value is not None:
        told.append(f"74 of them, as many test images of each: {100 * fewer.value:.1f} %")
    return "; ".join(told)


def _counted(rows: Rows) -> str:
    """How the unseen test images are shared out."""
    if not rows:
        return ""
    images = {row.name: row.images for row in rows[0].scores.per_class if row.role == "unseen"}
    if len(set(images.values())) == 1:
        return f"Of each unseen class {next(iter(images.values())):,} test images are used."
    most = sorted(images, key=images.__getitem__)[-2:]
    return (
        f"All test images are used: {' and '.join(sorted(most))} are "
        f"{sum(images[name] for name in most):,} of the {sum(images.values()):,} of unseen "
        "classes, so per image is mostly about them, and per class stands beside it."
    )


def _trained(desk: Desk) -> list[Finding]:
    words, two = "80 classes with a trained word", desk.rows("cifar106-trained")
    found = [finding(f"{words}: softmax, 74 seen classes", two, "known_accuracy")]
    for chosen, layers in (
        (two, "two layers"),
        (desk.rows("cifar106-trained-linear"), "one linear layer"),
    ):
        found.append(finding(f"{words}: 6 unseen, {layers}, per image", chosen, "zsl_accuracy"))
        found.append(finding(f"{words}: 6 unseen, {layers}, per class", chosen, "T1"))
    return found
