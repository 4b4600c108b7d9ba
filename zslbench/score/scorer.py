"""From a stored prediction and the sealed labels to all scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from zslbench.contracts import Curve
from zslbench.errors import PluginError
from zslbench.score.accuracy import count_confusion, harmonic_mean, measure_rates
from zslbench.score.bootstrap import estimate_errors
from zslbench.score.curve import measure_curve, sweep_margins
from zslbench.score.histogram import count_novelty
from zslbench.score.novelty import (
    average_precision,
    false_alarms,
    measure_auroc_by_class,
    pair_images,
)
from zslbench.score.outcomes import read_outcomes
from zslbench.score.table import ClassRow, NoveltyScores, Scores

if TYPE_CHECKING:
    from zslbench.contracts import Bool, ClassTable, Prediction, TestLabels
    from zslbench.score.bootstrap import SamplingErrors
    from zslbench.score.novelty import Duel
    from zslbench.score.outcomes import Outcomes


def score(
    prediction: Prediction,
    labels: TestLabels,
    classes: ClassTable,
    *,
    curve: Curve,
    bootstrap_seed: int = 0,
    resamples: int = 1000,
) -> Scores:
    """Score a prediction of n test images, by the protocol of Xian et al. 2018 (GBU).

    ``curve`` says what the margin is. The scores do not depend on the order of the test images.
    ``resamples`` = 0 leaves the bootstrap's errors out (None).

    Raises PluginError for a prediction that breaks its contract, DataError for labels that do not
    fit ``classes``, InputError for a test set without seen or unseen images or a bad bootstrap.
    """
    _check_curve(curve)
    outcomes = read_outcomes(prediction, labels, classes)
    sweep = sweep_margins(outcomes)
    swept = measure_curve(outcomes, sweep)
    duel = pair_images(outcomes)
    errors = estimate_errors(outcomes, sweep, duel, seed=bootstrap_seed, resamples=resamples)
    return Scores(
        **_tabulate_rates(outcomes),
        **_count_images(outcomes, classes),
        H_se=errors.H,
        curve_kind=curve,
        AUSUC=swept.AUSUC,
        AUSUC_se=errors.AUSUC,
        h_oracle=swept.h_oracle,
        h_oracle_se=errors.h_oracle,
        unseen_at_70_seen=swept.unseen_at_70_seen,
        unseen_at_70_seen_se=errors.unseen_at_70_seen,
        u_at_70_s=swept.u_at_70_s,
        novelty=_score_novelty(outcomes, duel, classes, errors),
        tied=float(prediction.tied),
        per_class=_tabulate_classes(outcomes, classes),
        curve=swept.table,
        bootstrap_seed=bootstrap_seed,
        resamples=resamples,
    )


def _check_curve(curve: str) -> None:
    if curve not in get_args(Curve):
        raise PluginError(
            f"curve: {curve!r}; allowed are {' and '.join(get_args(Curve))}: mend the attribute "
            "'curve' of the method or gate"
        )


def _tabulate_rates(outcomes: Outcomes) -> dict[str, Any]:
    rates = measure_rates(outcomes)
    table = {name: rate.value for name, rate in rates.items()}
    table |= {f"{name}_se": rate.se for name, rate in rates.items()}
    return table | {"H": float(harmonic_mean(table["u"], table["s"]))}


def _count_images(outcomes: Outcomes, classes: ClassTable) -> dict[str, Any]:
    images = zip(classes.names, outcomes.images, strict=False)  # distractors have none
    return {
        "seen_images": int(np.count_nonzero(~outcomes.unseen)),
        "unseen_images": int(np.count_nonzero(outcomes.unseen)),
        "classes_without_images": tuple(name for name, count in images if not count),
        "confusion": tuple(map(tuple, count_confusion(outcomes).tolist())),
    }


def _score_novelty(
    outcomes: Outcomes, duel: Duel | None, classes: ClassTable, errors: SamplingErrors
) -> NoveltyScores | None:
    novelty, unseen = outcomes.novelty, outcomes.unseen
    if novelty is None or duel is None:
        return None
    pooled, macro = duel.aurocs(np.ones((1, len(unseen)), dtype=np.int64))
    by_class = measure_auroc_by_class(outcomes, duel)
    return NoveltyScores(
        AUROC=float(pooled[0]),
        AUROC_se=errors.AUROC,
        AUROC_macro=float(macro[0]),
        AUROC_macro_se=errors.AUROC_macro,
        AUROC_by_class={classes.names[c]: auroc for c, auroc in by_class.items()},
        AUPR_unseen=average_precision(novelty, unseen),
        AUPR_seen=average_precision(-novelty, ~unseen),
        prevalence=float(unseen.mean()),
        fpr95=false_alarms(novelty, unseen),
        fpr95_seen_positive=false_alarms(-novelty, ~unseen),
        histogram=count_novelty(novelty, unseen),
    )


def _tabulate_classes(outcomes: Outcomes, classes: ClassTable) -> tuple[ClassRow, ...]:
    group_right = np.where(outcomes.unseen, outcomes.zsl_right, outcomes.known_right)

    def share(right: Bool, index: int) -> float | None:
        rows = outcomes.y == index
        return float(right[rows].mean()) if rows.any() else None

    return tuple(
        ClassRow(
            name=name,
            role=role,
            images=int(outcomes.images[index]),
            accuracy=share(outcomes.right, index),
            group_accuracy=share(group_right, index),
        )
        for index, (name, role) in enumerate(zip(classes.names, classes.roles, strict=True))
        if role != "distractor"
    )
