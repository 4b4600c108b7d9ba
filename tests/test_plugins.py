"""Strangers' plugins: one installed and run in a process of its own, others broken on purpose."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny
from stranger import offering, plugin

import zslbench
from zslbench import ComponentSpec, PluginError
from zslbench.contracts import ImageBlock, RawDataset, WordVectors

EXAMPLE = Path(__file__).parent / "example_plugin"

# --------------------------------------------------------------------- the example, installed


@pytest.fixture
def beside(example_site, tmp_path):
    """Run Python with the example plugin installed beside the project, from an empty folder."""

    def run(*words, code=0):
        path = os.pathsep.join([str(example_site), *filter(None, [os.environ.get("PYTHONPATH")])])
        done = subprocess.run(
            [sys.executable, *map(str, words)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, "ZSLBENCH_CACHE_DIR": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    return run


def test_an_installed_plugin_is_listed_and_shown(beside):
    assert "zslbench-example:example" in beside("-m", "zslbench", "list", "--plugins")
    listed = json.loads(beside("-m", "zslbench", "list", "mapping", "--json"))
    (centroid,) = [item for item in listed if item["name"] == "centroid"]
    assert centroid["distribution"] == "zslbench-example"
    shown = beside("-m", "zslbench", "show", "mapping", "centroid")
    assert "ridge" in shown
    assert "float > 0" in shown
    assert "stripes" in beside("-m", "zslbench", "data", "list")


RUN = (
    "-m", "zslbench", "run", "--method", "socher2013", "--dataset", "stripes",
    "--backbone", "pixels", "--mapping", "centroid", "--novelty", "nearest-prototype-distance",
    "--threads", "1",
)  # fmt: skip


def test_an_installed_plugin_runs_and_is_scored(beside, tmp_path):
    beside(*RUN, "--set", "mapping.ridge=0.5")
    (record,) = (tmp_path / "zslbench-runs").glob("runs/*/record.json")
    told = json.loads(record.read_text())
    assert told["status"] == "finished"
    mapping = told["slots"]["mapping"]
    assert (mapping["name"], mapping["distribution"]) == ("centroid", "zslbench-example")
    assert (mapping["params"], mapping["origins"]) == ({"ridge": 0.5}, {"ridge": "user"})
    assert told["slots"]["novelty"]["params"] == {"scaled": True}
    assert "zslbench-example" in told["versions"]
    assert told["scores"]["known_accuracy"] > 0.9
    assert told["scores"]["T1"] > 0.8  # chance: 0.5
    with (tmp_path / "zslbench-runs" / "stripes.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["mapping"], row["novelty"]) == ("centroid", "nearest-prototype-distance")


def test_a_value_out_of_bounds_is_the_users_mistake(beside):
    beside(*RUN, "--set", "mapping.ridge=0", code=2)


def test_the_plugins_own_tests_pass(beside):
    options = ("-q", "-p", "no:cacheprovider", "-W", "error")
    beside("-m", "pytest", *options, "--rootdir", EXAMPLE, EXAMPLE / "tests")


# ----------------------------------------------- components that break their contract in a run


class ListFeatures(tiny.MeanColour):
    """Not an array."""

    def transform(self, images, *, context):
        return super().transform(images, context=context).tolist()


class DoubleFeatures(tiny.MeanColour):
    """float64."""

    def transform(self, images, *, context):
        return super().transform(images, context=context).astype(np.float64)


class FewerFeatures(tiny.MeanColour):
    """A row is lacking."""

    def transform(self, images, *, context):
        return super().transform(images, context=context)[1:]


class NaNFeatures(tiny.MeanColour):
    """NaN."""

    def transform(self, images, *, context):
        return super().transform(images, context=context) * np.float32("nan")


class ObjectBackbone(tiny.MeanColour):
    """Learns what cannot be kept without pickling."""

    fit_on = "seen"

    def fit(self, images, *, context):
        self.model_ = object()
        return self


class Mute(tiny.Rgb):
    """No vectors at all."""

    def vectors(self, words, **given):
        return None


class TwoWidths(tiny.Rgb):
    """Vectors of two widths."""

    def vectors(self, words, **given):
        return WordVectors({word: np.ones(1 + (word == words[0])) for word in words})


class NaNVectors(tiny.Rgb):
    """NaN."""

    def vectors(self, words, **given):
        known = super().vectors(words, **given).vectors
        return WordVectors({word: vector * np.nan for word, vector in known.items()})


class IntegerMap(tiny.Flat):
    """Integers."""

    def transform(self, X):
        return super().transform(X).astype(np.int64)


class NarrowMap(tiny.Flat):
    """Other width than the class vectors."""

    def transform(self, X):
        return super().transform(X)[:, :2]


class CrashingMap(tiny.Flat):
    """Fails."""

    def fit(self, X, y, S, *, validation=None, context):
        raise KeyError("oops")


class InfiniteMap(tiny.Flat):
    """Infinite."""

    def transform(self, X):
        return super().transform(X) + np.float32("inf")


class OneClassShort(tiny.Flat):
    """A prototype is lacking."""

    def transform_classes(self, S):
        return S[1:]


class BatchMap(tiny.Flat):
    """Depends on the other images."""

    def transform(self, X):
        Z = super().transform(X)
        return Z - Z.mean(axis=0)


class ColumnNovelty(tiny.Distance):
    """(n, 1)."""

    def novelty(self, view):
        return super().novelty(view)[:, None]


class ShortNovelty(tiny.Distance):
    """n − 1."""

    def novelty(self, view):
        return super().novelty(view)[1:]


class RankNovelty(tiny.Distance):
    """Ranks among the test images."""

    def novelty(self, view):
        return super().novelty(view).argsort().argsort().astype(float)


class LonelyNovelty(tiny.Distance):
    """Cannot score few images."""

    def novelty(self, view):
        if len(view.Z) == 16:
            raise IndexError("too few")
        return super().novelty(view)


class NaNProbability(tiny.Distance):
    """p_unseen is NaN."""

    def p_unseen(self, view):
        return np.full(len(view.Z), np.nan)


class WrongColumns(tiny.Centroids):
    """A class is lacking."""

    def decision(self, view):
        return super().decision(view)[:, 1:]


class IntegerScores(tiny.Centroids):
    """Integers."""

    def decision(self, view):
        return super().decision(view).astype(int)


class CrashingClassifier(tiny.Centroids):
    """Fails."""

    def decision(self, view):
        raise RuntimeError("oops")


class PlainNearest:
    """Without a parameter ``candidates``."""

    inputs = frozenset({"Z", "prototypes"})

    def fit(self, view, y, classes, *, candidates, context):
        self.prototypes_ = view.prototypes[classes.candidates(candidates)]
        return self

    def decision(self, view):
        return -((view.Z[:, None] - self.prototypes_) ** 2).sum(axis=2)


class Pass:
    """A gate that gives what it was given."""

    needs = frozenset()
    joint = False
    curve = "gate"

    def fit(self, heldout):
        return self

    def combine(self, known, novel, *, classes, novelty, p_unseen):
        return known, novel


class HalfADataset:
    """Only a card."""

    card = tiny.Colours.card


class FloatImages(tiny.Colours):
    """Not uint8."""

    def load(self, places):
        raw = super().load(places)
        blocks = [ImageBlock(b.images / 255, b.labels) for b in raw.train()]
        return RawDataset(raw.class_names, lambda: iter(blocks), raw.test)


class CrashingDataset(tiny.Colours):
    """Fails while it is read."""

    def load(self, places):
        raise KeyError("oops")


class Boastful:
    """A method with slots that the harness does not fill for it."""

    slots = {"gate": "hard"}  # noqa: RUF012 - as a stranger would write it
    input = "images"
    setting = "inductive"
    curve = "stacking"

    def fit(self, task, *, context):
        return self

    def predict(self, source):
        return None


class Silent(Boastful):
    """Predicts nothing."""

    slots = {}  # noqa: RUF012


BREACHES = [
    ("backbone", ListFeatures, "got list, expected a float array"),
    ("backbone", DoubleFeatures, "got float64, expected float32"),
    ("backbone", FewerFeatures, "got shape (199, 3), expected (200, 3)"),
    ("backbone", NaNFeatures, "NaN or infinite; expected finite numbers"),
    ("backbone", ObjectBackbone, "'model_' is a object; what fit learns must be arrays or numbers"),
    ("embedding", Mute, "failed in vectors"),
    ("embedding", TwoWidths, "widths [1, 2]; expected one width"),
    ("embedding", NaNVectors, "NaN or infinite; expected finite numbers"),
    ("mapping", IntegerMap, "got int64, expected a float array"),
    ("mapping", NarrowMap, "got shape (152, 2), expected (152, 3)"),
    ("mapping", CrashingMap, "failed in fit: KeyError: 'oops'"),
    ("mapping", InfiniteMap, "NaN or infinite; expected finite numbers"),
    ("mapping", OneClassShort, "transform_classes broke its contract: got shape (4, 3), expected"),
    ("mapping", BatchMap, "score must not depend on the other test images"),
    ("novelty", ColumnNovelty, "got shape (152, 1), expected (152)"),
    ("novelty", ShortNovelty, "got shape (151,), expected (152)"),
    ("novelty", RankNovelty, "score must not depend on the other test images"),
    ("novelty", LonelyNovelty, "failed on 16 images alone: IndexError: too few"),
    ("novelty", NaNProbability, "NaN or infinite; expected finite numbers"),
    ("seen_classifier", WrongColumns, "got shape (100, 3), expected (100, 4)"),
    ("seen_classifier", IntegerScores, "got int64, expected a float array (100, 4)"),
    ("seen_classifier", CrashingClassifier, "failed in decision: RuntimeError: oops"),
    ("gate", Pass, "gave a tuple; expected a Prediction"),
    ("dataset", HalfADataset, "it lacks sources, fetch, load, sentences; a dataset has card, sou"),
    ("dataset", FloatImages, "expected uint8 (b, h, w, 3)"),
    ("dataset", CrashingDataset, "KeyError: 'oops'"),
    ("method", Boastful, "may have backbone and embedding"),
    ("method", Silent, "gave a NoneType; expected a Prediction"),
]


def run_odd(folder, slot, cls):
    """Run the tiny method on the tiny data set with ``cls`` in ``slot``."""
    kind = "classifier" if slot.endswith("_classifier") else slot
    spec = ComponentSpec(kind, "odd", f"{__name__}:{cls.__name__}")
    choice = {"method": "tiny", "dataset": "colours"}
    choice |= {slot: "odd"} if slot in choice else {"slots": {slot: "odd"}}
    return zslbench.evaluate(
        **choice,
        out=folder / "out",
        cache_dir=folder / "cache",
        threads=1,
        plugins=[tiny, offering(spec)],
    )


@pytest.mark.parametrize(
    ("slot", "cls", "expectation"), BREACHES, ids=[f"{s}-{c.__name__}" for s, c, _ in BREACHES]
)
def test_a_component_that_breaks_its_contract_is_named_in_a_run(slot, cls, expectation, tmp_path):
    with pytest.raises(PluginError, match=r" 'odd' of plugin 'wip'") as breach:
        run_odd(tmp_path, slot, cls)
    assert expectation in str(breach.value)


def test_an_unseen_classifier_need_not_declare_candidates(tmp_path):
    class_scores = run_odd(tmp_path, "unseen_classifier", PlainNearest).scores
    assert class_scores.T1 == 1.0  # one unseen class


def test_a_hook_that_fails_during_a_run_is_named(tmp_path):
    def crash(spec):
        raise ConnectionError("no server")

    tracker = plugin("tracker", run_started=crash)
    with pytest.raises(PluginError, match=r"plugin 'tracker' failed in run_started: Connection"):
        zslbench.evaluate(
            "tiny", "colours", out=tmp_path, cache_dir=tmp_path, plugins=[tiny, tracker]
        )
