"""Standardisation against plain float64 formulas."""

import numpy as np
import pytest

from zslbench.contracts import no_progress
from zslbench.standardise import moments, standardised


@pytest.fixture
def raw():
    rng = np.random.default_rng(0)
    X = rng.normal(loc=1000, scale=rng.uniform(0.1, 5, 7), size=(1500, 7)).astype(np.float32)
    X[:, 3] = 4.0
    return X


@pytest.mark.parametrize("floor", [0.01, None])
def test_moments_come_from_the_chosen_rows_alone(raw, floor, tmp_path):
    rows = np.arange(0, 1500, 2)
    by = moments(raw, rows, floor)
    chosen = raw[rows].astype(np.float64)
    added = 0.01 * chosen.var(axis=0).mean() if floor is None else floor
    expected = (raw.astype(np.float64) - chosen.mean(axis=0)) / np.sqrt(chosen.var(axis=0) + added)
    order = np.random.default_rng(1).permutation(1500)
    got = standardised(raw, order, by, tmp_path, no_progress)
    np.testing.assert_allclose(got, expected[order], atol=2e-3)
    assert not got.flags.writeable
    assert list(tmp_path.iterdir()) == []  # the scratch file has no name


def test_features_that_never_vary_stay_zero(tmp_path):
    raw = np.full((10, 3), 5.0, np.float32)
    by = moments(raw, np.arange(10), None)
    assert not standardised(raw, np.arange(10), by, tmp_path, no_progress).any()
