"""The scores of one prediction, as they are recorded: frozen, plain, ready for JSON."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from zslbench.contracts import Curve, Role
from zslbench.score.histogram import NoveltyHistogram

Fraction = Annotated[float, Field(ge=0, le=1)]
Error = Annotated[float, Field(ge=0)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class CurveTable(_Table):
    """Points of the seen–unseen curve, from everything novel (first) to everything known (last).

    At most 200 points, thinned evenly along |Δu| + |Δs|; both ends, the method's own point and the
    oracle's are among them. All columns are fractions between 0 and 1.
    """

    u: tuple[Fraction, ...] = Field(description="per-class mean on unseen classes")
    s: tuple[Fraction, ...] = Field(description="per-class mean on seen classes")
    seen_accuracy: tuple[Fraction, ...] = Field(description="per image, of seen classes")
    unseen_accuracy: tuple[Fraction, ...] = Field(description="per image, of unseen classes")
    overall_accuracy: tuple[Fraction, ...] = Field(description="per image, of all test images")
    own: int = Field(ge=0, description="index of the method's own point: constant 0")
    oracle: int = Field(ge=0, description="index of the point of h_oracle: never ranked")
    measured: int = Field(ge=2, description="points before thinning: distinct margins + 1")


class NoveltyScores(_Table):
    """How well novelty tells unseen from seen; positive = unseen unless a name says otherwise."""

    AUROC: Fraction = Field(description="area under the ROC curve, ties counted half")
    AUROC_se: Error | None = Field(description="its standard error by the bootstrap")
    AUROC_macro: Fraction = Field(description="mean over unseen classes, each against all seen")
    AUROC_macro_se: Error | None = Field(description="its standard error by the bootstrap")
    AUROC_by_class: dict[str, Fraction] = Field(
        description="unseen class → AUROC against all seen images"
    )
    AUPR_unseen: Fraction = Field(description="average precision by steps, unseen positive")
    AUPR_seen: Fraction = Field(description="average precision by steps, seen positive")
    prevalence: Fraction = Field(
        description="share of unseen among the test images: chance level of AUPR_unseen"
    )
    fpr95: Fraction = Field(
        description="share of seen images flagged when at least 95 % of unseen ones are"
    )
    fpr95_seen_positive: Fraction = Field(
        description="share of unseen images passed as seen when at least 95 % of seen ones are"
    )
    histogram: NoveltyHistogram | None = Field(
        default=None, description="None: a record from before it was kept"
    )


class ClassRow(_Table):
    """One class of the task, in the task's order."""

    name: str
    role: Role
    images: int = Field(ge=0, description="test images of this class")
    accuracy: Fraction | None = Field(
        description="share with the right final label; None: no test images"
    )
    group_accuracy: Fraction | None = Field(
        description="share right where seen or unseen is known: known_label, zsl_label"
    )


class Scores(_Table):
    """All scores of one prediction. Shares are fractions between 0 and 1.

    ``…_se`` is the standard error from the test set's size, the classes taken as given: binomial
    for accuracies, bootstrap (None where no resamples were asked for) for the rest. The spread
    over seeds is another number. Per-class means are over the classes that have test images.
    """

    seen_images: int = Field(ge=1, description="test images of seen classes")
    unseen_images: int = Field(ge=1, description="test images of unseen classes")
    classes_without_images: tuple[str, ...] = Field(description="left out of per-class means")

    seen_accuracy: Fraction = Field(description="per image: final label right, seen classes")
    seen_accuracy_se: Error
    unseen_accuracy: Fraction = Field(description="per image: final label right, unseen classes")
    unseen_accuracy_se: Error
    overall_accuracy: Fraction = Field(
        description="per image: final label right, all test images; never a ranking key"
    )
    overall_accuracy_se: Error

    s: Fraction = Field(description="per-class mean of the final label, seen classes")
    s_se: Error
    u: Fraction = Field(description="per-class mean of the final label, unseen classes")
    u_se: Error
    H: Fraction = Field(description="2us/(u + s), 0 where u + s = 0")
    H_se: Error | None

    T1: Fraction = Field(
        description="zero-shot: per-class mean on unseen classes, candidates unseen alone"
    )
    T1_se: Error
    zsl_accuracy: Fraction = Field(description="the same per image")
    zsl_accuracy_se: Error
    known_accuracy: Fraction = Field(
        description="per image: seen classes, everything taken as known (seen classifier alone)"
    )
    known_accuracy_se: Error
    known_accuracy_per_class: Fraction = Field(description="the same as a per-class mean")
    known_accuracy_per_class_se: Error

    seen_kept: Fraction = Field(description="share of seen images taken as known (margin > 0)")
    seen_kept_se: Error
    unseen_caught: Fraction = Field(description="share of unseen images taken as novel")
    unseen_caught_se: Error

    curve_kind: Curve = Field(description="what the margin is: a gate's, or calibrated stacking")
    AUSUC: Fraction = Field(
        description="area under s over u, trapezoids, all distinct margins (Chao et al. 2016)"
    )
    AUSUC_se: Error | None
    h_oracle: Fraction = Field(
        description="best H along the curve: chosen on test labels, shown, never ranked"
    )
    h_oracle_se: Error | None = None
    unseen_at_70_seen: Fraction | None = Field(
        description="unseen_accuracy where the curve, from everything novel on, first reaches a "
        "seen_accuracy of 70 % (linear between points); None: it never does"
    )
    unseen_at_70_seen_se: Error | None = Field(
        default=None, description="None: a resample never does"
    )
    u_at_70_s: Fraction | None = Field(description="the same with per-class means")

    novelty: NoveltyScores | None = Field(description="None: the method has no novelty")
    tied: Fraction = Field(description="share of images with a tie in the winning label")

    per_class: tuple[ClassRow, ...] = Field(description="all classes, the task's order")
    confusion: tuple[tuple[int, ...], ...] = Field(
        description="counts: rows true classes, columns final labels, the task's order"
    )
    curve: CurveTable
    bootstrap_seed: int = Field(ge=0)
    resamples: int = Field(ge=0)
