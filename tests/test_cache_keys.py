"""Whatever an output depends on is in its key: a shared cache never changes a result."""

import importlib
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import tiny

import zslbench
from zslbench import ComponentSpec, hookimpl
from zslbench.contracts import Prediction
from zslbench.errors import PluginError
from zslbench.source import source_hash


class WordBlind(tiny.Centroids):
    """Reads features alone, and tells whether it was shown class vectors too."""

    def fit(self, view, y, classes, *, candidates, context):
        self.shown_ = float(classes.embedding is not None)
        return super().fit(view, y, classes, candidates=candidates, context=context)


class Unlabelled(tiny.MeanColour):
    """Learns from all training images, without labels."""

    fit_on = "train-unlabelled"

    def fit(self, images, *, context):
        self.count_ = len(images)
        return self


class Nearest:
    """A whole method on features: the nearest class mean, or the word vectors' order."""

    slots = {"backbone": "mean-colour", "embedding": "rgb"}  # noqa: RUF012
    input = "features"
    setting = "inductive"
    curve = "stacking"
    batch = False

    def fit(self, task, *, context):
        self.classes_ = task.classes
        self.bias_ = task.classes.embedding.values.sum()
        return self

    def predict(self, X):
        scores = (X - X.mean(axis=0) if self.batch else X).sum(axis=1) + self.bias_
        seen, unseen = self.classes_.seen, self.classes_.unseen
        n = len(X)
        return Prediction(
            known_label=np.full(n, seen[0]),
            novel_label=np.full(n, unseen[0]),
            zsl_label=np.full(n, unseen[0]),
            margin=scores.astype(np.float32),
        )


class Peeking(Nearest):
    """Looks at the other test images."""

    batch = True


class Plugin:
    """Offers what stands above."""

    ZSLBENCH_API = 1

    @hookimpl
    def register_classifiers(self, register):
        register(ComponentSpec("classifier", "word-blind", f"{__name__}:WordBlind"))

    @hookimpl
    def register_backbones(self, register):
        register(ComponentSpec("backbone", "unlabelled", f"{__name__}:Unlabelled"))

    @hookimpl
    def register_methods(self, register):
        register(ComponentSpec("method", "nearest", f"{__name__}:Nearest"))
        register(ComponentSpec("method", "peeking", f"{__name__}:Peeking"))


@pytest.fixture
def run(tmp_path):
    def run(method="tiny", *, cache="cache", **options):
        folders = {"out": tmp_path / "out", "cache_dir": tmp_path / cache}
        plugins = [tiny, Plugin()]
        return zslbench.evaluate(
            method, "colours", **folders, threads=1, force=True, plugins=plugins, **options
        )

    return run


def test_a_changed_metric_is_another_output(run, tmp_path):
    vectors = tmp_path / "v.npz"
    lengths = np.array([[1], [9], [2], [5], [3]])
    np.savez(vectors, words=np.array(tiny.CLASSES), vectors=tiny.COLOURS * lengths / 100.0)
    options = {"slots": {"embedding": f"file/{vectors}"}, "unseen": ["red", "white"]}
    run(**options)
    cosine = {**options, "set": {"embedding.metric": "cosine"}}
    shared, fresh = run(**cosine), run(**cosine, cache="fresh")
    assert shared.scores == fresh.scores


def test_what_reads_features_alone_is_shared_across_class_vectors_since_it_sees_none(run):
    record = run(slots={"seen_classifier": "word-blind"})
    assert record.slots["seen_classifier"].fitted == {"shown": 0.0}
    other = run(slots={"seen_classifier": "word-blind", "embedding": "random"})
    assert {s.stage: s.cached for s in other.stages}["seen classifier"]


def test_a_backbone_fitted_on_all_training_images_is_another_setting(run):
    assert run(slots={"backbone": "unlabelled"}).setting == "train-unlabelled"
    assert run("nearest", slots={"backbone": "unlabelled"}).setting == "train-unlabelled"
    assert run("nearest").setting == "inductive"


def test_a_whole_methods_output_depends_on_its_class_vectors(run):
    run("nearest")
    shared = run("nearest", slots={"embedding": "random"})
    fresh = run("nearest", slots={"embedding": "random"}, cache="fresh")
    assert shared.scores == fresh.scores


def test_a_whole_method_that_looks_at_other_test_images_is_refused(run):
    with pytest.raises(PluginError, match=r"'peeking'.*must not depend on the other"):
        run("peeking")


def test_code_in_a_packages_init_counts_where_it_is_imported(tmp_path, monkeypatch):
    package = tmp_path / "stranger_package"
    package.mkdir()
    (package / "part.py").write_text("from stranger_package import scale\nclass A: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    hashes = []
    for value in (1, 2):
        (package / "__init__.py").write_text(f"scale = {value}\n")
        importlib.invalidate_caches()
        source_hash.cache_clear()
        hashes.append(source_hash("stranger_package.part:A"))
    assert hashes[0] != hashes[1]
    assert "stranger_package.part" not in sys.modules  # read, not imported


def test_the_files_that_a_data_set_came_in_do_not_change_its_row(run, tmp_path, monkeypatch):
    rows = []
    for words in ("one layout", "another"):
        file = tmp_path / f"{words}.bin"
        file.write_text(words)
        monkeypatch.setattr(tiny.Colours, "sources", lambda self, places, file=file: (file,))
        record = run()
        assert record.dataset.component.contents[0][0] == file.name
        rows.append(
            SimpleNamespace(run=record.run_id, csv=(tmp_path / "out/colours.csv").read_text())
        )
    assert rows[0] == rows[1]


@pytest.mark.parametrize("backbone", ["unlabelled", "reduced/unlabelled"])
def test_splits_share_what_learns_from_all_images_whichever_came_first(run, backbone):
    options = {"slots": {"backbone": backbone}}
    if backbone.startswith("reduced"):
        options["set"] = {"backbone.k": 2}
    run(**options)
    other = {**options, "unseen": ["red", "white"]}
    shared, fresh = run(**other), run(**other, cache="fresh")
    assert shared.scores == fresh.scores
    assert shared.setting == "train-unlabelled"
    stages = {stage.stage: stage.cached for stage in shared.stages}
    assert stages.get("features of train images", True)
    assert not stages["mapping"]
    assert stages.get("reduction", True)
    assert stages.get("reduced features of train images", True)


@pytest.mark.parametrize("backbone", ["mean-colour", "reduced/mean-colour"])
def test_splits_share_features_that_learn_from_nothing_and_nothing_that_is_learnt_from_them(
    run, backbone
):
    options = {"slots": {"backbone": backbone}}
    if backbone.startswith("reduced"):
        options["set"] = {"backbone.k": 2}
    run(**options)
    other = {**options, "unseen": ["red", "white"], "seed": 1}
    shared, fresh = run(**other), run(**other, cache="fresh")
    assert shared.scores == fresh.scores
    assert shared.setting == "inductive"
    stages = {stage.stage: stage.cached for stage in shared.stages}
    assert stages.get("features of train images", True)
    assert not stages["mapping"]
    assert not stages.get("reduction", False)
