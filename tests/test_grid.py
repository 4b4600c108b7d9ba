"""Grids: every combination once, stages shared, a failed row that stops no other."""

from pathlib import Path

import pandas as pd
import pytest
import tiny
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from stranger import offering

import zslbench
from zslbench import ComponentSpec, InputError
from zslbench.cli import main
from zslbench.grid import make_grid, random_splits, read_plan

TINY = str(Path(tiny.__file__))
AXES = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4)


@given(mapping=AXES, gate=AXES, seeds=st.lists(st.integers(0, 9), min_size=1, max_size=4))
def test_every_combination_comes_once(mapping, gate, seeds):
    grid = make_grid(method="m", dataset="d", slots={"mapping": mapping, "gate": gate}, seeds=seeds)
    found = [(r.slots["mapping"], r.slots["gate"], r.seed) for r in grid.requests()]
    expected = {(m, g, s) for m in mapping for g in gate for s in seeds}
    assert set(found) == expected
    assert len(found) == len(expected)


def test_seeds_and_splits_repeat_a_configuration_and_are_none_themselves():
    grid = make_grid(
        method="m",
        dataset=["d", "e"],
        set={"gate.cut": ["1", "2", "3"]},
        unseen=[["a"], ["b"]],
        seeds=[0, 1],
    )
    requests = grid.requests()
    assert len(requests) == 24
    assert {request.configurations for request in requests} == {3}
    assert make_grid(method="m", dataset="d", seeds=[0, 1]).requests()[0].configurations == 1


@given(
    count=st.integers(1, 15), size=st.integers(1, 4), split_seed=st.integers(0, 3),
    extra=st.integers(0, 4),
)  # fmt: skip
def test_drawn_splits_differ_and_have_the_size_asked_for(count, size, split_seed, extra):
    classes = [f"c{i}" for i in range(size + 2 + extra)]
    from math import comb

    if count > comb(len(classes), size):
        with pytest.raises(InputError, match="ask for fewer"):
            random_splits(classes, size, count, split_seed=split_seed)
        return
    drawn = random_splits(classes, size, count, split_seed=split_seed)
    assert len(set(drawn)) == count
    assert all(len(set(names)) == size and set(names) <= set(classes) for names in drawn)
    assert drawn == random_splits(classes[::-1], size, count, split_seed=split_seed)


@pytest.mark.parametrize("unseen", ["cat", ["cat", ["dog"]], [["a"], "bc"]])
def test_a_text_is_no_set_of_classes(unseen):
    with pytest.raises(InputError, match="must be a list of names"):
        make_grid(method="m", dataset="d", unseen=unseen)


@pytest.mark.parametrize(
    "wrong", [{"method": 3}, {"dataset": [1.5]}, {"slots": {"mapping": 3}}], ids=str
)
def test_a_name_that_is_no_text_is_named(wrong):
    with pytest.raises(InputError, match="must be a component's name"):
        make_grid(**({"method": "m", "dataset": "d"} | wrong))


def test_seeds_may_be_text_as_on_the_command_line():
    assert make_grid(method="m", dataset="d", seeds="0-2,7").seeds == (0, 1, 2, 7)


# ------------------------------------------------------------------------------------- plans


def test_a_plan_says_what_flags_say(tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'method = "tiny"\ndataset = ["colours"]\nseeds = [0, 2]\n[set]\n"gate.cut" = ["a", "b"]\n'
    )
    grid = make_grid(**read_plan(plan))
    assert [(r.set["gate.cut"], r.seed) for r in grid.requests()] == [
        ("a", 0), ("a", 2), ("b", 0), ("b", 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("method = [", "cannot be read as TOML"),
        ('methods = "tiny"', "did you mean 'method'"),
        ('dataset = "colours"', "names no method"),
        ('method = "m"\ndataset = "d"\nslots = 3', "must be a table"),
    ],
)
def test_a_plan_that_cannot_be_read_says_where(tmp_path, text, says):
    (tmp_path / "plan.toml").write_text(text)
    with pytest.raises(InputError, match=says):
        read_plan(tmp_path / "plan.toml")


def test_a_plan_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_plan(tmp_path / "none.toml")


# -------------------------------------------------------------------------------------- runs


class Failing:
    """Fails in fit."""

    inputs = frozenset({"Z"})

    def __init__(self):
        pass

    def fit(self, view, y, classes, *, context):
        raise ValueError("no luck")

    def novelty(self, view):
        return view.Z[:, 0]


FAILING = offering(
    ComponentSpec("novelty", "failing", f"{__name__}:Failing", summary="fails"), name="unlucky"
)


@pytest.fixture
def grid(tmp_path):
    def run(**options):
        options = {"out": tmp_path / "out", "cache_dir": tmp_path / "cache", **options}
        return zslbench.evaluate_grid(
            "tiny", "colours", threads=1, plugins=[tiny, FAILING], **options
        )

    return run


def test_rows_share_what_they_have_in_common_and_say_how_many_were_tried(grid):
    rows = list(grid(set={"gate.cut": ["seen_kept:0.5", "seen_kept:0.9"]}, seeds=[0]))
    first, second = (row.record for row in rows)
    assert first.configurations == second.configurations == 2
    assert first.run_id != second.run_id
    cached = {stage.stage: stage.cached for stage in second.stages if stage.stage != "score"}
    assert cached
    assert all(cached[name] for name in ("mapping", "novelty") if name in cached)


def test_a_failed_row_stops_no_other(grid):
    default = tiny_novelty()
    failed, fine = grid(slots={"novelty": ["failing", default]})
    assert failed.record is None
    assert "no luck" in str(failed.failure)
    assert fine.record.status == "finished"


def tiny_novelty():
    registry = zslbench.Registry.discover([tiny])
    return registry.find("method", "tiny")[0].spec.recipe.slots["novelty"]


def test_a_grid_that_cannot_be_is_refused_before_its_first_row(grid, tmp_path):
    with pytest.raises(InputError, match="unknown novelty"):
        grid(slots={"novelty": [tiny_novelty(), "nonesuch"]})
    assert not (tmp_path / "out").exists()


def test_random_splits_are_runs_on_other_unseen_classes(grid):
    rows = list(grid(splits="random:3"))
    unseen = {tuple(row.record.split.unseen) for row in rows}
    assert len(unseen) == 3
    assert all(len(names) == 1 for names in unseen)  # as many as the standard split has
    assert {row.record.configurations for row in rows} == {1}
    for row in rows:  # a reader of one sees that there were others, and can run them
        assert row.record.split.drawn_by == "random:3"
        assert {tuple(names) for names in row.record.split.drawn} == unseen
    (named,) = grid(unseen=[sorted(unseen)[0]], force=True)
    assert named.record.split.drawn_by is None


def test_a_finished_run_learns_what_it_is_compared_with_later(grid, tmp_path):
    """Else the first of many would look as if it had been tried alone."""
    (alone,) = grid(set={"gate.cut": "seen_kept:0.5"})
    assert alone.record.configurations == 1
    rows = list(grid(set={"gate.cut": ["seen_kept:0.5", "seen_kept:0.6", "seen_kept:0.7"]}))
    assert {row.record.configurations for row in rows} == {3}
    path = tmp_path / "out" / "runs" / alone.record.run_id[:16] / "record.json"
    assert zslbench.read_record(path) == rows[0].record
    assert rows[0].record.scores == alone.record.scores
    assert set(pd.read_csv(tmp_path / "out" / "colours.csv")["configurations"]) == {3}
    (again,) = grid(set={"gate.cut": "seen_kept:0.5"})
    assert again.record.configurations == 3, "what was compared stays compared"


def test_more_sets_are_drawn_beside_those_that_are_there(grid):
    few = list(grid(splits="random:2"))
    more = list(grid(splits="random:3"))
    assert {row.record.run_id for row in few} < {row.record.run_id for row in more}
    assert {row.record.split.drawn_by for row in more} == {"random:3"}
    assert {row.record.split.drawn_by for row in grid(splits="random:2")} == {"random:3"}


@pytest.mark.parametrize("splits", ["random", "random:0", "drawn:3", "random:x"])
def test_splits_that_cannot_be_read(grid, splits):
    with pytest.raises(InputError, match="random:10"):
        grid(splits=splits)


def test_a_stage_is_estimated_once_and_the_score_of_every_row(grid, tmp_path):
    (first,) = grid(seeds=[0])
    took = {s.stage: s.seconds for s in first.record.stages}
    planned = zslbench.plan_grid(
        "tiny", "colours", set={"gate.cut": ["seen_kept:0.4", "seen_kept:0.6"]}, seeds=[1],
        threads=1, out=tmp_path / "out", cache_dir=tmp_path / "cache", plugins=[tiny, FAILING],
    )  # fmt: skip
    whole, shared = planned.estimates
    assert whole.unknown == shared.unknown == 0
    assert shared.seconds == pytest.approx(took["score"])
    assert whole.seconds > took["score"] + took["mapping"]


def test_what_a_finished_run_left_in_the_cache_is_not_estimated_again(grid, tmp_path):
    (first,) = grid(seeds=[0])
    took = {s.stage: s.seconds for s in first.record.stages}

    def planned(**changes):
        plan = zslbench.plan_grid(
            "tiny", "colours", threads=1, out=tmp_path / "out", cache_dir=tmp_path / "cache",
            plugins=[tiny, FAILING], **changes,
        )  # fmt: skip
        return plan.estimates[0]

    other_cut = planned(set={"gate.cut": "seen_kept:0.4"})
    assert other_cut.seconds == pytest.approx(took["score"])
    assert other_cut.disk_bytes == 0
    for changes in ({"seeds": [1]}, {"unseen": [["red"]]}, {"split_seed": 1}):
        estimated = planned(**changes)
        assert estimated.seconds > took["score"] + took["mapping"]
        assert estimated.disk_bytes == 0, "features that are learnt from nothing are there"
    elsewhere = zslbench.plan_grid(
        "tiny", "colours", threads=1, out=tmp_path / "out", cache_dir=tmp_path / "empty",
        set={"gate.cut": "seen_kept:0.4"}, plugins=[tiny, FAILING],
    )  # fmt: skip
    assert elsewhere.total.seconds > took["score"] + took["mapping"], "no cache, nothing kept"
    other_map = planned(set={"mapping.shrink": 0.25})
    assert took["mapping"] < other_map.seconds < sum(took.values())


# ---------------------------------------------------------------------------- the command line


@pytest.fixture
def call(tmp_path):
    def call(*words):
        folders = ["--out", str(tmp_path / "out"), "--cache-dir", str(tmp_path / "cache")]
        return CliRunner().invoke(
            main, ["run", "--plugin", TINY, *folders, "--threads", "1", *words]
        )

    return call


TWO_CUTS = ("--set", "gate.cut=seen_kept:0.5", "--set", "gate.cut=seen_kept:0.9")


def test_a_parameter_set_twice_is_a_grid(call):
    done = call("--method", "tiny", "--dataset", "colours", *TWO_CUTS)
    assert done.exit_code == 0, done.output
    assert "row 1 of 2: gate.cut=seen_kept:0.5" in done.output
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [words[0] for words in lines if words and words[0].startswith("seen_kept")] == [
        "seen_kept:0.5", "seen_kept:0.9",
    ]  # fmt: skip


def test_a_dry_run_runs_nothing_and_knows_what_is_finished(call, tmp_path):
    words = ("--method", "tiny", "--dataset", "colours", *TWO_CUTS)
    done = call(*words, "--dry-run")
    assert done.exit_code == 0, done.output
    assert "2 rows; nothing is run" in done.stdout
    assert "never timed here" in done.stdout
    assert not (tmp_path / "out").exists()
    call("--method", "tiny", "--dataset", "colours", "--set", "gate.cut=seen_kept:0.5")
    after = call(*words, "--dry-run").stdout
    assert after.count("finished") == 1
    assert "never timed here" not in after


def test_a_plan_runs_and_a_flag_replaces_what_it_says(call, tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text('method = "tiny"\ndataset = "colours"\nseeds = "0-1"\nsplit_seed = 3\n')
    assert call(str(plan)).exit_code == 0
    records = [
        zslbench.read_record(path) for path in sorted(tmp_path.glob("out/runs/*/record.json"))
    ]
    assert {record.seed for record in records} == {0, 1}
    assert {record.split.split_seed for record in records} == {3}
    done = call(str(plan), "--seed", "7")
    assert "seed 7" in done.stdout


def test_the_exit_code_of_a_grid_is_its_gravest(call):
    done = call(
        "--method", "tiny", "--dataset", "colours", "--set", "dataset.damage=none",
        "--set", "dataset.damage=empty class",
    )  # fmt: skip
    assert done.exit_code == 3, done.output
    assert "row 2 of 2: dataset.damage=empty class: failed" in done.output


def test_without_a_method_the_message_says_what_to_give(call):
    done = call("--dataset", "colours")
    assert done.exit_code == 2
    assert "--method NAME" in done.stderr
