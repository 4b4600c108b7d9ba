"""Gates: where the cut lies, which branch answers, what the margin is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zslbench.contracts import Branch, ClassTable, HeldOutSeen
from zslbench.errors import InputError
from zslbench_plugins.gates.cut import Cut
from zslbench_plugins.gates.fixed import AllSeenGate, AllUnseenGate, NoGate
from zslbench_plugins.gates.hard import HardGate

CLASSES = ClassTable(("ant", "bee", "cat", "dog"), ("seen", "unseen", "seen", "unseen"))
KNOWN = Branch(np.array([[2.0, 1.0], [0.0, 1.0], [5.0, 5.0]]), np.array([0, 2]))
NOVEL = Branch(np.array([[0.0, 3.0], [4.0, 3.0], [1.0, 1.0]]), np.array([1, 3]))
JOINT = Branch(
    np.array([[0.0, 2.0, 1.0, 0.5], [9.0, 1.0, 2.0, 1.5], [0.0, 0.0, 1.0, 1.0]]), np.arange(4)
)


def combine(gate, novel=NOVEL, novelty=(0.0, 2.0, 1.0), p_unseen=None):
    return gate.combine(KNOWN, novel, classes=CLASSES, novelty=np.array(novelty), p_unseen=p_unseen)


@given(st.integers(1, 300), st.floats(0.01, 0.99), st.integers(0, 2**32 - 1))
def test_seen_kept_keeps_at_least_that_share_and_no_image_more_than_needed(n, share, seed):
    novelty = np.random.default_rng(seed).normal(size=n)
    cut = Cut("seen_kept", share).on(novelty)
    assert (novelty <= cut).mean() >= share
    assert (novelty < cut).mean() <= share + 1 / n


@pytest.mark.parametrize(
    "text",
    [
        "seen_kept",
        "seen_kept:0",
        "seen_kept:1",
        "keep:0.9",
        "0.9",
        "",
        "native:",
        "native:1",
        "probability",
        "probability:-0.1",
        "probability:1.1",
        "probability:nan",
    ],
)
def test_a_cut_that_cannot_be_read_is_an_error_that_says_how_to_write_one(text):
    with pytest.raises(InputError, match=r"write seen_kept:SHARE"):
        Cut.parse(text)


def test_hard_gate_asks_the_unseen_classifier_beyond_the_cut():
    heldout = HeldOutSeen(novelty=np.linspace(0, 1, 11), train_novelty=np.zeros(3))
    gate = HardGate(cut="seen_kept:0.9").fit(heldout)
    prediction = combine(gate)
    assert gate.cut_ == pytest.approx(0.9)
    assert (prediction.margin > 0).tolist() == [True, False, False]
    assert prediction.known_label.tolist() == [0, 2, 0]  # a tie goes to the first class
    assert prediction.novel_label.tolist() == [3, 1, 1]
    assert prediction.tied == pytest.approx(1 / 3)


def test_hard_gate_can_take_its_cut_from_the_training_images_as_the_paper_does():
    heldout = HeldOutSeen(novelty=np.full(10, 5.0), train_novelty=np.full(10, 1.5))
    assert HardGate(cut_from="train").fit(heldout).cut_ == 1.5


def test_hard_gate_without_held_out_images_says_what_to_do():
    with pytest.raises(InputError, match="--validation"):
        HardGate().fit(HeldOutSeen(novelty=np.zeros(0), train_novelty=np.zeros(4)))


def test_native_cut_is_zero_and_needs_no_held_out_images():
    gate = HardGate(cut="native").fit(HeldOutSeen(novelty=np.zeros(0), train_novelty=None))
    assert gate.cut_ == 0


def test_a_cut_on_the_probability_takes_an_image_as_unseen_where_it_reaches_the_cut():
    gate = HardGate(cut="probability:0.1").fit(HeldOutSeen(novelty=None, train_novelty=None))
    assert (gate.needs, HardGate().needs) == ({"p_unseen"}, {"novelty"})
    p = np.array([0.05, 0.1, 0.9])
    prediction = combine(gate, novelty=(9.0, -9.0, -9.0), p_unseen=p)
    assert (prediction.margin > 0).tolist() == [True, False, False]
    assert prediction.margin.dtype == np.float32
    np.testing.assert_array_equal(prediction.margin, np.float32(0.1) - p.astype(np.float32))
    np.testing.assert_array_equal(prediction.p_unseen, p.astype(np.float32))
    assert gate.cut_ is None  # the record's cut is one on novelty


def test_a_cut_on_the_probability_without_one_is_an_error_that_names_the_way_out():
    gate = HardGate(cut="probability:0.5").fit(HeldOutSeen(novelty=None, train_novelty=None))
    with pytest.raises(InputError, match=r"'probability:0.5' needs .* p_unseen.*--novelty"):
        combine(gate)


def test_what_cannot_work_is_known_before_any_image_is_seen():
    with pytest.raises(InputError, match="write seen_kept:SHARE"):
        HardGate(cut="keep:0.9").check(validation=0.05)
    with pytest.raises(InputError) as early:
        HardGate().check(validation=0)
    with pytest.raises(InputError) as late:
        HardGate().fit(HeldOutSeen(novelty=np.zeros(0), train_novelty=np.zeros(4)))
    assert str(early.value) == str(late.value)
    HardGate().check(validation=0.05)
    HardGate(cut_from="train").check(validation=0)
    HardGate(cut="native").check(validation=0)
    HardGate(cut="probability:0.5").check(validation=0)


def test_all_seen_and_all_unseen_answer_with_one_branch():
    nobody = HeldOutSeen(novelty=None, train_novelty=None)
    assert (combine(AllSeenGate().fit(nobody)).margin == np.inf).all()
    assert (combine(AllUnseenGate().fit(nobody)).margin == -np.inf).all()


def test_no_gate_gives_the_joint_classifiers_argmax_and_a_stacking_margin():
    prediction = combine(NoGate(), novel=JOINT)
    final = np.where(prediction.margin > 0, prediction.known_label, prediction.novel_label)
    assert final[:2].tolist() == JOINT.scores[:2].argmax(axis=1).tolist()
    assert prediction.margin.tolist() == pytest.approx([1.0 - 2.0, 9.0 - 1.5, 0.0])
    assert prediction.zsl_label.tolist() == [1, 3, 3]
