"""Detectors on the seen classifier's scores, against closed forms and SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import logsumexp, softmax
from scipy.stats import entropy

from zslbench import Registry
from zslbench.contracts import ClassTable, Context, View
from zslbench.errors import InputError
from zslbench.testing import check_component
from zslbench_plugins.novelty.confidence import (
    EnergyDetector,
    EntropyDetector,
    MaxSoftmaxDetector,
)

CLASSES = ClassTable(("a", "b", "c", "d"), ("seen", "seen", "unseen", "seen"))
LOGITS = np.random.default_rng(0).normal(scale=3, size=(40, 3)).astype(np.float32)
some_logits = arrays(np.float64, (5, 4), elements=st.floats(-30, 30))


def novelty(detector, logits):
    """Of images with these logits, by a detector fitted on others."""
    view = View(logits=LOGITS)
    detector.fit(view, np.zeros(len(LOGITS), np.int64), CLASSES, context=Context())
    return detector.novelty(View(logits=np.asarray(logits)))


@pytest.mark.parametrize("name", ["max-softmax", "entropy", "energy"])
def test_each_keeps_the_contract_of_detectors(name):
    check_component(Registry.discover(), "novelty", name)


@given(some_logits, st.floats(0.1, 50))
def test_max_softmax_is_minus_the_log_of_the_largest_probability(logits, temperature):
    expected = -np.log(softmax(logits / temperature, axis=1).max(axis=1))
    np.testing.assert_allclose(
        novelty(MaxSoftmaxDetector(temperature), logits), expected, rtol=1e-9, atol=1e-12
    )


def test_max_softmax_tells_images_apart_whose_probability_rounds_to_1():
    sure, surer = novelty(MaxSoftmaxDetector(), [[50.0, 0, 0], [60.0, 0, 0]])
    assert sure == pytest.approx(2 * np.exp(-50), rel=1e-9)
    assert surer == pytest.approx(2 * np.exp(-60), rel=1e-9)


@given(some_logits)
def test_entropy_is_that_of_the_probabilities_in_nats(logits):
    expected = entropy(softmax(logits, axis=1), axis=1)
    np.testing.assert_allclose(novelty(EntropyDetector(), logits), expected, atol=1e-9)


@given(some_logits, st.floats(0.1, 50))
def test_energy_is_minus_the_scaled_log_sum_of_exponentials(logits, temperature):
    expected = -temperature * logsumexp(logits / temperature, axis=1)
    np.testing.assert_allclose(
        novelty(EnergyDetector(temperature), logits), expected, rtol=1e-9, atol=1e-9
    )


@given(some_logits, st.floats(-100, 100))
def test_a_constant_added_to_all_logits_moves_the_energy_alone(logits, constant):
    for detector in (MaxSoftmaxDetector(), EntropyDetector()):
        np.testing.assert_allclose(
            novelty(detector, logits + constant), novelty(detector, logits), atol=1e-9
        )
    np.testing.assert_allclose(
        novelty(EnergyDetector(), logits + constant),
        novelty(EnergyDetector(), logits) - constant,
        atol=1e-9,
    )


@pytest.mark.parametrize("detector", [MaxSoftmaxDetector(), EntropyDetector(), EnergyDetector()])
def test_an_image_that_excites_no_class_is_more_novel_than_a_clear_one(detector):
    nothing, clear = novelty(detector, [[0.0, 0, 0], [9.0, 0, 0]])
    assert nothing > clear


@pytest.mark.parametrize("detector", [MaxSoftmaxDetector(), EntropyDetector(), EnergyDetector()])
def test_logits_too_large_for_an_exponential_are_no_trouble(detector):
    scores = novelty(detector, [[1e4, -1e4, 0.0], [1e4, 1e4, 1e4]])
    assert np.isfinite(scores).all()


def test_without_a_seen_classifiers_logits_there_is_nothing_to_read():
    view = View(X=np.zeros((2, 3), np.float32))
    with pytest.raises(InputError, match="logits"):
        EnergyDetector().fit(view, np.zeros(2, np.int64), CLASSES, context=Context())
