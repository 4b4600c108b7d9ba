"""Accuracies: against scikit-learn, closed forms and laws; and what is refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_cases import Case, cases, draw_case, make_case, make_classes, mean_recall
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score

from zslbench import contracts
from zslbench.errors import DataError, InputError, PluginError
from zslbench.score import Scores


def test_perfect_prediction_scores_one_without_error():
    y = [0, 0, 1, 2, 2, 2]
    case = make_case(
        "ssu", y, [0, 0, 1, 0, 0, 0], [2] * 6, [1, 1, 1, -1, -1, -1], novelty=[0, 0, 0, 1, 1, 1]
    )
    scores = case.score(resamples=50)
    for name in ("s", "u", "H", "T1", "AUSUC", "seen_accuracy", "unseen_accuracy", "h_oracle"):
        assert getattr(scores, name) == 1, name
    assert scores.overall_accuracy == scores.known_accuracy == scores.zsl_accuracy == 1
    assert scores.H_se == scores.AUSUC_se == scores.T1_se == scores.s_se == 0
    assert scores.novelty is not None
    assert scores.novelty.AUROC == scores.novelty.AUPR_unseen == scores.novelty.AUPR_seen == 1
    assert scores.novelty.fpr95 == scores.novelty.fpr95_seen_positive == 0


def test_calling_everything_seen_gives_no_harmonic_mean():
    case = draw_case("ssssu", [50, 50, 50, 50, 50])
    always = replace(case.prediction, margin=np.full(250, np.inf, dtype=np.float32))
    scores = replace(case, prediction=always).score(resamples=20)
    assert scores.u == scores.unseen_accuracy == scores.H == scores.H_se == 0
    assert scores.s == scores.known_accuracy_per_class > 0.6
    assert scores.overall_accuracy == pytest.approx(0.8 * scores.seen_accuracy)
    assert (scores.seen_kept, scores.unseen_caught) == (1, 0)


def test_per_image_and_per_class_differ_where_classes_do():
    # Seen: 3 of 4 and 0 of 1; unseen: 1 of 2.
    case = make_case(
        "ssu", [0, 0, 0, 0, 1, 2, 2], [0, 0, 0, 1, 0, 0, 0], [2] * 7, [1, 1, 1, 1, 1, 1, -1]
    )
    scores = case.score()
    assert scores.seen_accuracy == 3 / 5
    assert scores.s == 3 / 8
    assert scores.u == scores.unseen_accuracy == 1 / 2
    assert pytest.approx(2 * (3 / 8) * (1 / 2) / (3 / 8 + 1 / 2)) == scores.H
    assert scores.overall_accuracy == 4 / 7
    assert scores.T1 == 1  # whatever the margin says


def test_standard_errors_are_binomial():
    scores = draw_case("ssu", [30, 90, 60]).score()
    p = scores.seen_accuracy
    assert scores.seen_accuracy_se == pytest.approx(math.sqrt(p * (1 - p) / 120))
    by_class = [row.accuracy for row in scores.per_class]
    variance = sum(p * (1 - p) / n for p, n in zip(by_class[:2], (30, 90), strict=True))
    assert scores.s_se == pytest.approx(math.sqrt(variance) / 2)
    t1 = scores.T1
    assert scores.T1_se == pytest.approx(math.sqrt(t1 * (1 - t1) / 60))


@settings(deadline=None)
@given(cases())
def test_agrees_with_scikit_learn(case: Case):
    scores, y, final = case.score(), case.labels.y, case.final
    unseen = case.labels.is_unseen
    assert scores.overall_accuracy == pytest.approx(accuracy_score(y, final))
    table = confusion_matrix(y, final, labels=np.arange(len(case.classes.names)))
    assert np.array_equal(scores.confusion, table)
    for name, rows, answer in [
        ("s", ~unseen, final),
        ("u", unseen, final),
        ("T1", unseen, case.prediction.zsl_label),
        ("known_accuracy_per_class", ~unseen, case.prediction.known_label),
    ]:
        present = np.unique(y[rows])
        recall = recall_score(
            y[rows], answer[rows], labels=present, average="macro", zero_division=0
        )
        assert getattr(scores, name) == pytest.approx(recall), name


@settings(deadline=None)
@given(cases())
def test_agrees_with_plain_loops(case: Case):
    scores, y = case.score(), case.labels.y
    s = mean_recall(y, case.final, case.classes.seen)
    u = mean_recall(y, case.final, case.classes.unseen)
    assert (scores.s, scores.u) == (pytest.approx(s), pytest.approx(u))
    assert pytest.approx(2 * u * s / (u + s) if u + s else 0.0) == scores.H
    for index, row in enumerate(scores.per_class):
        hits = case.final[y == index] == index
        assert row.images == len(hits)
        assert row.accuracy == (pytest.approx(hits.mean()) if len(hits) else None)
        told = case.prediction.known_label if row.role == "seen" else case.prediction.zsl_label
        hits = told[y == index] == index
        assert row.group_accuracy == (pytest.approx(hits.mean()) if len(hits) else None)


def test_seen_image_may_be_right_by_the_novel_branch():
    case = make_case("su", [0, 1], [0, 0], [0, 1], [-1, -1])
    scores = case.score()
    assert scores.s == scores.u == scores.H == 1
    assert scores.seen_kept == 0


def test_class_without_test_images_is_listed_and_left_out():
    case = make_case("ssuu", [0, 0, 2], [0, 0, 1], [2, 2, 2], [1, 1, -1], novelty=[0, 0, 1])
    scores = case.score(resamples=10)
    assert scores.classes_without_images == ("s1", "u3")
    assert scores.s == scores.u == scores.T1 == 1
    assert scores.per_class[1].accuracy is None
    assert scores.per_class[1].group_accuracy is None
    assert scores.novelty is not None
    assert scores.novelty.AUROC_by_class == {"u2": 1}


@settings(deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_order_of_images_changes_nothing(case: Case, random):
    rows = list(range(len(case.labels.y)))
    random.shuffle(rows)
    p = case.prediction
    shuffled = replace(
        p,
        known_label=p.known_label[rows],
        novel_label=p.novel_label[rows],
        zsl_label=p.zsl_label[rows],
        margin=p.margin[rows],
        novelty=None if p.novelty is None else p.novelty[rows],
    )
    labels = contracts.TestLabels(case.labels.y[rows], case.labels.is_unseen[rows])
    other = Case(shuffled, labels, case.classes)
    # To the last bit, sampling errors too.
    assert other.score(resamples=20) == case.score(resamples=20)


@settings(deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_numbering_of_classes_changes_nothing(case: Case, random):
    c = len(case.classes.names)
    new = list(range(c))
    random.shuffle(new)
    old = np.argsort(new)
    new_of = np.array(new)
    p = case.prediction
    renumbered = Case(
        replace(
            p,
            known_label=new_of[p.known_label],
            novel_label=new_of[p.novel_label],
            zsl_label=new_of[p.zsl_label],
        ),
        contracts.TestLabels(new_of[case.labels.y], case.labels.is_unseen),
        contracts.ClassTable(
            tuple(case.classes.names[i] for i in old), tuple(case.classes.roles[i] for i in old)
        ),
    )
    before, after = case.score(), renumbered.score()
    for name, value in before.model_dump().items():
        if isinstance(value, float):
            assert getattr(after, name) == pytest.approx(value, abs=1e-12), name
    assert np.array_equal(np.array(before.confusion)[np.ix_(old, old)], after.confusion)
    assert {r.name: r.accuracy for r in before.per_class} == {
        r.name: r.accuracy for r in after.per_class
    }


@settings(deadline=None)
@given(cases())
def test_record_survives_json(case: Case):
    scores = case.score(resamples=5)
    text = scores.model_dump_json()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert Scores.model_validate_json(text) == scores
    assert scores.tied == 0.25


def test_every_accuracy_has_its_error():
    fields = set(Scores.model_fields)
    shares = {f for f in fields if f.endswith("accuracy") or f in {"s", "u", "H", "T1", "AUSUC"}}
    assert len(shares) == 10
    assert {f"{f}_se" for f in shares} <= fields


GOOD = make_case("ssu", [0, 1, 2], [0, 1, 0], [2, 2, 2], [1, 1, -1], novelty=[0, 0, 1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"margin": np.array([1, np.nan, -1], np.float32)}, "margin: NaN for test image 1"),
        ({"novelty": np.array([np.nan] * 3, np.float32)}, r"novelty: NaN .*\(3 of 3\)"),
        ({"margin": np.zeros(2, np.float32)}, r"margin: float32\(2,\)"),
        ({"margin": np.zeros((3, 1), np.float32)}, "margin"),
        ({"novelty": np.zeros(4, np.float32)}, "novelty"),
        ({"margin": np.array(["a", "b", "c"])}, "margin"),
        ({"known_label": np.array([0, 1])}, "known_label"),
        ({"known_label": np.array([0.0, 1.0, 0.0])}, "known_label: float64"),
        ({"known_label": np.array([0, 1, 2])}, "known_label: 2 for test image 2 .* seen"),
        ({"novel_label": np.array([2, -1, 3])}, r"novel_label: -1 .*\(2 such images\)"),
        ({"zsl_label": np.array([2, 2, 0])}, "zsl_label: 0 for test image 2 .* unseen"),
        ({"tied": 1.5}, "tied: 1.5"),
        ({"tied": math.nan}, "tied: nan"),
    ],
)
def test_prediction_that_breaks_the_contract(change, message):
    with pytest.raises(PluginError, match=message):
        replace(GOOD, prediction=replace(GOOD.prediction, **change)).score()


@pytest.mark.parametrize(
    ("y", "unseen", "message"),
    [
        ([0, 1, 3], [False, False, True], "from 0 to 3, but the task's 3 classes are 0 to 2"),
        ([0, -1, 2], [False, False, True], "from -1 to 2"),
        ([0, 1, 2], [False, True, True], "image 1 is of class 's1'"),
        ([0, 1, 2], [False, True], "is_unseen"),
        ([0.0, 1.0, 2.0], [False, False, True], "integers"),
    ],
)
def test_labels_that_do_not_fit(y, unseen, message):
    with pytest.raises(DataError, match=message):
        replace(GOOD, labels=contracts.TestLabels(np.array(y), np.array(unseen))).score()


@pytest.mark.parametrize(("rows", "missing"), [([0, 1], "unseen"), ([2], "seen"), ([], "seen")])
def test_test_set_without_one_of_the_roles(rows, missing):
    p = GOOD.prediction
    part = replace(
        p,
        **{
            name: getattr(p, name)[rows]
            for name in ("known_label", "novel_label", "zsl_label", "margin", "novelty")
        },
    )
    labels = contracts.TestLabels(GOOD.labels.y[rows], GOOD.labels.is_unseen[rows])
    with pytest.raises(InputError, match=f"class that is {missing} "):
        Case(part, labels, make_classes("ssu")).score()


def test_unknown_curve():
    with pytest.raises(PluginError, match="curve: 'roc'; allowed are gate and stacking"):
        GOOD.score(curve="roc")


def test_scores_are_those_of_what_is_stored():
    # 1e-60 is stored as 0 in float32: the image is then taken as novel, now and ever after.
    wide = replace(GOOD.prediction, margin=np.array([1e-60, 1e300, -1.0]))
    scores = replace(GOOD, prediction=wide).score()
    stored = replace(GOOD.prediction, margin=np.array([0, np.inf, -1], np.float32))
    assert scores == replace(GOOD, prediction=stored).score()
    assert scores.seen_kept == 0.5
