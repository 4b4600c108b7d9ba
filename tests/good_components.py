"""A component of each kind that keeps its contract, to be broken in one way at a time."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np

from zslbench.contracts import DatasetCard, ImageBlock, Prediction, RawDataset, WordVectors


class Mapping:
    """Least squares, plus noise from the seed."""

    def __init__(self, noise=0.01):
        self.noise = noise

    def fit(self, X, y, S, *, validation=None, context):
        rng = np.random.default_rng(context.seed)
        W = np.linalg.lstsq(X.astype(np.float64), S[y], rcond=None)[0]
        self.weights_ = (W + rng.normal(scale=self.noise, size=W.shape)).astype(np.float32)
        return self

    def transform(self, X):
        return X @ self.weights_

    def transform_classes(self, S):
        return S


class Novelty:
    """Distance to the mean of the training images."""

    inputs = frozenset({"Z"})

    def fit(self, view, y, classes, *, context):
        self.mean_ = view.Z.mean(axis=0, dtype=np.float64)
        return self

    def novelty(self, view):
        return np.linalg.norm(view.Z - self.mean_, axis=1)


class Classifier:
    """Minus the distance to each candidate's prototype."""

    inputs = frozenset({"Z", "prototypes"})

    def fit(self, view, y, classes, *, candidates, context):
        self.prototypes_ = view.prototypes[classes.candidates(candidates)].astype(np.float64)
        return self

    def decision(self, view):
        return -np.linalg.norm(view.Z[:, None] - self.prototypes_, axis=2)


class Backbone:
    """Mean and deviation of each colour, less the mean of the training images."""

    fit_on = "seen"
    pretraining = None
    variance_floor = None

    def fit(self, images, *, context):
        self.mean_ = np.mean([block.mean() for block in images.blocks()])
        return self

    def dim(self, image_shape):
        return 6

    def transform(self, images, *, context):
        X = images.reshape(len(images), -1, 3).astype(np.float64) - self.mean_
        return np.concatenate([X.mean(axis=1), X.std(axis=1)], axis=1).astype(np.float32)


class Gate:
    """Novel above the median novelty of held-out seen images."""

    needs = frozenset({"novelty"})
    joint = False
    curve = "gate"

    def fit(self, heldout):
        self.cut_ = float(np.median(heldout.novelty))
        return self

    def combine(self, known, novel, *, classes, novelty, p_unseen):
        unseen = np.isin(novel.candidates, classes.unseen)
        return Prediction(
            known_label=known.candidates[known.scores.argmax(axis=1)],
            novel_label=novel.candidates[novel.scores.argmax(axis=1)],
            zsl_label=novel.candidates[unseen][novel.scores[:, unseen].argmax(axis=1)],
            margin=(self.cut_ - novelty).astype(np.float32),
            novelty=novelty.astype(np.float32),
        )


class Embedding:
    """A random vector a word, from the seed."""

    metric = "euclidean"
    space = None
    aliases = MappingProxyType({"bus": "coach"})

    def sources(self, places):
        return ()

    def vectors(self, words, *, sentences, places, context):
        rng = np.random.default_rng(context.seed)
        return WordVectors({word: rng.normal(size=4) for word in sorted(words)})


class Dataset:
    """Noise of four classes."""

    card = DatasetCard(
        title="noise",
        summary="noise of four kinds",
        classes=("a", "b", "c", "d"),
        unseen=("b",),
        train_images=40,
        test_images=20,
        image_size="4 × 4",
        licence="none",
        homepage="none",
        citation="none",
        embedding="random",
    )

    def sources(self, places):
        return ()

    def fetch(self, places):
        return ()

    def sentences(self):
        return None

    def load(self, places):
        return RawDataset(self.card.classes, lambda: self.blocks(40), lambda: self.blocks(20))

    def blocks(self, count):
        labels = np.arange(count) % 4
        images = np.random.default_rng(count).integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
        yield ImageBlock(images, labels)


class Method:
    """Every label by the image's mean grey level."""

    slots = MappingProxyType({})
    input = "images"
    setting = "inductive"
    curve = "stacking"

    def fit(self, task, *, context):
        self.seen_, self.unseen_ = task.classes.seen, task.classes.unseen
        return self

    def predict(self, source):
        grey = np.concatenate([block.mean(axis=(1, 2, 3)) for block in source.blocks()])
        novel = self.unseen_[grey.astype(int) % len(self.unseen_)]
        return Prediction(
            known_label=self.seen_[grey.astype(int) % len(self.seen_)],
            novel_label=novel,
            zsl_label=novel,
            margin=(grey - 100).astype(np.float32),
        )


def altered(prediction, **changed):
    """The prediction with some fields changed."""
    return replace(prediction, **changed)
