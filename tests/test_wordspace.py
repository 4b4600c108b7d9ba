"""The word space on a plane: against scikit-learn's PCA, and what must not depend on chance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.decomposition import PCA

from zslbench.errors import DataError
from zslbench.wordspace import SAMPLE, WordSpace, describe_wordspace, read_wordspace

NAMES = ("cat", "dog", "frog", "ship", "truck")
ROLES = ("unseen", "seen", "seen", "seen", "unseen")


def draw(n: int = 900, m: int = 8, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.Generator(np.random.PCG64(seed))
    S = generator.normal(size=(len(NAMES), m)).astype(np.float32)
    labels = generator.integers(0, 4, n)
    Z = (S[labels] + generator.normal(scale=0.3, size=(n, m))).astype(np.float32)
    return S, Z, labels


def flatten(S: np.ndarray, Z: np.ndarray, labels: np.ndarray, **options: object) -> WordSpace:
    return describe_wordspace(S, Z, labels, NAMES, ROLES, **{"seed": 0, **options})


def test_axes_are_those_of_scikit_learns_pca():
    S, Z, labels = draw()
    found, pca = flatten(S, Z, labels), PCA(2).fit(S.astype(float))
    signs = np.sign(pca.components_[range(2), np.abs(pca.components_).argmax(axis=1)])
    assert np.array(found.prototypes) == pytest.approx(pca.transform(S) * signs, abs=1e-4)
    assert found.explained == pytest.approx(pca.explained_variance_ratio_, abs=1e-5)
    images = pca.transform(Z) * signs
    for cloud in found.clouds:
        mine = images[labels == cloud.label]
        assert cloud.images == len(mine)
        assert cloud.mean == pytest.approx(mine.mean(axis=0), abs=1e-4)
        xx, xy, yy = cloud.covariance
        assert np.array([[xx, xy], [xy, yy]]) == pytest.approx(np.cov(mine.T, bias=True), abs=1e-4)


def test_clouds_are_of_given_labels_only_and_the_sample_is_bounded():
    S, Z, labels = draw()
    found = flatten(S, Z, labels)
    assert [cloud.label for cloud in found.clouds] == [0, 1, 2, 3]
    assert sum(cloud.images for cloud in found.clouds) == 900
    assert len(found.images) == len(found.labels) == SAMPLE
    assert len(flatten(S, Z[:7], labels[:7]).images) == 7


def test_the_seed_draws_the_sample_and_nothing_else():
    S, Z, labels = draw()
    first, same, other = (flatten(S, Z, labels, seed=seed) for seed in (1, 1, 2))
    assert first == same
    assert first.images != other.images
    assert (first.prototypes, first.clouds) == (other.prototypes, other.clouds)


def test_turning_all_axes_round_changes_nothing():
    S, Z, labels = draw()
    order = np.random.Generator(np.random.PCG64(0)).permutation(S.shape[1])
    turned = flatten(S[:, order], Z[:, order], labels)
    assert np.array(turned.prototypes) == pytest.approx(
        np.array(flatten(S, Z, labels).prototypes), abs=1e-4
    )


def test_lengths_do_not_count_under_cosine():
    S, Z, labels = draw()
    lengths = np.linspace(1, 9, len(S))[:, None]
    plain, longer = (flatten(rows, Z, labels, metric="cosine") for rows in (S, S * lengths))
    assert np.array(longer.prototypes) == pytest.approx(np.array(plain.prototypes), abs=1e-4)


def test_one_dimension_lies_on_the_first_axis():
    S, Z, labels = draw(m=1)
    found = flatten(S, Z, labels)
    assert found.explained == (1.0, 0.0)
    assert {y for _, y in found.prototypes} == {0.0}


def test_inputs_are_left_alone():
    S, Z, labels = draw()
    before = S.copy(), Z.copy(), labels.copy()
    flatten(S, Z, labels, metric="cosine")
    assert all(np.array_equal(a, b) for a, b in zip(before, (S, Z, labels), strict=True))


def test_reading_gives_back_what_was_stored(tmp_path: Path):
    path, space = tmp_path / "wordspace.json", flatten(*draw())
    assert read_wordspace(path) is None
    path.write_text(space.model_dump_json())
    assert read_wordspace(path) == space
    assert path.stat().st_size < 30_000
    path.write_text(space.model_dump_json()[:-9])
    with pytest.raises(DataError, match="damaged"):
        read_wordspace(path)


def test_a_label_beyond_the_classes_is_refused():
    table = flatten(*draw()).model_dump()
    with pytest.raises(ValidationError, match="not of the 5 classes"):
        WordSpace(**{**table, "labels": [*table["labels"][:-1], 9]})
