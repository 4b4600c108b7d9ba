"""A classifier that asks for held-out images gets those that nothing was fitted on."""

import sys
from pathlib import Path

import numpy as np
import pytest

import zslbench
from zslbench import ComponentSpec, InputError, Param, Registry
from zslbench.testing import ContractBreach, check_component

sys.path.insert(0, str(Path(__file__).parent))
import tiny
from good_components import Classifier
from stranger import offering


class Asking(tiny.Nearest):
    """The nearest word; keeps what it was fitted on."""

    given = ()

    def __init__(self, candidates="unseen", asks=True):
        super().__init__(candidates)
        self.asks = asks

    @property
    def needs_held_out(self):
        return self.asks

    def fit(self, view, y, classes, *, candidates, context, **more):
        type(self).given += ({"view": view, "y": y, "classes": classes, **more},)
        return super().fit(view, y, classes, candidates=candidates, context=context)


class AskingForFeatures(tiny.Centroids):
    """Class means; asks for held-out images too."""

    needs_held_out = True

    def fit(self, view, y, classes, *, candidates, context, held_out):
        return super().fit(view, y, classes, candidates=candidates, context=context)


class ReadingFolds(tiny.Distance):
    """Reads logits of folds."""

    inputs = frozenset({"Z", "prototypes", "logits"})
    needs_folds = True

    def fit(self, view, y, classes, *, context, folds):
        return super().fit(view, y, classes, context=context)


def spec(kind, cls, *params):
    return ComponentSpec(
        kind, cls.__name__.lower(), f"{__name__}:{cls.__name__}", params=params, summary=cls.__doc__
    )


PARAMS = (
    Param("candidates", "str", "unseen", "candidates", choices=("unseen", "all")),
    Param("asks", "bool", True, "whether it asks"),
)


@pytest.fixture
def run(tmp_path):
    def run(**options):
        Asking.given = ()
        plugins = [
            tiny,
            offering(
                spec("classifier", Asking, *PARAMS), spec("classifier", AskingForFeatures), name="c"
            ),
            offering(spec("novelty", ReadingFolds), name="n"),
        ]
        return zslbench.evaluate(
            "tiny", "colours", threads=1, plugins=plugins, out=tmp_path / "out",
            cache_dir=tmp_path / "cache", **{"validation": 0.2, **options},
        )  # fmt: skip

    return run


def in_both(a, b):
    """How many rows of the mapped images are in both views."""
    return len({row.tobytes() for row in a.Z} & {row.tobytes() for row in b.Z})


def test_the_unseen_classifier_gets_the_validation_part_with_its_labels(run):
    run(slots={"unseen_classifier": "asking"})
    (given,) = Asking.given
    view, y = given["held_out"]
    assert len(view.Z) == len(y) == 32  # a fifth of the 160 seen images
    assert len(given["view"].Z) == 128
    assert in_both(view, given["view"]) == 0
    nearest = ((view.Z[:, None] - view.prototypes) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == y).mean() > 0.9
    assert np.isin(y, given["classes"].seen).all()


def test_the_seen_classifier_is_not_refitted_on_what_it_was_promised_is_held_out(run):
    run(slots={"seen_classifier": "asking"})
    for given in Asking.given:
        assert len(given["view"].Z) == 128
        assert in_both(given["held_out"][0], given["view"]) == 0
    run(slots={"seen_classifier": "asking"}, set={"seen_classifier.asks": "false"})
    assert [len(given["view"].Z) for given in Asking.given] == [160]
    assert "held_out" not in Asking.given[0]


def test_a_fold_has_held_out_images_of_its_own_classes(run):
    run(slots={"seen_classifier": "asking", "novelty": "readingfolds"})
    folds = [given for given in Asking.given if len(given["classes"].names) == 3]
    assert len(folds) == 4
    for given in folds:
        view, y = given["held_out"]
        assert len(view.Z) == len(y) > 0
        assert set(np.unique(y)) == {0, 1, 2}
        assert in_both(view, given["view"]) == 0
        nearest = ((view.Z[:, None] - view.prototypes) ** 2).sum(axis=2).argmin(axis=1)
        assert (nearest == y).mean() > 0.9


def test_nothing_held_out_is_none_and_the_classifiers_own_error_comes_before_the_run(run):
    options = {"validation": 0.0, "set": {"gate.cut_from": "train"}}
    run(slots={"unseen_classifier": "asking"}, **options)
    assert Asking.given[0]["held_out"] is None
    with pytest.raises(InputError, match="isotropic-gaussian sets its width on held-out"):
        run(slots={"unseen_classifier": "isotropic-gaussian"}, **options)
    with pytest.raises(InputError, match="isotropic-gaussian sets its width on held-out"):
        run(slots={"seen_classifier": "isotropic-gaussian"}, **options)
    with pytest.raises(InputError, match="width 'broad' must be"):
        run(
            slots={"unseen_classifier": "isotropic-gaussian"},
            set={"unseen_classifier.width": "broad"},
        )


def test_the_supervised_ceiling_holds_nothing_out(run):
    with pytest.raises(InputError, match="'askingforfeatures' asks for held-out ones"):
        run(reference="supervised", slots={"seen_classifier": "askingforfeatures"})


def test_the_width_is_a_number_of_the_record(run):
    record = run(slots={"unseen_classifier": "isotropic-gaussian"})
    width = record.slots["unseen_classifier"].fitted["width"]
    assert 0 < width < 1  # colours are told apart easily: their values go up to 2.35
    same = run(slots={"unseen_classifier": "nearest-word"})
    assert (record.scores.u, record.scores.s) == (same.scores.u, same.scores.s)


# --------------------------------------------------------------- the contract's checks of one


class Scaled(Classifier):
    """Closeness in units of the held-out images' spread."""

    needs_held_out = True

    def fit(self, view, y, classes, *, candidates, context, held_out):
        if held_out is None:
            raise InputError("it needs held-out images: give --validation a share > 0")
        apart, labels = held_out
        self.scale_ = float(np.linalg.norm(apart.Z - apart.prototypes[labels], axis=1).mean())
        return super().fit(view, y, classes, candidates=candidates, context=context)

    def decision(self, view):
        return super().decision(view) / self.scale_


class Careless(Scaled):
    """Does not think of a run without held-out images."""

    def fit(self, view, y, classes, *, candidates, context, held_out):
        len(held_out)
        return super().fit(
            view, y, classes, candidates=candidates, context=context, held_out=held_out
        )


class Overwriting(Scaled):
    """Changes the held-out images."""

    def fit(self, view, y, classes, *, candidates, context, held_out):
        if held_out is not None:
            held_out[0].Z[:] = 1
        return super().fit(
            view, y, classes, candidates=candidates, context=context, held_out=held_out
        )


def check(cls):
    check_component(
        Registry.discover([offering(spec("classifier", cls))]), "classifier", cls.__name__.lower()
    )


def test_the_contracts_checks_hand_out_held_out_images():
    check(Scaled)
    with pytest.raises(ContractBreach, match="failed in fit without held-out images"):
        check(Careless)
    with pytest.raises(ContractBreach, match=r"fit changed its input held_out\[0\]\.Z"):
        check(Overwriting)
