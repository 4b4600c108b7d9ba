"""Damaged files, refusing disks and runs at once: each is named, and costs no other run."""

import errno
import json
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors import SafetensorError

import zslbench
from zslbench import runner as runner_module
from zslbench.cli.failures import report
from zslbench.disk import DamagedFileWarning
from zslbench.errors import DataError, EnvironmentFailure
from zslbench.hashes import FileHashes
from zslbench.leaderboard import rows as rows_module
from zslbench.runner import Runner, Workspace
from zslbench.store import Store

sys.path.insert(0, str(Path(__file__).parent))
import tiny
from records import draw


@pytest.fixture
def run(tmp_path):
    def run(method="tiny", **options):
        options = {"out": tmp_path / "out", "cache_dir": tmp_path / "cache", **options}
        return zslbench.evaluate(method, "colours", threads=1, plugins=[tiny], **options)

    return run


@pytest.fixture
def folder(tmp_path):
    return lambda record: Store(tmp_path / "out").folder(record.run_id)


def only(path, pattern):
    (found,) = path.glob(pattern)
    return found


def rows(tmp_path):
    return [line[:16] for line in (tmp_path / "out" / "colours.csv").read_text().splitlines()[1:]]


DAMAGES = {
    "text": lambda text: text[:100],
    "schema": lambda text: json.dumps(json.loads(text) | {"schema_version": 99}),
    "bytes": lambda text: "\udcff",
    "no scores": lambda text: json.dumps(json.loads(text) | {"scores": None}),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_left_out_and_fails_no_other_run(run, folder, tmp_path, damage):
    path = folder(run()) / "record.json"
    text = DAMAGES[damage](path.read_text())
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.warns(DamagedFileWarning, match=f"{path.parent.name}/record.json"):
        other = run(seed=1)
    assert other.status == "finished"
    assert rows(tmp_path) == [other.run_id[:16]]


@pytest.mark.parametrize("damage", ["text", "schema", "bytes"])
def test_force_recovers_a_damaged_record_of_the_run_itself(run, folder, tmp_path, damage):
    first = run()
    path = folder(first) / "record.json"
    text = DAMAGES[damage](path.read_text())
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(DataError, match=r"record\.json"):
        run()
    again = run(force=True)
    assert again.scores == first.scores
    assert run() == again
    assert rows(tmp_path) == [first.run_id[:16]]


def test_a_failed_run_takes_the_place_of_a_damaged_record(run, folder, monkeypatch):
    path = folder(run()) / "record.json"
    path.write_text("{")
    monkeypatch.setattr(runner_module, "score", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(force=True)
    assert zslbench.read_record(path).status == "failed"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sha256": 3}', "\udcff"])
def test_a_damaged_hash_note_is_named_and_made_again(tmp_path, text):
    file, hashes = tmp_path / "vectors", FileHashes(tmp_path / "hashes")
    file.write_text("a 1\n")
    digest = hashes.of(file)
    note = only(tmp_path / "hashes", "*.json")
    note.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.warns(DamagedFileWarning, match=note.name):
        assert hashes.of(file) == digest
    assert hashes.of(file) == digest  # no warning any more


def test_a_hash_note_with_half_a_digest_is_not_believed(tmp_path):
    file, hashes = tmp_path / "vectors", FileHashes(tmp_path / "hashes")
    file.write_text("a 1\n")
    digest = hashes.of(file)
    note = only(tmp_path / "hashes", "*.json")
    note.write_text(json.dumps(json.loads(note.read_text()) | {"sha256": digest[:32]}))
    with pytest.warns(DamagedFileWarning, match=note.name):
        assert hashes.of(file) == digest


@pytest.mark.parametrize(
    "text", ["", "[]", '{"done": "all"}', '{"done": 100, "n": 7, "d": 3}', "\udcff"]
)
def test_a_damaged_features_note_is_named_and_computed_again(run, tmp_path, text):
    first = run()
    cache = tmp_path / "cache"
    for note in (cache / "features").glob("*.json"):
        note.write_bytes(text.encode(errors="surrogateescape"))
    for entry in (cache / "stages").iterdir():
        entry.unlink()  # else nobody asks for features
    with pytest.warns(DamagedFileWarning, match=r"features/\w+\.json is damaged") as caught:
        again = run(force=True)
    assert len(caught) == 2  # training and test images
    assert again.scores == first.scores
    assert run(force=True).scores == first.scores


@pytest.mark.parametrize("data", [b"", b"no tensors at all", b"\x08" + b"\0" * 7 + b"{}      "])
def test_a_damaged_stage_is_named_computed_again_and_replaced(run, tmp_path, data):
    first = run()
    entry = only(tmp_path / "cache" / "stages", "mapping-*")
    entry.write_bytes(data + b"x")
    for other in (tmp_path / "cache" / "stages").glob("novelty-*"):
        other.unlink()
    with pytest.warns(DamagedFileWarning, match=entry.name):
        again = run(force=True)
    assert again.scores == first.scores
    assert {s.stage: s.cached for s in run(force=True).stages}["mapping"]


def test_two_runs_that_end_at_once_both_have_a_row(tmp_path, monkeypatch):
    registry = SimpleNamespace(manager=SimpleNamespace(hook=None))
    spec = SimpleNamespace(dataset=SimpleNamespace(label="animals"))
    one, two = draw(seed=0), draw(seed=1)
    write, threads = rows_module.write_csv, []

    def finish(drawn):
        drawn.store(tmp_path)
        Runner(registry, Workspace(tmp_path, tmp_path, tmp_path))._tabulate(spec)

    def write_late(path, records):
        """The other run ends between this one's listing and its writing."""
        records = list(records)
        if not threads:
            threads.append(threading.Thread(target=finish, args=(two,)))
            threads[0].start()
            threads[0].join(1)
        write(path, records)

    monkeypatch.setattr(rows_module, "write_csv", write_late)
    finish(one)
    threads[0].join(30)
    lines = (tmp_path / "animals.csv").read_text().splitlines()[1:]
    assert {line[:16] for line in lines} == {one.record.run_id[:16], two.record.run_id[:16]}


def fill_stages(monkeypatch):
    def save(arrays, path):
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("zslbench.stages.save_file", save)


def fill_features(monkeypatch):
    def write(path, value):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr("zslbench.features.write_json", write)


@pytest.mark.parametrize("fill", [fill_stages, fill_features])
def test_a_full_cache_advises_another_cache(run, tmp_path, monkeypatch, fill):
    fill(monkeypatch)
    with pytest.raises(EnvironmentFailure, match=r"disk is full.* with --cache-dir") as caught:
        run()
    assert str(tmp_path / "cache") in str(caught.value)
    (record,) = Store(tmp_path / "out").records()
    assert (record.error.kind, record.error.exit_code) == ("EnvironmentFailure", 5)
    assert "disk is full" in record.error.message
    assert str(tmp_path) not in record.error.message


@pytest.mark.parametrize(
    ("failure", "kind", "code"),
    [
        (MemoryError(), "MemoryError", 5),
        (KeyboardInterrupt(), "Interrupted", 130),
        (OSError(errno.ENOSPC, "full", "x"), "EnvironmentFailure", 5),
        (DataError("no vectors"), "DataError", 3),
        (ZeroDivisionError(), "ZeroDivisionError", 1),
        (FileNotFoundError(errno.ENOENT, "gone", "x"), "FileNotFoundError", 1),
    ],
)
def test_a_record_and_the_process_agree_on_a_failure(
    run, tmp_path, monkeypatch, failure, kind, code
):
    def fail(bench, spec):
        raise failure

    monkeypatch.setattr(runner_module, "predict", fail)
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        run()
    (record,) = Store(tmp_path / "out").records()
    assert (record.error.kind, record.error.exit_code) == (kind, code)
    session = SimpleNamespace(debug=True, command=())
    assert report(caught.value, session) == code
    assert report(failure, session) == code


def test_a_failed_force_run_leaves_the_finished_run_whole(run, folder, monkeypatch):
    at = folder(run())
    before = {path.name: path.read_bytes() for path in at.iterdir()}
    assert set(before) == {"record.json", "predictions.parquet", "wordspace.json"}
    predict = runner_module.predict

    def predict_otherwise(bench, spec):
        outcome = predict(bench, spec)
        other = replace(outcome.prediction, margin=-outcome.prediction.margin)
        return replace(outcome, prediction=other)

    monkeypatch.setattr(runner_module, "predict", predict_otherwise)
    monkeypatch.setattr(runner_module, "score", lambda *a, **k: 1 / 0)
    stamps = {name: (at / name).stat().st_mtime_ns for name in before}
    with pytest.raises(ZeroDivisionError):
        run(force=True)
    assert {name: (at / name).read_bytes() for name in before} == before
    assert {name: (at / name).stat().st_mtime_ns for name in before} == stamps
    assert zslbench.read_record(at / "failed.json").error.kind == "ZeroDivisionError"


def test_asked_again_builds_no_task_and_writes_no_csv(run, tmp_path, monkeypatch):
    first = run()
    csv = tmp_path / "out" / "colours.csv"
    stamp, text = csv.stat().st_mtime_ns, csv.read_bytes()
    monkeypatch.setattr(runner_module, "build_task", lambda *a: pytest.fail("a task was built"))
    assert run() == first
    assert csv.stat().st_mtime_ns == stamp
    csv.unlink()
    assert run() == first
    assert csv.read_bytes() == text
    csv.write_bytes(text.replace(first.run_id[:16].encode(), b"0" * 16))
    assert run() == first
    assert csv.read_bytes() == text


def test_a_run_that_another_process_finished_meanwhile_is_not_done_twice(run, monkeypatch):
    build = runner_module.build_task
    done = []

    def build_late(*args):
        if not done:
            done.append(None)
            done.append(run())
        return build(*args)

    monkeypatch.setattr(runner_module, "build_task", build_late)
    monkeypatch.setattr(runner_module, "score", _once(runner_module.score))
    assert run() == done[1]


def _once(function):
    calls = []

    def call(*args, **options):
        calls.append(None)
        assert len(calls) == 1, "scored twice"
        return function(*args, **options)

    return call


def test_a_backbones_fit_that_is_damaged_blames_no_plugin(run, tmp_path, monkeypatch):
    monkeypatch.setattr(tiny.MeanColour, "fit_on", "seen")

    def fit(self, images, *, context):
        self.offset_ = np.float64(1)
        return self

    monkeypatch.setattr(tiny.MeanColour, "fit", fit)
    first = run()
    stages = tmp_path / "cache" / "stages"
    only(stages, "backbone-*").write_bytes(b"damaged")
    for entry in stages.glob("[!b]*"):
        entry.unlink()
    with pytest.warns(DamagedFileWarning, match="backbone-"):
        assert run(force=True).scores == first.scores
