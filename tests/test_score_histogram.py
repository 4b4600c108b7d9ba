"""The novelty histogram: against NumPy's, and the laws that its counts obey."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from score_cases import Case, cases, draw_case

from zslbench.score import NoveltyHistogram
from zslbench.score.histogram import count_novelty


def histogram_of(case: Case) -> NoveltyHistogram:
    novelty = case.score().novelty
    assert novelty is not None
    assert novelty.histogram is not None
    return novelty.histogram


def test_counts_are_those_of_numpy():
    case = draw_case("ssuu", [900, 600, 300, 200])
    found, value = histogram_of(case), case.prediction.novelty.astype(float)
    inside = np.clip(value, found.edges[0], found.edges[-1])
    for counts, rows in (
        (found.seen, ~case.labels.is_unseen),
        (found.unseen, case.labels.is_unseen),
    ):
        assert list(counts) == np.histogram(inside[rows], found.edges)[0].tolist()


@settings(deadline=None)
@given(cases(novelty=True))
def test_every_image_is_counted_once(case: Case):
    found = histogram_of(case)
    assert sum(found.seen) == np.count_nonzero(~case.labels.is_unseen)
    assert sum(found.unseen) == np.count_nonzero(case.labels.is_unseen)


@settings(deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=50))
def test_any_novelty_that_can_be_stored_has_a_histogram(values: list[float]):
    found = count_novelty(np.array(values), np.arange(len(values)) % 2 == 0)
    assert sum(found.seen) + sum(found.unseen) == len(values)


def test_one_outlier_does_not_squeeze_the_rest():
    value = np.append(np.linspace(0, 1, 4000), [1e9, -np.inf])
    found = count_novelty(value, value > 0.5)
    assert found.edges[0] >= 0
    assert found.edges[-1] <= 1
    assert found.unseen[-1] > found.unseen[-2]  # the outlier is in the end bin
    assert np.count_nonzero(np.add(found.seen, found.unseen)) == 40


def test_a_constant_novelty_lies_in_the_middle():
    found = count_novelty(np.full(7, 1e30), np.arange(7) < 2)
    assert (found.seen[20], found.unseen[20]) == (5, 2)


def test_edges_and_counts_must_fit():
    with pytest.raises(ValidationError, match="edges must rise"):
        NoveltyHistogram(edges=(0.0, 0.0), seen=(1,), unseen=(1,))
    with pytest.raises(ValidationError, match="b seen"):
        NoveltyHistogram(edges=(0.0, 1.0), seen=(1, 2), unseen=(1,))
