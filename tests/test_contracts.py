"""Every component keeps its contract, and the checks catch one that does not."""

from pathlib import Path

import numpy as np
import pytest
from good_components import (
    Backbone,
    Classifier,
    Dataset,
    Embedding,
    Gate,
    Mapping,
    Method,
    Novelty,
    altered,
)
from stranger import offering

from zslbench import ComponentSpec, DataError, Param, Recipe, Registry
from zslbench.contracts import ImageBlock, RawDataset, WordVectors
from zslbench.members import members
from zslbench.specs import KINDS
from zslbench.testing import ContractBreach, check_component

DATA = Path(__file__).parents[1] / ".." / "shared" / "data"
SMALL = {
    ("backbone", "coates2011"): {"bases": 8, "patches": 500, "rounds": 3},
    ("mapping", "socher2013"): {"hidden": 10},
    ("mapping", "socher2013-restarted"): {"hidden": 10},
}
WORDS = {
    "huang2012": ("cat", "truck", "ship"),
    "file/*": ("ant", "bee"),
    "attributes/*": ("ant", "bee"),
}
LARGE = {
    "sample/*": {"cifar10": {}},  # the others differ in their files alone
    "timm/*": {"resnet10t": {"weights": "none", "input_size": 32}},
    "torchvision/*": {"squeezenet1_1": {"weights": "none", "input_size": 64}},
}
ELSEWHERE = {  # checked by a test of their own, which gives them what they need
    "identity": "test_feature_detectors.py: images and classes of one width",
    "dap": "test_dap.py: classes that have attributes",
    "concat": "test_composed.py: the embeddings that it is made of",
    "reduced/*": "test_composed.py: the backbone that it is made of",
    "features/*": "test_feature_files.py: a file of features",
    "imagefolder/*": "test_image_folder.py: a folder of images",
    "csv/*": "test_image_csv.py: a table of images",
    "gensim/*": "test_pretrained_embeddings.py: a release file",
    "sentence-transformers/*": "test_pretrained_embeddings.py: an encoder",
}


def bundled():
    """Kind, name and parameters of every component, and every member of a family."""
    for kind in KINDS:
        for item in Registry.discover().components(kind):
            name = item.spec.name
            if item.distribution != "zslbench" or name in ELSEWHERE:
                continue
            if name in LARGE:
                yield from ((kind, name[:-1] + m, params) for m, params in LARGE[name].items())
            elif item.spec.members:
                yield from ((kind, name[:-1] + m, {}) for m in members(item.spec))
            else:
                yield kind, name, SMALL.get((kind, name), {})


BUNDLED = list(bundled())


@pytest.mark.parametrize(
    ("kind", "name", "params"), BUNDLED, ids=[f"{k}-{n}" for k, n, _ in BUNDLED]
)
def test_every_bundled_component_keeps_its_contract(kind, name, params, tmp_path):
    (tmp_path / "attributes.csv").write_text("attribute,ant,bee\nlegs,6,6\nwings,0,4\nsize,1,2\n")
    member = name.replace("*", str(tmp_path / "attributes.csv"))
    options = {"words": WORDS[name]} if name in WORDS else {}
    try:
        check_component(Registry.discover(), kind, member, params, data_dir=DATA, **options)
    except DataError as absent:
        pytest.skip(f"its files are absent: {absent}")


# ---------------------------------------------------------------- components that break theirs


NOISE = Param("noise", "float", 0.01, "noise on the weights", minimum=0)
DECLARED = {"mapping": (NOISE,)}


def check(kind, cls, **changed):
    """Check the class as a component called ``odd``."""
    fields = {"params": DECLARED.get(kind, ()), "summary": "odd"} | changed
    spec = ComponentSpec(kind, "odd", f"{cls.__module__}:{cls.__name__}", **fields)
    globals()[cls.__name__] = cls
    check_component(Registry.discover([offering(spec)]), kind, "odd")


GOOD = [Dataset, Backbone, Embedding, Mapping, Novelty, Gate, Classifier, Method]


@pytest.mark.parametrize("cls", GOOD)
def test_a_component_that_keeps_its_contract_passes(cls):
    check(cls.__name__.lower(), cls)


class Undeclared(Mapping):
    """Takes more than is declared."""

    def __init__(self, noise=0.01, more=1):
        self.noise, self.more = noise, more


class OtherDefault(Mapping):
    """Declared is 0.01."""

    def __init__(self, noise=0.5):
        self.noise = noise


class Converts(Mapping):
    """Does work in its constructor."""

    def __init__(self, noise=0.01):
        self.noise = noise * 2


class Prepares(Mapping):
    """Sets more than its parameters."""

    def __init__(self, noise=0.01):
        self.noise = noise
        self.scale = 1 / (1 + noise)


class Undocumented(Mapping):
    __doc__ = None


class Adapts(Mapping):
    """Changes its parameter in fit."""

    def fit(self, X, y, S, *, validation=None, context):
        super().fit(X, y, S, context=context)
        self.noise = 0.02
        return self


class ReturnsNothing(Mapping):
    """Does not return self."""

    def fit(self, X, y, S, *, validation=None, context):
        super().fit(X, y, S, context=context)


class CentresInPlace(Mapping):
    """Changes X."""

    def fit(self, X, y, S, *, validation=None, context):
        X -= X.mean(axis=0)
        return super().fit(X, y, S, context=context)


class ScalesInPlace(Mapping):
    """Changes X while applied."""

    def transform(self, X):
        X *= 2
        return super().transform(X)


class CentresTheBatch(Mapping):
    """Looks at the other images."""

    def transform(self, X):
        Z = super().transform(X)
        return Z - Z.mean(axis=0)


class CountsPosition(Mapping):
    """Looks at the order."""

    def transform(self, X):
        return super().transform(X) + np.arange(len(X), dtype=np.float32)[:, None]


class OwnDice(Mapping):
    """Draws from no seed."""

    def fit(self, X, y, S, *, validation=None, context):
        super().fit(X, y, S, context=context)
        self.weights_ = self.weights_ + np.random.default_rng().normal()
        return self


class LearnsLate(Mapping):
    """Learns while applied."""

    def transform(self, X):
        self.weights_ = self.weights_ * 1.0001
        return super().transform(X)


class LearnsMore(Mapping):
    """Learns something new while applied."""

    def transform(self, X):
        self.seen_ = len(X)
        return super().transform(X)


class LearnsWithin(Mapping):
    """Changes what a learnt container holds while applied; its outputs do not tell."""

    def fit(self, X, y, S, *, validation=None, context):
        super().fit(X, y, S, context=context)
        self.counts_ = {"images": 0, "last": np.zeros(2)}
        return self

    def transform(self, X):
        self.counts_["images"] += len(X)
        return super().transform(X)


class LearnsFirst(Mapping):
    """Learns from the images that it is applied to first, under a name of its own."""

    def transform(self, X):
        if not hasattr(self, "_centre"):
            self._centre = X.mean(axis=0)
        return super().transform(X - self._centre)


class Integers(Mapping):
    """Gives integers."""

    def transform(self, X):
        return super().transform(X).astype(int)


class Gaps(Mapping):
    """Gives NaN."""

    def transform(self, X):
        Z = super().transform(X)
        Z[0] = np.nan
        return Z


class Narrow(Mapping):
    """Images and classes in two spaces."""

    def transform(self, X):
        return super().transform(X)[:, :-1].copy()


class SwitchesParts(Mapping):
    """Cannot do without held-out images, and does not say so."""

    def fit(self, X, y, S, *, validation=None, context):
        self.held_out_ = len(validation[0])
        return super().fit(X, y, S, context=context)


class Familiarity(Novelty):
    """Higher is less novel."""

    def novelty(self, view):
        return -super().novelty(view)


class TwoNumbers(Novelty):
    """Two numbers an image."""

    def novelty(self, view):
        return np.stack([super().novelty(view)] * 2, axis=1)


class Ranks(Novelty):
    """Ranks among the test images."""

    def novelty(self, view):
        return super().novelty(view).argsort().argsort().astype(float)


class Certain(Novelty):
    """A probability of 2."""

    def p_unseen(self, view):
        return np.full(len(view.Z), 2.0)


class WrongInputs(Novelty):
    """Reads what nobody has."""

    inputs = frozenset({"pixels"})


class Unlikely(Classifier):
    """Higher is less likely."""

    def decision(self, view):
        return -super().decision(view)


class OneShort(Classifier):
    """A column is lacking."""

    def decision(self, view):
        return super().decision(view)[:, 1:]


class Wide(Backbone):
    """Says d = 7."""

    def dim(self, image_shape):
        return 7


class Double(Backbone):
    """float64."""

    def transform(self, images, *, context):
        return super().transform(images, context=context).astype(np.float64)


class KeepsAside(Backbone):
    """What it learns does not end in an underscore."""

    def fit(self, images, *, context):
        super().fit(images, context=context)
        self.scale = self.mean_
        return self

    def transform(self, images, *, context):
        return super().transform(images, context=context) * np.float32(self.scale)


class Pickles(Backbone):
    """Learns an object."""

    def fit(self, images, *, context):
        self.model_ = {"a": 1}
        return super().fit(images, context=context)


class AnyLabel(Gate):
    """A label that is not of a seen class."""

    def combine(self, known, novel, *, classes, **given):
        prediction = super().combine(known, novel, classes=classes, **given)
        return altered(prediction, known_label=prediction.zsl_label)


class NoMargin(Gate):
    """NaN margins."""

    def combine(self, known, novel, *, classes, **given):
        prediction = super().combine(known, novel, classes=classes, **given)
        return altered(prediction, margin=prediction.margin * np.float32("nan"))


class ReadsMore(Gate):
    """Reads what it did not ask for."""

    needs = frozenset()


class TwoWidths(Embedding):
    """Vectors of two widths."""

    def vectors(self, words, **given):
        return WordVectors({word: np.ones(1 + (word == words[0])) for word in words})


class Talkative(Embedding):
    """A word that was not asked for."""

    def vectors(self, words, **given):
        known = super().vectors(words, **given)
        return WordVectors({**known.vectors, "more": np.ones(4)})


class Forgetful(Embedding):
    """Knows nothing."""

    def vectors(self, words, **given):
        return WordVectors({})


class Fickle(Embedding):
    """Other vectors every time."""

    def vectors(self, words, **given):
        rng = np.random.default_rng()
        return WordVectors({word: rng.normal(size=4) for word in words})


class Grey(Dataset):
    """One channel."""

    def blocks(self, count):
        for block in super().blocks(count):
            yield ImageBlock(block.images[..., :1], block.labels)


class BeyondLabels(Dataset):
    """A label too many."""

    def blocks(self, count):
        for block in super().blocks(count):
            yield ImageBlock(block.images, block.labels + 1)


class MissingClass(Dataset):
    """No image of the last class."""

    def blocks(self, count):
        for block in super().blocks(count):
            kept = block.labels != 3
            yield ImageBlock(block.images[kept], block.labels[kept])


class OtherNames(Dataset):
    """Names that its card does not know."""

    def load(self, places):
        raw = super().load(places)
        return RawDataset(("a", "b", "c", "e"), raw.train, raw.test)


class Restless(Dataset):
    """Other images every time."""

    def blocks(self, count):
        noise = np.random.default_rng().integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
        yield ImageBlock(noise, np.arange(count) % 4)


class Batchy(Method):
    """Looks at the other test images."""

    def predict(self, source):
        prediction = super().predict(source)
        return altered(prediction, margin=prediction.margin - prediction.margin.mean())


class UnknownSetting(Method):
    """A setting that there is not."""

    setting = "magic"


BROKEN = [
    ("mapping", Undeclared, "constructor takes (noise, more); declared are (noise)"),
    ("mapping", OtherDefault, "defaults to 0.5 in the constructor and to 0.01"),
    ("mapping", Converts, "must store parameter 'noise' as it comes"),
    ("mapping", Prepares, "constructor sets scale too"),
    ("mapping", Undocumented, "has no docstring"),
    ("mapping", Adapts, "fit changed parameter 'noise' from 0.01 to 0.02"),
    ("mapping", ReturnsNothing, "fit must return self"),
    ("mapping", CentresInPlace, "fit changed its input X"),
    ("mapping", ScalesInPlace, "transform changed its input X"),
    ("mapping", CentresTheBatch, "transform gives other Z for images 40 at a time"),
    ("mapping", CountsPosition, "transform gives other Z for images in another order"),
    ("mapping", OwnDice, "draw every random number from context.seed"),
    ("mapping", LearnsLate, "transform changed weights_"),
    ("mapping", LearnsMore, "transform changed seen_"),
    ("mapping", LearnsWithin, "transform changed counts_"),
    ("mapping", LearnsFirst, "when the 40 are the first that it is applied to"),
    ("mapping", Integers, "expected a float array (120, any)"),
    ("mapping", Gaps, "values are NaN or infinite"),
    ("mapping", Narrow, "meet in one space"),
    ("mapping", SwitchesParts, "failed in fit without a validation part"),
    ("novelty", Familiarity, "higher must be more novel"),
    ("novelty", TwoNumbers, "got shape (120, 2), expected (120)"),
    ("novelty", Ranks, "must not depend on the other images"),
    ("novelty", Certain, "p_unseen lies outside 0 … 1"),
    ("novelty", WrongInputs, "some of X, Z, logits, prototypes"),
    ("classifier", Unlikely, "higher must be likelier"),
    ("classifier", OneShort, "got shape (120, 3), expected (120, 4)"),
    ("backbone", Wide, "got shape (30, 6), expected (30, 7)"),
    ("backbone", Double, "got float64, expected float32"),
    ("backbone", KeepsAside, "failed in transform after its learnt attributes were restored"),
    ("backbone", Pickles, "learnt attribute 'model_' is a dict"),
    ("gate", AnyLabel, "known_label holds labels outside [0, 2, 3, 5]"),
    ("gate", NoMargin, "margin holds NaN"),
    ("gate", ReadsMore, "failed in fit"),
    ("embedding", TwoWidths, "vectors of widths [1, 2]"),
    ("embedding", Talkative, "not asked for: more"),
    ("embedding", Forgetful, "it knows none of"),
    ("embedding", Fickle, "other vectors; draw every random number from context.seed"),
    ("dataset", Grey, "expected uint8 (b, h, w, 3)"),
    ("dataset", BeyondLabels, "outside 0 … 3"),
    ("dataset", MissingClass, "its train part has no image of d"),
    ("dataset", OtherNames, "name different classes"),
    ("dataset", Restless, "another when it is opened again"),
    ("method", Batchy, "must not depend on the other images"),
    ("method", UnknownSetting, "setting is 'magic'"),
]


@pytest.mark.parametrize(
    ("kind", "cls", "complaint"), BROKEN, ids=[f"{kind}-{cls.__name__}" for kind, cls, _ in BROKEN]
)
def test_a_component_that_breaks_its_contract_is_caught(kind, cls, complaint):
    with pytest.raises(ContractBreach, match=f"{kind} 'odd' of plugin 'wip'") as breach:
        check(kind, cls)
    assert complaint in str(breach.value)


def test_every_parameter_needs_help_and_every_component_a_summary():
    with pytest.raises(ContractBreach, match=r"parameter 'noise'.*has no help"):
        check("mapping", Mapping, params=(Param("noise", "float", 0.01, " "),))
    with pytest.raises(ContractBreach, match="no summary"):
        check("mapping", Mapping, summary="")


@pytest.mark.parametrize(
    ("changed", "params", "complaint"),
    [
        ({"gate": "no-such-gate"}, {}, "slot gate of its recipe: unknown gate 'no-such-gate'"),
        ({}, {"gate.kut": 1}, "gate 'hard' has no parameter 'kut'"),
    ],
)
def test_a_recipe_of_what_does_not_exist_is_caught(changed, params, complaint):
    slots = dict(Registry.discover().find("method", "socher2013")[0].spec.recipe.slots)
    recipe = Recipe(slots | changed, params)
    spec = ComponentSpec("method", "odd", recipe=recipe, summary="odd")
    with pytest.raises(ContractBreach) as breach:
        check_component(Registry.discover([offering(spec)]), "method", "odd")
    assert complaint in str(breach.value)
