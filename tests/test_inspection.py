"""A run's points for pictures: the same mapping, in the order of the predictions."""

import numpy as np
import pytest
import tiny

import zslbench
from zslbench.errors import InputError
from zslbench.inspection import inspect_run
from zslbench.predictions import read_predictions
from zslbench.runner import Runner, Workspace
from zslbench.runspec import Request


@pytest.fixture
def runner(tmp_path):
    space = Workspace(tmp_path / "data", tmp_path / "out", tmp_path / "cache")
    return Runner(zslbench.Registry.discover([tiny]), space)


def test_points_are_those_that_the_prediction_was_made_from(runner, tmp_path):
    request = Request("tiny", "colours", threads=1)
    record = runner.run(request)
    seen = inspect_run(runner, request)
    points = seen.points()
    given = read_predictions(tmp_path / "out" / "runs" / record.run_id[:16] / "predictions.parquet")
    distance = ((points.test[:, None] - points.prototypes) ** 2).sum(axis=2)
    nearest = distance[:, seen.classes.seen].min(axis=1) ** 0.5
    np.testing.assert_allclose(nearest, given.novelty, rtol=1e-5)
    assert len(points.train) == record.split.train
    right = np.where(given.margin > 0, given.known_label, given.novel_label) == seen.labels.y
    assert right.mean() == record.scores.overall_accuracy


def test_looking_runs_nothing(runner, tmp_path):
    inspect_run(runner, Request("tiny", "colours", threads=1))
    assert not (tmp_path / "out").exists()


def test_a_method_without_mapping_has_no_points(runner):
    seen = inspect_run(runner, Request("chance", "colours", threads=1))
    assert seen.labels.is_unseen.sum() == 20
    with pytest.raises(InputError, match="no points"):
        seen.points()
