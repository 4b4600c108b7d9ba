"""Novelty: against scikit-learn, plain loops and closed forms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_cases import Case, cases, draw_case, make_case
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from zslbench.score import NoveltyScores, Scores


def novelty_of(case: Case) -> NoveltyScores:
    scores = case.score().novelty
    assert scores is not None
    return scores


def with_novelty(seen: list[float], unseen: list[float]) -> Case:
    n = len(seen) + len(unseen)
    y = [0] * len(seen) + [1] * len(unseen)
    return make_case("su", y, [0] * n, [1] * n, [0] * n, novelty=[*seen, *unseen])


def false_positive_rate(positive: np.ndarray, values: np.ndarray) -> float:
    fpr, tpr, _ = roc_curve(positive, values, drop_intermediate=False)
    return float(fpr[tpr >= 0.95][0])


def check_against_scikit_learn(case: Case) -> None:
    found, y = novelty_of(case), case.labels.y
    unseen, value = case.labels.is_unseen, case.prediction.novelty.astype(float)
    assert pytest.approx(roc_auc_score(unseen, value)) == found.AUROC
    assert pytest.approx(average_precision_score(unseen, value)) == found.AUPR_unseen
    assert pytest.approx(average_precision_score(~unseen, -value)) == found.AUPR_seen
    assert found.fpr95 == pytest.approx(false_positive_rate(unseen, value))
    assert found.fpr95_seen_positive == pytest.approx(false_positive_rate(~unseen, -value))
    by_class = {}
    for c in np.unique(y[unseen]):
        rows = ~unseen | (y == c)
        by_class[case.classes.names[c]] = roc_auc_score(unseen[rows], value[rows])
    assert pytest.approx(by_class) == found.AUROC_by_class
    assert pytest.approx(np.mean(list(by_class.values()))) == found.AUROC_macro
    assert found.prevalence == pytest.approx(unseen.mean())


@settings(deadline=None)
@given(cases(novelty=True))
def test_agrees_with_scikit_learn_on_ties(case: Case):
    check_against_scikit_learn(case)


@pytest.mark.parametrize("seed", [0, 1])
def test_agrees_with_scikit_learn_on_many_images(seed: int):
    check_against_scikit_learn(draw_case("ssuuu", [200, 50, 10, 40, 100], seed=seed))


@settings(deadline=None)
@given(
    st.lists(st.integers(-3, 3), min_size=1, max_size=12),
    st.lists(st.integers(-3, 3), min_size=1, max_size=12),
)
def test_auroc_is_the_share_of_pairs_won(seen: list[int], unseen: list[int]):
    won = sum((v > s) + (v == s) / 2 for v in unseen for s in seen)
    auroc = novelty_of(with_novelty(seen, unseen)).AUROC
    assert auroc == pytest.approx(won / (len(seen) * len(unseen)))


def test_a_constant_novelty_is_chance():
    found = novelty_of(with_novelty([1.0] * 6, [1.0] * 2))
    assert found.AUROC == found.AUROC_macro == 0.5
    assert found.AUPR_unseen == found.prevalence == 0.25
    assert found.AUPR_seen == 0.75
    assert found.fpr95 == found.fpr95_seen_positive == 1


def test_fpr95_by_hand():
    # 19 of 20 unseen images are above 0.5, and one seen image of four; the last one is below all.
    found = novelty_of(with_novelty([0.1, 0.2, 0.3, 0.6], [0.9] * 19 + [0.0]))
    assert found.fpr95 == 0
    found = novelty_of(with_novelty([0.1, 0.2, 0.3, 0.6], [0.9] * 18 + [0.5, 0.0]))
    assert found.fpr95 == 0.25
    found = novelty_of(with_novelty([0.1, 0.2, 0.3, 0.6], [0.9] * 18 + [0.0, 0.0]))
    assert found.fpr95 == 1
    # All four seen images must pass (3 are but 75 %): a cut at 0.6 lets the unseen 0.5 and 0 pass.
    assert novelty_of(
        with_novelty([0.1, 0.2, 0.3, 0.6], [0.9] * 18 + [0.5, 0.0])
    ).fpr95_seen_positive == pytest.approx(0.1)


def test_macro_auroc_shows_near_and_far_classes():
    y = [0] * 4 + [1] * 8 + [2] * 2
    far, near = [5.0] * 8, [0.5, 0.5]
    case = make_case("suu", y, [0] * 14, [1] * 14, [0] * 14, novelty=[0, 0, 1, 1, *far, *near])
    found = novelty_of(case)
    assert found.AUROC_by_class == {"u1": 1, "u2": 0.5}
    assert (found.AUROC_macro, found.AUROC) == (0.75, pytest.approx(0.9))


def test_infinite_novelty_is_tied():
    found = novelty_of(with_novelty([-np.inf, 0.0, np.inf], [np.inf]))
    assert pytest.approx((2 + 0.5) / 3) == found.AUROC


@settings(deadline=None)
@given(cases(), st.integers(-20, 20))
def test_scaling_novelty_changes_nothing(case: Case, power: int):
    if case.prediction.novelty is None:
        assert case.score().novelty is None
        return
    scaled = case.prediction.novelty * np.float32(2.0**power)
    other = replace(case, prediction=replace(case.prediction, novelty=scaled))
    assert without_edges(other.score()) == without_edges(case.score())


def without_edges(scores: Scores) -> dict[str, Any]:
    """The histogram's edges alone are in units of novelty."""
    table = scores.model_dump()
    del table["novelty"]["histogram"]["edges"]
    return table


@settings(deadline=None)
@given(cases(novelty=True))
def test_turning_novelty_round_turns_the_auroc(case: Case):
    turned = replace(case, prediction=replace(case.prediction, novelty=-case.prediction.novelty))
    assert pytest.approx(1 - novelty_of(case).AUROC) == novelty_of(turned).AUROC
