"""A whole run through the public API: what comes back, is stored, is shared, and what fails."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import zslbench
from zslbench.contracts import ClassTable
from zslbench.errors import DataError, EnvironmentFailure, InputError, PluginError
from zslbench.predictions import read_predictions
from zslbench.score import score
from zslbench.store import Store

sys.path.insert(0, str(Path(__file__).parent))
import tiny


@pytest.fixture
def run(tmp_path):
    def run(method="tiny", dataset="colours", **options):
        options = {"out": tmp_path / "out", "cache_dir": tmp_path / "cache", **options}
        return zslbench.evaluate(method, dataset, threads=1, plugins=[tiny], **options)

    return run


def test_a_run_leaves_a_record_predictions_and_a_row(run, tmp_path):
    record = run()
    assert record.status == "finished"
    assert record.scores.T1 == 1.0  # one unseen class
    assert record.scores.s > 0.7
    folder = Store(tmp_path / "out").folder(record.run_id)
    assert zslbench.read_record(folder / "record.json") == record
    header, row = (tmp_path / "out" / "colours.csv").read_text().splitlines()
    assert row.startswith(record.run_id[:16])
    assert "seconds" not in header


def test_scores_are_a_function_of_the_stored_prediction(run, tmp_path):
    record = run()
    prediction = read_predictions(
        Store(tmp_path / "out").folder(record.run_id) / "predictions.parquet"
    )
    data = _data(tmp_path)
    table = ClassTable(
        data.class_names,
        tuple("unseen" if n == "grey" else "seen" for n in data.class_names),
    )
    is_unseen = np.isin(data.test.labels, table.unseen)
    labels = zslbench.contracts.TestLabels(data.test.labels, is_unseen)
    assert score(prediction, labels, table, curve="gate") == record.scores


def _data(tmp_path):
    from zslbench.images import open_stored

    folders = [p for p in (tmp_path / "cache" / "datasets").iterdir() if p.is_dir()]
    return open_stored(folders[0])


def test_every_parameter_is_recorded_with_its_origin(run):
    record = run(set={"gate.cut_from": "train"})
    assert record.slots["mapping"].params == {"shrink": 0.5, "fault": "none"}
    assert record.slots["mapping"].origins == {"shrink": "dataset", "fault": "default"}
    assert record.slots["gate"].params == {"cut": "seen_kept:0.8", "cut_from": "train"}
    assert record.slots["gate"].origins == {"cut": "recipe", "cut_from": "user"}


def test_the_user_overrides_what_the_data_set_recommends(run):
    record = run(set={"mapping.shrink": "0.25"})
    assert record.slots["mapping"].params["shrink"] == 0.25
    assert record.slots["mapping"].origins["shrink"] == "user"


def test_a_finished_run_answers_from_its_record(run, tmp_path):
    first = run()
    stamp = (Store(tmp_path / "out").folder(first.run_id) / "record.json").stat().st_mtime_ns
    assert run() == first
    assert (
        Store(tmp_path / "out").folder(first.run_id) / "record.json"
    ).stat().st_mtime_ns == stamp


def test_force_runs_again_and_gives_the_same_row(run, tmp_path):
    run()
    before = (tmp_path / "out" / "colours.csv").read_bytes()
    again = run(force=True, cache_dir=tmp_path / "other-cache")
    assert not any(stage.cached for stage in again.stages)
    assert (tmp_path / "out" / "colours.csv").read_bytes() == before


def test_runs_share_the_stages_that_they_have_in_common(run):
    run()
    record = run(slots={"gate": "all-seen"})
    cached = {stage.stage: stage.cached for stage in record.stages}
    assert cached["mapping"]
    assert cached["novelty"]
    assert "standardise seen" not in cached  # nobody needed X
    assert record.scores.u == 0


def test_nothing_in_a_record_names_a_host_a_user_or_a_path(run, tmp_path):
    import getpass
    import platform

    vectors = tmp_path / "my-vectors.csv"
    vectors.write_text(
        "attribute,blue,green,grey,red,white\nr,0,0,1,2,3\ng,0,2,1,0,3\nb,2,0,1,0,3\n"
    )
    record = run(slots={"embedding": f"file/{vectors}"})
    text = record.model_dump_json()
    for word in (str(tmp_path), str(Path.home()), platform.node(), f'"{getpass.getuser()}"'):
        assert word not in text
    assert record.slots["embedding"].name == "file/my-vectors.csv"
    ((name, sha256),) = record.slots["embedding"].contents
    assert name == "my-vectors.csv"
    assert len(sha256) == 64


def test_reference_rows_are_unranked(run):
    oracle = run(reference="oracle")
    assert not oracle.ranked
    assert oracle.scores.u == oracle.scores.T1
    assert oracle.scores.seen_accuracy == oracle.scores.known_accuracy
    supervised = run(reference="supervised")
    assert not supervised.ranked
    assert supervised.scores.u > 0.9  # grey is easy once its training images are seen


def test_chance_is_near_chance(run):
    record = run("chance")
    assert record.scores.curve_kind == "stacking"
    assert record.scores.overall_accuracy < 0.4


def test_cached_stages_give_the_record_that_computed_ones_gave(run):
    for method in ("tiny", "chance"):
        first, again = run(method), run(method, force=True)
        assert all(s.cached for s in again.stages if s.stage != "score")
        assert first.scores == again.scores
        assert first.slots == again.slots


def test_other_unseen_classes_are_another_task(run):
    first, second = run(), run(unseen=["red", "white"])
    assert first.split.fingerprint != second.split.fingerprint
    assert not second.split.standard
    assert second.split.test_unseen == 40


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"method": "tinny"}, InputError, "did you mean 'tiny'"),
        ({"dataset": "colors"}, InputError, "did you mean 'colours'"),
        (
            {"slots": {"mapping": "flatt"}},
            InputError,
            "unknown mapping 'flatt': did you mean 'flat'",
        ),
        ({"method": "chance", "slots": {"mapping": "flat"}}, InputError, "has no slot 'mapping'"),
        (
            {"set": {"mapping.shrunk": 1}},
            InputError,
            "no parameter 'shrunk': did you mean 'shrink'",
        ),
        ({"set": {"mapping.shrink": "much"}}, InputError, "must be float ≥ 0 and ≤ 1, got 'much'"),
        ({"set": {"mapping.shrink": 2}}, InputError, "must be float ≥ 0 and ≤ 1, got 2"),
        ({"set": {"maping.shrink": 1}}, InputError, "did you mean 'mapping'"),
        ({"unseen": ["gray"]}, InputError, "did you mean 'grey'"),
        ({"unseen": tiny.CLASSES}, InputError, "leaves 0 seen"),
        ({"unseen": tiny.CLASSES[1:]}, InputError, "leaves 1 seen"),
        ({"validation": 1.0}, InputError, "validation must be"),
        ({"validation": 0.0}, InputError, "held-out seen images and there are none"),
        ({"seed": -1}, InputError, "seed must be an integer ≥ 0"),
        ({"reference": "oracle", "method": "chance"}, InputError, "needs a method made of slots"),
        ({"device": "warp:9"}, InputError, "must be cpu, cuda"),
        ({"set": {"dataset.damage": "empty class"}}, DataError, "images of class 'red'"),
        (
            {"set": {"backbone.fault": "nan"}},
            PluginError,
            "'mean-colour' of plugin 'tiny': transform broke",
        ),
        (
            {"set": {"backbone.fault": "crash"}},
            PluginError,
            "'mean-colour' of plugin 'tiny' failed in transform: Zero",
        ),
        (
            {"set": {"mapping.fault": "shape"}},
            PluginError,
            r"mapping 'flat' of plugin 'tiny': transform broke",
        ),
        ({"set": {"mapping.fault": "batch"}}, PluginError, "must not depend on the other test"),
    ],
)
def test_bad_input_is_a_clear_error(run, options, error, message):
    with pytest.raises(error, match=message):
        run(**options)


def test_a_failed_run_leaves_a_record_that_says_so(run, tmp_path):
    with pytest.raises(PluginError):
        run(set={"backbone.fault": "crash"})
    (record,) = Store(tmp_path / "out").records()
    assert record.status == "failed"
    assert record.error.exit_code == 4
    assert "ZeroDivisionError" in record.error.message
    assert record.scores is None


def test_an_interrupted_run_says_so_and_goes_on_next_time(run, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(set={"backbone.fault": "interrupt"})
    (record,) = Store(tmp_path / "out").records()
    assert record.error.exit_code == 130


def test_a_failed_run_never_replaces_a_finished_one(run, tmp_path, monkeypatch):
    finished = run()
    monkeypatch.setattr(tiny.MeanColour, "transform", lambda *a, **k: 1 / 0)
    with pytest.raises(PluginError):
        run(force=True, cache_dir=tmp_path / "empty")
    assert Store(tmp_path / "out").get(finished.run_id) == finished


def test_a_damaged_cache_entry_is_named(run, tmp_path):
    first = run()
    (entry,) = (tmp_path / "cache" / "stages").glob("novelty-*")
    entry.write_bytes(b"not a safetensors file")
    with pytest.warns(UserWarning, match=r"novelty-\w+\.safetensors is damaged"):
        assert run(force=True).scores == first.scores


def test_an_output_folder_that_is_a_file_is_an_environment_failure(run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFailure, match="--out"):
        run(out=tmp_path / "file")


def test_a_record_of_a_newer_schema_is_refused(run, tmp_path):
    record = run()
    path = Store(tmp_path / "out").folder(record.run_id) / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 99}))
    with pytest.raises(DataError, match="schema version 99; this zslbench reads version 1"):
        zslbench.read_record(path)


def test_life_cycle_hooks_follow_a_run(run, tmp_path):
    class Listener:
        ZSLBENCH_API = 1

        def __init__(self):
            self.heard = []

        @zslbench.hookimpl
        def run_started(self, spec, run_id):
            self.heard.append(("started", spec.method.name))

        @zslbench.hookimpl
        def stage_finished(self, stage, seconds, cached):
            self.heard.append((stage, cached))

        @zslbench.hookimpl
        def run_finished(self, record):
            self.heard.append(("finished", record.status))

    listener = Listener()
    options = {"out": tmp_path / "out", "cache_dir": tmp_path / "cache", "threads": 1}
    zslbench.evaluate("tiny", "colours", plugins=[tiny, listener], **options)
    heard = listener.heard
    assert ("started", "tiny") in heard
    assert ("mapping", False) in heard
    assert heard[-1] == ("finished", "finished")
