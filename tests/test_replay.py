"""The command that repeats a run: read back by shlex, and run again."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import tiny
from report_cases import component, digest, draw_run

import zslbench
from zslbench.record import Record
from zslbench.replay import replay_command
from zslbench.specs import SLOTS


def read_options(record: Record) -> dict[str, list[str]]:
    """The command's words as option → values, as a shell and a parser would read them."""
    program, verb, *words = shlex.split(replay_command(record))
    assert (program, verb) == ("zslbench", "run")
    options: dict[str, list[str]] = {}
    while words:
        option = words.pop(0)
        assert option.startswith("--")
        values = options.setdefault(option.removeprefix("--").replace("-", "_"), [])
        if words and not words[0].startswith("--"):
            values.append(words.pop(0))
    return options


def ask(options: dict[str, list[str]], **more: Any) -> Record:
    """Run what the options say, through the Python interface."""
    return zslbench.evaluate(
        options["method"][0],
        options["dataset"][0],
        slots={slot: options[slot][0] for slot in SLOTS if slot in options},
        set=dict(pair.split("=", 1) for pair in options.get("set", [])),
        unseen=options["unseen"][0].split(","),
        validation=float(options["validation"][0]),
        split_seed=int(options["split_seed"][0]),
        seed=int(options["seed"][0]),
        threads=int(options["threads"][0]),
        device=options["device"][0],
        reference=options.get("reference", [None])[0],  # type: ignore[arg-type]
        plugins=[tiny],
        **more,
    )


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"set": {"mapping.shrink": "0.125", "gate.cut_from": "train"}, "seed": 3},
        {"slots": {"unseen_classifier": "nearest"}, "set": {"unseen_classifier.candidates": "all"}},
        {"unseen": ["red", "blue"], "validation": 0.1, "split_seed": 2},
        {"set": {"mapping.shrink": "1.0"}},  # the default, but not what the data set recommends
        {"reference": "oracle"},
    ],
)
def test_the_command_repeats_the_run(asked: dict[str, Any], tmp_path: Path):
    places = {"out": tmp_path / "out", "cache_dir": tmp_path / "cache"}
    record = zslbench.evaluate("tiny", "colours", threads=1, plugins=[tiny], **asked, **places)
    again = ask(read_options(record), out=tmp_path / "again", cache_dir=tmp_path / "cache")
    assert again.run_id == record.run_id
    assert again.scores == record.scores


def test_slots_and_user_parameters_are_named_and_nothing_else_is_set():
    options = read_options(draw_run(images=10).record)
    assert options["unseen_classifier"] == ["nearest-word"]
    assert options["set"] == [
        "backbone.alpha=0.25",
        "embedding.extra=<my corpus.txt>",
        "mapping.hidden=100",
        "novelty.floor=none",
        "seen_classifier.grid=0.001,0.01",
    ]
    assert options["unseen"] == ["cat,truck"]
    assert (options["threads"], options["device"]) == (["2"], ["cpu"])


def test_files_and_uninstalled_plugins_stand_in_angle_brackets():
    run = draw_run(images=10).record
    mine = component("novelty", "mine").model_copy(update={"distribution": "local"})
    run = run.model_copy(update={"slots": {**run.slots, "novelty": mine}})
    options = read_options(run)
    assert options["embedding"] == ["file/<vectors.txt>"]
    assert options["plugin"] == ["<plugin with novelty mine>"]


def test_a_family_without_a_file_is_named_plainly():
    run = draw_run(images=10).record
    timm = component("backbone", "timm/resnet18")
    timm = timm.model_copy(update={"contents": [["weights.safetensors", digest("weights")]]})
    options = read_options(run.model_copy(update={"slots": {**run.slots, "backbone": timm}}))
    assert options["backbone"] == ["timm/resnet18"]


def test_hostile_names_stay_one_word():
    names = ("it's; rm -rf /", "$(reboot)", "fine", "&& true")
    run = draw_run(names, names[:2], images=10).record
    assert read_options(run)["unseen"] == ["$(reboot),it's; rm -rf /"]
    skipped = run.dataset.model_copy(update={"skipped_images": 4})
    assert "skip_corrupt" in read_options(run.model_copy(update={"dataset": skipped}))


def test_the_command_line_knows_every_option():
    from zslbench.cli.run import run

    record = draw_run(images=10, reference="oracle").record
    skipped = record.dataset.model_copy(update={"skipped_images": 4})
    words = shlex.split(replay_command(record.model_copy(update={"dataset": skipped})))
    found = run.make_context("run", words[2:]).params
    assert (found["method"], found["dataset"]) == (("socher2013",), ("cifar10",))
    assert found["seen_classifier"] == ("softmax",)
    assert (found["threads"], found["reference"], found["skip_corrupt"]) == (2, "oracle", True)
    assert found["settings"] == tuple(read_options(record)["set"])
