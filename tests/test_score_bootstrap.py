"""Sampling errors: against closed forms and a bootstrap in plain loops."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from score_cases import Case, cases, draw_case, make_case
from sklearn.metrics import roc_auc_score

from zslbench import contracts
from zslbench.errors import InputError
from zslbench.score import bootstrap
from zslbench.score.outcomes import read_outcomes

# 2,000 resamples leave a relative error of 1/sqrt(2 · 2,000) = 1.6 % in a standard error.
RESAMPLES = 2000
NEAR = 0.06


def test_error_of_h_is_the_binomial_one_where_u_is_certain():
    # Every unseen image is right, so H = 2s/(1 + s) and its error is dH/ds times that of s.
    y = np.repeat([0, 1, 2], [100, 300, 50])
    right = np.tile([True, True, True, False], 150)[:450]
    known = np.where(right & (y < 2), y, 1 - np.minimum(y, 1))
    margin = np.where(y < 2, 1, -1)
    scores = make_case("ssu", y, known, np.full(450, 2), margin).score(resamples=RESAMPLES)
    assert (scores.u, scores.u_se) == (1, 0)
    assert scores.H_se == pytest.approx(2 / (1 + scores.s) ** 2 * scores.s_se, rel=NEAR)


def test_error_of_h_follows_both_accuracies():
    scores = draw_case("sssuu", [300, 200, 100, 150, 250]).score(resamples=RESAMPLES)
    u, s = scores.u, scores.s
    by_u, by_s = 2 * s**2 / (u + s) ** 2, 2 * u**2 / (u + s) ** 2
    expected = math.hypot(by_u * scores.u_se, by_s * scores.s_se)
    assert scores.H_se == pytest.approx(expected, rel=NEAR)


def test_error_of_auroc_is_that_of_delong():
    case = draw_case("su", [400, 150])
    value, unseen = case.prediction.novelty, case.labels.is_unseen
    wins = (value[unseen][:, None] > value[~unseen]) + (
        value[unseen][:, None] == value[~unseen]
    ) / 2
    variance = wins.mean(axis=1).var(ddof=1) / 150 + wins.mean(axis=0).var(ddof=1) / 400
    found = case.score(resamples=RESAMPLES).novelty
    assert found.AUROC_se == pytest.approx(math.sqrt(variance), rel=NEAR)
    assert found.AUROC_macro_se == pytest.approx(found.AUROC_se)  # one unseen class


def test_area_and_auroc_share_their_error_where_the_branches_are_perfect():
    case = draw_case("su", [100, 80])
    y = case.labels.y
    perfect = replace(case.prediction, known_label=np.zeros_like(y), novel_label=np.ones_like(y))
    scores = replace(case, prediction=perfect).score(resamples=200)
    assert scores.AUSUC_se == pytest.approx(scores.novelty.AUROC_se)
    assert scores.AUSUC_se > 0.01


def test_agrees_with_scoring_resampled_test_sets():
    case = draw_case("ssuu", [20, 12, 15, 9], seed=5)
    generator = np.random.Generator(np.random.PCG64(11))
    y, p = case.labels.y, case.prediction
    names = ("H", "AUSUC", "h_oracle", "unseen_at_70_seen", "AUROC")
    drawn: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(600):
        rows = np.concatenate(
            [generator.choice(np.flatnonzero(y == c), (y == c).sum()) for c in range(4)]
        )
        arrays = {
            name: getattr(p, name)[rows]
            for name in ("known_label", "novel_label", "zsl_label", "margin", "novelty")
        }
        labels = contracts.TestLabels(y[rows], case.labels.is_unseen[rows])
        scores = Case(replace(p, **arrays), labels, case.classes).score()
        for name in names[:-1]:
            drawn[name].append(getattr(scores, name))
        drawn["AUROC"].append(roc_auc_score(labels.is_unseen, arrays["novelty"]))
    found = case.score(resamples=RESAMPLES)
    errors = {name: getattr(found, f"{name}_se") for name in names[:-1]}
    errors["AUROC"] = found.novelty.AUROC_se
    for name, values in drawn.items():
        assert errors[name] == pytest.approx(np.std(values), rel=0.12), name


def test_seed_fixes_the_errors():
    case = draw_case("ssu", [40, 40, 40])
    first = case.score(resamples=100)
    assert case.score(resamples=100, bootstrap_seed=0) == first
    other = case.score(resamples=100, bootstrap_seed=1)
    assert other.H_se != first.H_se
    assert other.H_se == pytest.approx(first.H_se, rel=0.4)
    assert (other.H, other.s_se) == (first.H, first.s_se)
    assert (other.bootstrap_seed, other.resamples) == (1, 100)


def test_size_of_a_block_changes_nothing(monkeypatch):
    case = draw_case("ssu", [40, 40, 40])
    whole = case.score(resamples=50)
    monkeypatch.setattr(bootstrap, "_CELLS", 700)  # 5 samples at a time
    assert case.score(resamples=50) == whole


@settings(deadline=None)
@given(cases())
def test_samples_keep_the_size_of_every_class(case: Case):
    outcomes = read_outcomes(case.prediction, case.labels, case.classes)
    counts = np.concatenate(list(bootstrap.draw_samples(outcomes, seed=7, resamples=9)))
    assert counts.shape == (9, len(case.labels.y))
    for c, images in enumerate(outcomes.images):
        assert (counts[:, outcomes.y == c].sum(axis=1) == images).all()


def test_every_image_is_drawn_alike():
    case = draw_case("su", [8, 5])
    outcomes = read_outcomes(case.prediction, case.labels, case.classes)
    counts = np.concatenate(list(bootstrap.draw_samples(outcomes, seed=7, resamples=20_000)))
    size = outcomes.images[outcomes.y]
    assert counts.mean(axis=0) == pytest.approx(np.ones(13), abs=0.04)
    assert counts.var(axis=0) == pytest.approx(1 - 1 / size, rel=0.06)


def test_what_a_resample_never_reaches_has_no_error():
    # 70 of 100 seen images are right: some resamples stay below.
    y = np.repeat([0, 1, 2], [50, 50, 50])
    known = np.where(np.arange(150) % 10 < 7, y, 1 - np.minimum(y, 1))
    known = np.where(y < 2, known, 0)
    scores = make_case("ssu", y, known, np.full(150, 2), np.where(y < 2, 1, -1)).score()
    assert scores.unseen_at_70_seen is not None
    assert scores.unseen_at_70_seen_se is None


def test_no_resamples_no_errors():
    scores = draw_case("su", [9, 9]).score(resamples=0)
    assert scores.H_se is None
    assert scores.AUSUC_se is None
    assert scores.novelty.AUROC_se is None
    assert scores.s_se > 0  # the binomial ones are always there


@pytest.mark.parametrize("options", [{"resamples": 1}, {"resamples": -3}, {"bootstrap_seed": -1}])
def test_impossible_bootstrap(options):
    with pytest.raises(InputError, match="bootstrap: seed"):
        draw_case("su", [9, 9]).score(**options)
