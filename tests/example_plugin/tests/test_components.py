"""All that a plugin's author needs to test that the components keep their contracts."""

import numpy as np
import pytest
from zslbench_example.centroid import CentroidMapping

from zslbench import Registry
from zslbench.contracts import Context
from zslbench.testing import check_component

COMPONENTS = [
    ("mapping", "centroid", {}),
    ("mapping", "centroid", {"ridge": 10.0}),
    ("novelty", "nearest-prototype-distance", {}),
    ("novelty", "nearest-prototype-distance", {"scaled": False}),
    ("dataset", "stripes", {"images_per_class": 8}),
]


@pytest.mark.parametrize(("kind", "name", "params"), COMPONENTS)
def test_it_keeps_its_contract(kind, name, params):
    check_component(Registry.discover(), kind, name, params)


def test_a_small_ridge_maps_every_centroid_onto_its_class_vector():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(4), 10)
    X = (rng.normal(size=(4, 8))[y] + 0.1 * rng.normal(size=(40, 8))).astype(np.float32)
    S = rng.normal(size=(4, 3)).astype(np.float32)
    mapping = CentroidMapping(ridge=1e-6).fit(X, y, S, context=Context())
    Z = mapping.transform(X)
    means = np.stack([Z[y == row].mean(axis=0) for row in range(4)])
    np.testing.assert_allclose(means, S, atol=1e-3)
