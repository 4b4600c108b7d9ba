"""The Bayesian gate: against a plain double loop, and its Gaussian form against the hard gate."""

import math

import numpy as np
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

import zslbench
from zslbench.contracts import Branch, ClassTable, HeldOutSeen
from zslbench.errors import InputError
from zslbench_plugins.gates.bayesian import BayesianGate
from zslbench_plugins.gates.hard import HardGate

CLASSES = ClassTable(
    ("ant", "bee", "cat", "dog", "eel"), ("seen", "unseen", "seen", "unseen", "seen")
)
NOBODY = HeldOutSeen(novelty=None, train_novelty=None)
N = 40


def branches(seed, scale=3.0, ties=False):
    """Random scores of both branches; with ``ties`` whole numbers, some of them equal."""
    rng = np.random.default_rng(seed)
    known, novel = (rng.normal(scale=scale, size=(N, c)) for c in (3, 2))
    if ties:
        known, novel = known.round(), novel.round()
    return Branch(known, CLASSES.seen), Branch(novel, CLASSES.unseen), rng


def final(prediction):
    return np.where(prediction.margin > 0, prediction.known_label, prediction.novel_label)


def posterior(known, novel, p):
    """log P(y | x) of every class of one image, straight from the equation."""
    out = {}
    for branch, weight in ((known, 1 - p), (novel, p)):
        total = sum(math.exp(score) for score in branch[0])
        for score, label in zip(*branch, strict=True):
            probability = weight * math.exp(score) / total
            out[int(label)] = math.log(probability) if probability > 0 else -math.inf
    return out


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 30))
@settings(max_examples=40)
def test_labels_and_margin_are_those_of_the_equation_in_a_double_loop(seed, scale):
    known, novel, rng = branches(seed, scale)
    p = rng.uniform(size=N)
    p[:2] = 0, 1
    prediction = (
        BayesianGate()
        .fit(NOBODY)
        .combine(known, novel, classes=CLASSES, novelty=rng.normal(size=N), p_unseen=p)
    )
    for i in range(N):
        log_p = posterior(
            (known.scores[i], known.candidates), (novel.scores[i], novel.candidates), p[i]
        )
        seen = max(log_p[c] for c in CLASSES.seen)
        unseen = max(log_p[c] for c in CLASSES.unseen)
        assert prediction.margin[i] == pytest.approx(seen - unseen, rel=1e-5, abs=1e-5)
        if abs(seen - unseen) > 1e-6:
            assert final(prediction)[i] == max(log_p, key=log_p.get)
    assert prediction.margin[:2].tolist() == [math.inf, -math.inf]
    assert prediction.margin.dtype == np.float32
    np.testing.assert_array_equal(prediction.zsl_label, prediction.novel_label)


CUTS = st.sampled_from(["seen_kept:0.9", "seen_kept:0.35", "native", "probability:0.4"])


@given(st.integers(0, 2**32 - 1), CUTS, st.sampled_from(["held-out", "train"]), st.booleans())
@settings(max_examples=60)
def test_with_a_cut_it_gives_the_answers_of_the_hard_gate(seed, cut, cut_from, ties):
    known, novel, rng = branches(seed, ties=ties)
    heldout = HeldOutSeen(novelty=rng.normal(size=31), train_novelty=rng.normal(size=57))
    # some images on the cut itself, some beside it by less than a float32 tells
    numbers = {"novelty": rng.normal(size=N), "p_unseen": rng.uniform(size=N)}
    hard = HardGate(cut, cut_from).fit(heldout)
    for values in numbers.values():
        values[:3] = hard.threshold_
        values[3:6] += (hard.threshold_ - values[3:6]) * (1 - 1e-9)
    gate = BayesianGate("cut", cut, cut_from).fit(heldout)
    ours = gate.combine(known, novel, classes=CLASSES, **numbers)
    theirs = hard.combine(known, novel, classes=CLASSES, **numbers)
    np.testing.assert_array_equal(final(ours), final(theirs))
    np.testing.assert_array_equal(ours.margin > 0, theirs.margin > 0)
    for name in ("known_label", "novel_label", "zsl_label", "novelty", "p_unseen", "tied"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert np.isinf(ours.margin).all()
    assert (gate.needs, gate.needs_native_cut) == (hard.needs, hard.needs_native_cut)
    assert (gate.threshold_, gate.cut_) == (hard.threshold_, hard.cut_)


def test_a_probability_next_to_0_or_1_is_not_taken_for_it():
    known, novel, _ = branches(0, scale=0.1)
    for p, sign in ((1e-300, 1), (1 - 2.0**-53, -1)):  # the second is 1 in float32
        margin = (
            BayesianGate()
            .fit(NOBODY)
            .combine(known, novel, classes=CLASSES, novelty=None, p_unseen=np.full(N, p))
            .margin
        )
        assert np.isfinite(margin).all()
        assert (np.sign(margin) == sign).all()


def test_scores_far_apart_give_no_nan():
    known = Branch(np.array([[1e300, -1e300, 0.0]] * 2, np.float64), CLASSES.seen)
    novel = Branch(np.array([[0.0, -1e300]] * 2), CLASSES.unseen)
    prediction = (
        BayesianGate()
        .fit(NOBODY)
        .combine(known, novel, classes=CLASSES, novelty=None, p_unseen=np.array([0.0, 1.0]))
    )
    assert prediction.margin.tolist() == [math.inf, -math.inf]


def test_it_reads_what_its_parameters_say():
    assert BayesianGate().needs == {"p_unseen"}
    assert BayesianGate(cut="native").needs_native_cut is False  # the cut is not read
    assert BayesianGate("cut").needs == {"novelty"}
    assert BayesianGate("cut", "probability:0.5").needs == {"p_unseen"}
    fitted = BayesianGate(cut="seen_kept:0.5").fit(NOBODY)
    assert (fitted.cut_, fitted.threshold_) == (None, None)


def test_what_is_lacking_is_an_error_that_names_the_way_out():
    known, novel, _ = branches(0)
    with pytest.raises(InputError, match=r"p_unseen.*--novelty.*gate\.probability=cut"):
        BayesianGate().fit(NOBODY).combine(
            known, novel, classes=CLASSES, novelty=np.zeros(N), p_unseen=None
        )
    with pytest.raises(InputError, match=r"gives novelty: choose another with --novelty"):
        BayesianGate("cut", "native").fit(NOBODY).combine(
            known, novel, classes=CLASSES, novelty=None, p_unseen=np.zeros(N)
        )
    with pytest.raises(InputError, match=r"'bayesian'.*--validation") as late:
        BayesianGate("cut").fit(HeldOutSeen(novelty=np.zeros(0), train_novelty=np.zeros(4)))
    with pytest.raises(InputError) as early:
        BayesianGate("cut").check(validation=0)
    assert str(early.value) == str(late.value)
    with pytest.raises(InputError, match="write seen_kept:SHARE"):
        BayesianGate("cut", "keep:0.9").check(validation=0.05)
    BayesianGate("cut", cut_from="train").check(validation=0)
    BayesianGate("cut", "native").check(validation=0)
    BayesianGate().check(validation=0)


def test_seen_classes_among_the_unseen_classifiers_candidates_are_refused():
    known, _, rng = branches(0)
    joint = Branch(rng.normal(size=(N, 5)), np.arange(5))
    with pytest.raises(InputError, match=r"3 seen ones \('ant'.*unseen_classifier.candidates=un"):
        BayesianGate().fit(NOBODY).combine(
            known, joint, classes=CLASSES, novelty=None, p_unseen=np.full(N, 0.5)
        )


@pytest.fixture
def run(tmp_path):
    def run(**options):
        return zslbench.evaluate(
            "tiny", "colours", threads=1, plugins=[tiny], out=tmp_path / "out",
            cache_dir=tmp_path / "cache", **options,
        )  # fmt: skip

    return run


def test_a_run_with_a_cut_scores_as_the_hard_gate_does(run):
    slots = {"novelty": "gaussian", "unseen_classifier": "isotropic-gaussian"}
    hard = run(slots=slots).scores
    bayesian = run(
        slots=slots | {"gate": "bayesian"},
        set={"gate.probability": "cut", "gate.cut": "seen_kept:0.8"},
    ).scores
    assert (bayesian.u, bayesian.s, bayesian.H) == (hard.u, hard.s, hard.H)


def test_a_run_without_a_probability_is_refused_before_it_starts(run):
    with pytest.raises(InputError, match="'bayesian' needs p_unseen"):
        run(slots={"gate": "bayesian"})
