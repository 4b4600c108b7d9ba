"""What a run says before a long stage, and whose fault a failure is."""

import sys
from pathlib import Path

import numpy as np
import pytest
import tiny
from click.testing import CliRunner

import zslbench
from zslbench import ComponentSpec, hookimpl
from zslbench.cli import main
from zslbench.errors import EnvironmentFailure, PluginError
from zslbench.estimate import STAGES, estimate, expected_seconds
from zslbench.monitor import TOLD, Monitor
from zslbench.runner import Workspace
from zslbench.runspec import Request, resolve_request
from zslbench.store import Store

ZSLBENCH_API = 1
NAME = Path(__file__).as_posix()


class Quits:
    """Leaves the process in the middle of a run."""

    inputs = frozenset({"Z"})

    def fit(self, view, y, classes, *, context):
        sys.exit(0)

    def novelty(self, view):
        return np.zeros(len(view.Z))


class Broken(tiny.Colours):
    """Fails where it looks for its files."""

    def sources(self, places):
        raise RuntimeError("no idea")


@hookimpl
def register_novelty(register):
    register(ComponentSpec("novelty", "quits", f"{__name__}:Quits"))


@hookimpl
def register_datasets(register):
    register(ComponentSpec("dataset", "broken", f"{__name__}:Broken", params=PARAMS))


PARAMS = (
    zslbench.Param("damage", "str", "none", "what is wrong"),
    zslbench.Param("images", "int", 200, "training images"),
)


def folders(tmp_path):
    return {"out": tmp_path / "out", "cache_dir": tmp_path / "cache", "threads": 1}


def test_a_component_that_leaves_is_at_fault(tmp_path):
    with pytest.raises(PluginError, match=r"'quits'.*SystemExit"):
        zslbench.evaluate(
            "tiny", "colours", slots={"novelty": "quits"},
            plugins=[tiny, sys.modules[__name__]], **folders(tmp_path),
        )  # fmt: skip


@pytest.mark.parametrize("words", [["card", "broken"], ["fetch", "broken"]], ids=" ".join)
def test_a_data_set_that_fails_is_named(words):
    done = CliRunner().invoke(main, ["data", *words, "--plugin", NAME])
    assert done.exit_code == 4
    assert "dataset 'broken'" in done.stderr


def test_the_others_are_listed_all_the_same():
    done = CliRunner().invoke(main, ["data", "list", "--plugin", NAME])
    assert done.exit_code == 0
    assert "unusable" in done.stdout
    assert "shapes" in done.stdout


@pytest.mark.parametrize("option", ["out", "cache_dir"])
@pytest.mark.parametrize("folder", ["/proc/zslbench", "x" * 300], ids=["proc", "long"])
def test_a_folder_that_cannot_be_made_is_no_bug_and_no_plugin_s_fault(tmp_path, option, folder):
    options = folders(tmp_path) | {option: folder if folder[0] == "/" else tmp_path / folder}
    with pytest.raises(EnvironmentFailure, match="choose another place with --"):
        zslbench.evaluate("tiny", "colours", plugins=[tiny], **options)


def test_what_a_stage_took_before_is_told_before_it():
    told = []

    class Hook:
        def stage_started(self, stage, note):
            told.append(note)

        def stage_finished(self, stage, seconds, cached): ...

    monitor = Monitor(Hook())
    monitor.expected = {"mapping": 90.0, "score": TOLD / 2}.get
    for stage, note in (("mapping", "learns from 3 images"), ("score", ""), ("novelty", "")):
        with monitor.stage(stage, note):
            pass
    assert told == ["learns from 3 images, took 90 s in runs like this one", "", ""]


def test_it_is_the_median_of_runs_with_the_same_components(tmp_path):
    options = folders(tmp_path)
    for images in (100, 150, 200):
        zslbench.evaluate(
            "tiny", "colours", set={"dataset.images": images}, plugins=[tiny], **options
        )
    records = list(Store(options["out"]).readable_records())
    registry = zslbench.Registry.discover([tiny])
    spec = resolve_request(Request("tiny", "colours", threads=1), registry)
    took = sorted(
        stage.seconds for record in records for stage in record.stages if stage.stage == "mapping"
    )
    assert expected_seconds(records, spec)("mapping") == took[1]
    other = resolve_request(Request("chance", "colours", threads=1), registry)
    assert expected_seconds(records, other)("mapping") is None


def test_a_row_takes_what_runs_with_its_parameters_took(tmp_path):
    options = folders(tmp_path)
    took, embedding = {}, 0.0
    for images in (100, 150, 200):
        record = zslbench.evaluate(
            "tiny", "colours", set={"dataset.images": images}, plugins=[tiny], **options
        )
        own = {s.stage: s.seconds for s in record.stages if not s.cached}
        embedding += own.pop("embedding", 0.0)  # once: the words are the same for any images
        # Features of a backbone that learns nothing are there for any seed.
        counted = tuple(stage for stage in STAGES if stage != "features")
        took[images] = sum(t for stage, t in own.items() if stage.startswith(counted))
    registry = zslbench.Registry.discover([tiny])
    workspace = Workspace(tmp_path, options["out"], options["cache_dir"])
    for images in (100, 200):
        request = Request("tiny", "colours", set={"dataset.images": images}, seed=1)
        (found,) = estimate((request,), registry, workspace)
        assert found.unknown == 0
        assert found.seconds == pytest.approx(took[images] + embedding)
