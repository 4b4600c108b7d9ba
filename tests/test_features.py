"""Features: cached by content, resumed after a kill, refused where a backbone misbehaves."""

import errno
from types import SimpleNamespace

import numpy as np
import pluggy
import pytest

from zslbench import hookspecs
from zslbench.contracts import Context
from zslbench.disk import refusals_named
from zslbench.errors import EnvironmentFailure, PluginError
from zslbench.features import BLOCK, extract, fit_backbone
from zslbench.images import PartImages
from zslbench.monitor import Monitor
from zslbench.stages import Stages

N = 40 * BLOCK + 17


class Sums:
    """Three features an image; counts what it is given, and fails after ``limit`` images."""

    fit_on = "seen"
    pretraining = None
    variance_floor = None

    def __init__(self, limit=None):
        self.limit, self.served = limit, 0

    def fit(self, images, *, context):
        self.offset_ = np.float64(len(images))
        return self

    def dim(self, image_shape):
        return 3

    def transform(self, images, *, context):
        self.served += len(images)
        if self.limit is not None and self.served > self.limit:
            raise KeyboardInterrupt
        return (images.sum(axis=(1, 2), dtype=np.float64) + self.offset_).astype(np.float32)


@pytest.fixture
def stages(tmp_path):
    manager = pluggy.PluginManager("zslbench")
    manager.add_hookspecs(hookspecs)
    return Stages(tmp_path, Monitor(manager.hook))


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return PartImages(rng.integers(0, 256, (N, 2, 2, 3), dtype=np.uint8), np.arange(N))


def run(backbone, images, stages, ids=None):
    fitted = fit_backbone(
        backbone, images, key={"b": 1}, label="sums", context=Context(), stages=stages
    )
    ids = np.zeros((N, 32), np.uint8) if ids is None else ids
    return extract(fitted, images, ids, part="train", context=Context(), stages=stages)


def test_features_are_those_of_the_backbone(stages, images):
    X = run(Sums(), images, stages)
    expected = images.take(np.arange(N)).sum(axis=(1, 2), dtype=np.float64) + N
    np.testing.assert_array_equal(X, expected.astype(np.float32))


def test_a_killed_extraction_goes_on_where_it_was(stages, images, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(Sums(limit=N // 2), images, stages)
    second = Sums()
    X = run(second, images, stages)
    assert N // 2 - 17 * BLOCK < second.served - N // 2 + 17 * BLOCK < N  # not from the start
    assert second.served < N
    expected = images.take(np.arange(N)).sum(axis=(1, 2), dtype=np.float64) + N
    np.testing.assert_array_equal(X, expected.astype(np.float32))


def test_finished_features_are_not_computed_again_and_the_fit_is_restored(stages, images):
    run(Sums(), images, stages)
    again = Sums(limit=0)
    run(again, images, stages)
    assert again.served == 0
    assert again.offset_ == N
    assert [r.cached for r in stages.monitor.reports] == [False, False, True, True]


def test_other_images_get_other_features(stages, images):
    run(Sums(), images, stages)
    other = Sums()
    run(other, images, stages, ids=np.ones((N, 32), np.uint8))
    assert other.served >= N


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda b: np.zeros((len(b), 4), np.float32), r"expected \(256, 3\)"),
        (lambda b: np.zeros((len(b), 3), np.float64), "expected float32"),
        (lambda b: np.full((len(b), 3), np.nan, np.float32), "768 of 768 values are NaN"),
        (lambda b: [[0.0] * 3] * len(b), "expected a float array"),
    ],
)
def test_a_backbone_that_breaks_its_contract_is_named(stages, images, returned, message):
    backbone = Sums()
    backbone.transform = lambda images, *, context: returned(images)
    with pytest.raises(PluginError, match=message) as caught:
        run(backbone, images, stages)
    assert str(caught.value).startswith("sums: ")


def test_a_learnt_attribute_that_would_need_pickling_is_refused(stages, images):
    class Model(Sums):
        def fit(self, images, *, context):
            self.model_ = {"weights": 1}
            return self

    with pytest.raises(PluginError, match="'model_' is a dict"):
        run(Model(), images, stages)


def test_too_small_a_disk_is_said_before_the_work(stages, images, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10))
    backbone = Sums()
    with pytest.raises(EnvironmentFailure, match="--cache-dir"):
        run(backbone, images, stages)
    assert backbone.served == 0


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "full"), (errno.EROFS, "read-only"), (errno.EACCES, "denied")],
)
def test_a_refusing_disk_is_an_environment_failure(tmp_path, number, words):
    with pytest.raises(EnvironmentFailure, match=words), refusals_named(tmp_path, "--out"):
        raise OSError(number, "no", str(tmp_path / "x"))
