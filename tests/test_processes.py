"""Several processes on one cache, and processes that die."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zslbench.store import Store

TESTS = Path(__file__).parent
SCRIPT = """
import sys, zslbench
out, cache, fault, images = sys.argv[1:]
record = zslbench.evaluate(
    "tiny", "colours", plugins=["tiny"], out=out, cache_dir=cache, threads=1,
    set={"backbone.fault": fault, "dataset.images": images},
)
print(record.model_dump_json(include={"scores"}))
"""


def start(tmp_path, out, *, fault="none", images=200):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, tmp_path / out, tmp_path / "cache", fault, str(images)],
        env={**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("outs", [("a", "b"), ("a", "a")])
def test_two_runs_at_once_on_one_cache_give_one_result(tmp_path, outs):
    first, second = (start(tmp_path, out, fault="slow", images=9000) for out in outs)
    results = [process.communicate(timeout=120) for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), results
    assert results[0][0] == results[1][0]
    features = list((tmp_path / "cache" / "features").glob("*.f32"))
    assert len(features) == 2  # training and test images, each extracted once


def test_a_run_killed_in_the_middle_goes_on_and_ends_the_same(tmp_path):
    process = start(tmp_path, "killed", fault="slow", images=20000)
    notes = tmp_path / "cache" / "features"
    deadline = time.monotonic() + 60
    while not list(notes.glob("*.json")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert not list(Store(tmp_path / "killed").records())
    again = start(tmp_path, "killed", fault="slow", images=20000)
    resumed = again.communicate(timeout=120)
    assert again.returncode == 0, resumed
    whole = start(tmp_path, "whole", fault="slow", images=20000).communicate(timeout=120)
    assert resumed[0] == whole[0]
    assert not list((tmp_path / "cache").rglob(".*.tmp*"))
