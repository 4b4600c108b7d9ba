"""A plugin for tests of the harness: a data set, and a component for each slot, all tiny."""

import time
from types import MappingProxyType

import numpy as np

from zslbench import ComponentSpec, Param, Recipe, hookimpl
from zslbench.contracts import DatasetCard, ImageBlock, RawDataset, WordVectors

ZSLBENCH_API = 1
CLASSES = ("blue", "green", "grey", "red", "white")
COLOURS = np.array([[20, 20, 220], [20, 220, 20], [120, 120, 120], [220, 20, 20], [235, 235, 235]])


class Colours:
    """Five classes of noisy 4 × 4 patches of one colour."""

    card = DatasetCard(
        title="colours",
        summary="patches",
        classes=CLASSES,
        unseen=("grey",),
        train_images=200,
        test_images=100,
        image_size="4 × 4",
        licence="none",
        homepage="none",
        citation="none",
        embedding="rgb",
        recommended={"mapping/flat.shrink": 0.5},
    )

    def __init__(self, damage="none", images=200):
        self.damage, self.images = damage, images

    def sources(self, places):
        return ()

    def fetch(self, places):
        return ()

    def sentences(self):
        return None

    def load(self, places):
        def stream(count, seed):
            rng = np.random.default_rng(seed)
            labels = np.arange(count) % 5
            noise = rng.normal(scale=15, size=(count, 4, 4, 3))
            images = np.clip(COLOURS[labels][:, None, None] + noise, 0, 255).astype(np.uint8)
            if self.damage == "empty class":
                images, labels = images[labels != 3], labels[labels != 3]
            yield ImageBlock(images, labels)

        return RawDataset(CLASSES, lambda: stream(self.images, 0), lambda: stream(100, 1))


class MeanColour:
    """The mean colour, or whatever ``fault`` says."""

    fit_on = "nothing"
    pretraining = None
    variance_floor = None

    def __init__(self, fault="none"):
        self.fault = fault

    def fit(self, images, *, context):
        return self

    def dim(self, image_shape):
        return 3

    def transform(self, images, *, context):
        X = images.mean(axis=(1, 2), dtype=np.float64).astype(np.float32)
        if self.fault == "nan":
            X[0] = np.nan
        if self.fault == "crash":
            raise ZeroDivisionError("no")
        if self.fault == "slow":
            time.sleep(0.05)
        if self.fault == "interrupt":
            raise KeyboardInterrupt
        return X


class Rgb:
    """The colours' own values as class vectors."""

    metric = "euclidean"
    space = None
    aliases = MappingProxyType({})

    def sources(self, places):
        return ()

    def vectors(self, words, *, sentences, places, context):
        return WordVectors({w: COLOURS[CLASSES.index(w)] / 100.0 for w in words if w in CLASSES})


class Flat:
    """Least squares."""

    def __init__(self, shrink=1.0, fault="none"):
        self.shrink, self.fault = shrink, fault

    def fit(self, X, y, S, *, validation=None, context):
        self.W_ = np.linalg.lstsq(np.c_[X, np.ones(len(X))], S[y], rcond=None)[0]
        return self

    def transform(self, X):
        Z = (np.c_[X, np.ones(len(X))] @ self.W_).astype(np.float32)
        if self.fault == "shape":
            return Z[:, :2]
        if self.fault == "batch":
            return Z - Z.mean(axis=0)
        return Z

    def transform_classes(self, S):
        return S


class Centroids:
    """Minus the squared distance to each seen class's mean feature."""

    inputs = frozenset({"X"})

    def fit(self, view, y, classes, *, candidates, context):
        self.means_ = np.stack(
            [view.X[y == c].mean(axis=0) for c in classes.candidates(candidates)]
        )
        return self

    def decision(self, view):
        return -((view.X[:, None] - self.means_) ** 2).sum(axis=2)


class Nearest:
    """Minus the squared distance to each candidate's prototype."""

    inputs = frozenset({"Z", "prototypes"})

    def __init__(self, candidates="unseen"):
        self.candidates = candidates

    def fit(self, view, y, classes, *, candidates, context):
        self.prototypes_ = view.prototypes[classes.candidates(candidates)]
        return self

    def decision(self, view):
        return -((view.Z[:, None] - self.prototypes_) ** 2).sum(axis=2)


class Distance:
    """The distance to the nearest seen prototype."""

    inputs = frozenset({"Z", "prototypes"})

    def fit(self, view, y, classes, *, context):
        self.prototypes_ = view.prototypes[classes.seen]
        return self

    def novelty(self, view):
        return np.sqrt(((view.Z[:, None] - self.prototypes_) ** 2).sum(axis=2)).min(axis=1)


def _spec(kind, name, cls, *params, recipe=None):
    target = f"{__name__}:{cls.__name__}" if cls else ""
    return ComponentSpec(kind, name, target, params=params, recipe=recipe)


FAULT = Param("fault", "str", "none", "what goes wrong")


@hookimpl
def register_datasets(register):
    damage = Param("damage", "str", "none", "what is wrong")
    images = Param("images", "int", 200, "training images")
    register(_spec("dataset", "colours", Colours, damage, images))


@hookimpl
def register_backbones(register):
    register(_spec("backbone", "mean-colour", MeanColour, FAULT))


@hookimpl
def register_embeddings(register):
    register(_spec("embedding", "rgb", Rgb))


@hookimpl
def register_mappings(register):
    shrink = Param("shrink", "float", 1.0, "unused", minimum=0, maximum=1)
    register(_spec("mapping", "flat", Flat, shrink, FAULT))


@hookimpl
def register_novelty(register):
    register(_spec("novelty", "distance", Distance))


@hookimpl
def register_classifiers(register):
    register(_spec("classifier", "centroids", Centroids))
    choices = ("unseen", "all", "unseen+distractors", "all+distractors")
    candidates = Param("candidates", "str", "unseen", "candidates", choices=choices)
    register(_spec("classifier", "nearest", Nearest, candidates))


@hookimpl
def register_methods(register):
    slots = {
        "backbone": "mean-colour",
        "embedding": "dataset-default",
        "mapping": "flat",
        "novelty": "distance",
        "gate": "hard",
        "seen_classifier": "centroids",
        "unseen_classifier": "nearest",
    }
    register(_spec("method", "tiny", None, recipe=Recipe(slots, {"gate.cut": "seen_kept:0.8"})))
