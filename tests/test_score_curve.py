"""The seen–unseen curve: against a sweep in plain loops, closed forms and laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_cases import Case, cases, draw_case, make_case, mean_recall
from sklearn.metrics import roc_auc_score


def sweep_by_loops(case: Case) -> dict[str, list[float]]:
    """Every point of the curve, measured afresh: margins ≥ a cut are known, the cut going down."""
    p, y, unseen = case.prediction, case.labels.y, case.labels.is_unseen
    points: dict[str, list[float]] = {"u": [], "s": [], "seen": [], "unseen": [], "all": []}
    knowns = [np.zeros(len(y), dtype=bool)]
    knowns += [p.margin >= cut for cut in sorted(set(p.margin.tolist()), reverse=True)]
    for known in knowns:
        answer = [
            k if is_known else v
            for k, v, is_known in zip(p.known_label, p.novel_label, known, strict=True)
        ]
        right = np.array(answer) == y
        points["u"].append(mean_recall(y, answer, case.classes.unseen))
        points["s"].append(mean_recall(y, answer, case.classes.seen))
        points["seen"].append(right[~unseen].sum() / (~unseen).sum())
        points["unseen"].append(right[unseen].sum() / unseen.sum())
        points["all"].append(right.sum() / len(y))
    return points


@settings(deadline=None)
@given(cases())
def test_agrees_with_a_sweep_in_loops(case: Case):
    curve, expected = case.score().curve, sweep_by_loops(case)
    assert curve.measured == len(expected["u"])
    for name, key in [
        ("u", "u"),
        ("s", "s"),
        ("seen_accuracy", "seen"),
        ("unseen_accuracy", "unseen"),
        ("overall_accuracy", "all"),
    ]:
        assert getattr(curve, name) == pytest.approx(expected[key], abs=1e-12), name


@settings(deadline=None)
@given(cases())
def test_area_and_oracle_agree_with_loops(case: Case):
    scores, points = case.score(), sweep_by_loops(case)
    by_u = sorted(zip(points["u"], range(0, -len(points["u"]), -1), points["s"], strict=True))
    area = np.trapezoid([s for _, _, s in by_u], [u for u, _, _ in by_u])
    assert pytest.approx(area, abs=1e-12) == scores.AUSUC
    best = max(
        2 * u * s / (u + s) if u + s else 0.0 for u, s in zip(points["u"], points["s"], strict=True)
    )
    assert scores.h_oracle == pytest.approx(best)
    assert scores.h_oracle >= scores.H - 1e-12
    at = scores.curve.oracle
    u, s = scores.curve.u[at], scores.curve.s[at]
    assert (2 * u * s / (u + s) if u + s else 0.0) == scores.h_oracle


@settings(deadline=None)
@given(cases())
def test_constant_zero_reproduces_the_stored_answers(case: Case):
    scores = case.score()
    own, curve = scores.curve.own, scores.curve
    assert curve.seen_accuracy[own] == scores.seen_accuracy
    assert curve.unseen_accuracy[own] == scores.unseen_accuracy
    assert curve.overall_accuracy[own] == scores.overall_accuracy
    assert curve.u[own] == pytest.approx(scores.u, abs=1e-14)
    assert curve.s[own] == pytest.approx(scores.s, abs=1e-14)


@settings(deadline=None)
@given(cases())
def test_ends_take_everything_as_known_and_as_novel(case: Case):
    curve, y, p = case.score().curve, case.labels.y, case.prediction
    assert curve.u[0] == pytest.approx(mean_recall(y, p.novel_label, case.classes.unseen))
    assert curve.s[0] == pytest.approx(mean_recall(y, p.novel_label, case.classes.seen))
    assert curve.u[-1] == pytest.approx(0, abs=1e-15)
    assert curve.s[-1] == pytest.approx(mean_recall(y, p.known_label, case.classes.seen))


@settings(deadline=None)
@given(cases(), st.integers(-20, 20))
def test_scaling_margins_changes_nothing(case: Case, power: int):
    margin = case.prediction.margin * np.float32(2.0**power)
    other = replace(case, prediction=replace(case.prediction, margin=margin))
    assert other.score() == case.score()


@settings(deadline=None)
@given(cases(), st.sampled_from([-4.0, -1.5, 0.25, 2.0]))
def test_a_constant_moves_along_the_curve_only(case: Case, constant: float):
    moved = replace(case.prediction, margin=case.prediction.margin + np.float32(constant))
    before, after = case.score(), replace(case, prediction=moved).score()
    assert (after.AUSUC, after.h_oracle) == (before.AUSUC, before.h_oracle)
    assert after.unseen_at_70_seen == before.unseen_at_70_seen
    assert (after.curve.u, after.curve.s) == (before.curve.u, before.curve.s)


def test_with_perfect_branches_the_area_is_the_auroc():
    generator = np.random.Generator(np.random.PCG64(3))
    y = np.repeat([0, 1], [300, 200])
    margin = np.float32(np.round(generator.normal(size=500) - y, 1))  # with many ties
    case = make_case("su", y, np.zeros(500), np.ones(500), margin)
    assert pytest.approx(roc_auc_score(y, -margin)) == case.score().AUSUC


def test_one_tied_margin_leaves_the_two_ends():
    case = make_case("su", [0, 0, 1, 1], [0, 0, 0, 0], [0, 1, 1, 1], [np.inf] * 4)
    scores = case.score()
    # Everything novel: u = 1, s = 1/2; everything known: u = 0, s = 1.
    assert (scores.curve.u, scores.curve.s) == ((1, 0), (0.5, 1))
    assert scores.AUSUC == 0.75
    assert scores.curve.own == 1


def test_infinite_margins_are_tied():
    margins = [np.inf, np.inf, 1, 0, -np.inf, -np.inf]
    case = make_case("su", [0, 1, 0, 1, 0, 1], [0] * 6, [1] * 6, margins)
    assert case.score().curve.measured == 5


def ladder(margins: list[float], novel: int) -> Case:
    """Ten seen images, right if known, and ten unseen ones, right if novel."""
    return make_case("su", [0] * 10 + [1] * 10, [0] * 20, [novel] * 10 + [1] * 10, margins)


def test_unseen_at_70_between_two_points():
    # Margins 4 hold 6 seen and 1 unseen image, margins 3 hold 2 more seen and 4 more unseen.
    margins = [4] * 6 + [3] * 2 + [-5] * 2 + [4] + [3] * 4 + [-5] * 5
    scores = ladder(margins, novel=1).score()
    # From (0.6, 0.9) to (0.8, 0.5): half-way.
    assert scores.unseen_at_70_seen == pytest.approx(0.7)
    assert scores.u_at_70_s == pytest.approx(0.7)


def test_unseen_at_70_on_a_point():
    margins = [2] * 7 + [-1] * 3 + [2] * 2 + [-1] * 8
    scores = ladder(margins, novel=1).score()
    assert scores.unseen_at_70_seen == 0.8
    assert scores.u_at_70_s == pytest.approx(0.8)


def test_unseen_at_70_where_the_novel_branch_names_seen_classes():
    assert ladder([1] * 10 + [-1] * 10, novel=0).score().unseen_at_70_seen == 1


@pytest.mark.parametrize("size", [10, 30, 70])
def test_unseen_at_70_where_70_is_just_reached_at_last(size: int):
    # Class after class is 70 % right if known; one margin each, unseen images in between.
    y = np.repeat([0, 1, 2, 3], size)
    known = np.where(np.tile(np.arange(size), 4) < 0.7 * size - 1e-9, y % 3, (y + 1) % 3)
    margin = np.float32(np.tile(np.arange(size), 4))
    scores = make_case("sssu", y, known, np.full(4 * size, 3), margin).score()
    assert scores.known_accuracy == 0.7
    assert scores.unseen_at_70_seen is not None
    assert scores.u_at_70_s == pytest.approx(scores.unseen_at_70_seen)


def test_unseen_at_70_never_reached():
    case = make_case("ssu", [0, 0, 1, 2], [0, 1, 0, 0], [2] * 4, [1, 1, 1, -1])
    scores = case.score()
    assert scores.unseen_at_70_seen is None
    assert scores.u_at_70_s is None


def test_a_crossing_per_image_and_per_class_may_differ():
    # Class 0 has eight images, all kept; class 1 has two, kept last.
    case = make_case(
        "ssu", [0] * 8 + [1] * 2 + [2] * 2, [0] * 8 + [1] * 2 + [0] * 2, [2] * 12,
        [3] * 8 + [1] * 2 + [2] * 2,
    )  # fmt: skip
    scores = case.score()
    assert scores.unseen_at_70_seen == 1  # 80 % of seen images before any unseen one is lost
    assert scores.u_at_70_s == pytest.approx(0)  # s = 50 % until class 1 is kept


def test_a_long_curve_is_thinned_but_measured_whole():
    case = draw_case("ssssuu", [500] * 6)
    fine = case.prediction.margin + np.linspace(0, 1e-3, 3000, dtype=np.float32)
    case = replace(case, prediction=replace(case.prediction, margin=fine))
    scores = case.score()
    curve = scores.curve
    assert curve.measured > 2000
    assert 75 <= len(curve.u) == len(curve.s) == len(curve.overall_accuracy) <= 100
    assert curve.overall_accuracy[curve.own] == scores.overall_accuracy
    assert curve.u[-1] == pytest.approx(0, abs=1e-12)
    assert max(np.abs(np.diff(curve.u))) < 0.02
    assert np.trapezoid(curve.s[::-1], curve.u[::-1]) == pytest.approx(scores.AUSUC, abs=2e-3)
