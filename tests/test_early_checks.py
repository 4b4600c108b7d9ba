"""What cannot work is refused before the first stage, with the components' names."""

import pytest
import tiny
from stranger import offering

from zslbench import ComponentSpec, InputError, PluginError, Registry
from zslbench.early_checks import check_run
from zslbench.runspec import Request, resolve_dataset, resolve_run


class Likely(tiny.Distance):
    """A detector with a probability."""

    def p_unseen(self, view):
        novelty = self.novelty(view)
        return novelty / (1 + novelty)


class Centred(tiny.Distance):
    """A detector whose zero means something."""

    has_native_cut = True


class Crashing:
    """A gate whose check fails."""

    needs = frozenset()
    joint = False
    curve = "gate"

    def check(self, *, validation):
        raise KeyError(validation)

    def fit(self, heldout):
        return self

    def combine(self, known, novel, *, classes, novelty, p_unseen):
        raise NotImplementedError


class Imageful(tiny.Centroids):
    """A classifier that learns from images of its candidates."""

    needs_images = True


def check(**asked):
    """Resolve a run of the tiny method with what is asked, and check it."""
    plugins = [
        tiny,
        offering(
            ComponentSpec("novelty", "likely", f"{__name__}:Likely"),
            ComponentSpec("novelty", "centred", f"{__name__}:Centred"),
            name="detectors",
        ),
        offering(ComponentSpec("gate", "crashing", f"{__name__}:Crashing"), name="gates"),
        offering(ComponentSpec("classifier", "imageful", f"{__name__}:Imageful"), name="cls"),
    ]
    registry = Registry.discover(plugins)
    request = Request("tiny", "colours", **asked)
    ref = resolve_dataset(request, registry)
    spec = resolve_run(request, registry, ref, registry.create(ref).card)
    check_run(spec, registry)


def test_a_run_that_can_work_passes():
    check()
    check(set={"gate.cut_from": "train"}, validation=0.0)
    check(slots={"gate": "none"}, validation=0.0)
    check(slots={"novelty": "likely"}, set={"gate.cut": "probability:0.5"}, validation=0.0)
    check(slots={"novelty": "centred"}, set={"gate.cut": "native"})
    check(
        slots={"novelty": "gaussian"},
        set={"gate.cut": "native", "novelty.threshold": "per-class"},
    )
    check(set={"unseen_classifier.candidates": "all"})
    check(slots={"seen_classifier": "imageful"})


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"set": {"gate.cut": "keep:0.9"}}, "cut 'keep:0.9': write seen_kept:SHARE"),
        ({"validation": 0.0}, "gate 'hard' sets its cut 'seen_kept:0.8' on held-out seen images"),
        (
            {"set": {"gate.cut": "probability:0.5"}},
            "gate 'hard' needs p_unseen .* detector 'distance' has no probability",
        ),
        (
            {"set": {"gate.cut": "native"}},
            "gate 'hard' wants the detector's native cut .* detector 'distance' has none",
        ),
        (
            {"slots": {"novelty": "gaussian"}, "set": {"gate.cut": "native"}},
            "detector 'gaussian' has none",
        ),
        (
            {"slots": {"unseen_classifier": "imageful"}},
            "classifier 'imageful' cannot be the unseen classifier: it learns from images",
        ),
        (
            {
                "slots": {"unseen_classifier": "isotropic-gaussian"},
                "set": {"gate.cut_from": "train"},
                "validation": 0.0,
            },
            "isotropic-gaussian sets its width on held-out seen images",
        ),
        (
            {
                "slots": {"unseen_classifier": "isotropic-gaussian"},
                "set": {"unseen_classifier.width": "broad"},
            },
            "width 'broad' must be held-out, train or a number",
        ),
        (
            {"set": {"seen_classifier.candidates": "all"}},
            "'seen_classifier.candidates' to 'all': .* belongs to the unseen classifier",
        ),
        (
            {
                "slots": {"seen_classifier": "nearest"},
                "set": {"seen_classifier.candidates": "unseen"},
            },
            "always the seen classes",
        ),
    ],
)
def test_what_cannot_work_is_the_users_mistake(asked, complaint):
    with pytest.raises(InputError, match=complaint):
        check(**asked)


def test_softmax_cannot_be_the_unseen_classifier():
    with pytest.raises(InputError, match="classifier 'softmax' cannot be the unseen classifier"):
        check(slots={"unseen_classifier": "softmax"})


def test_a_gate_that_fails_in_its_check_is_named():
    with pytest.raises(
        PluginError, match=r"gate 'crashing' of plugin 'gates' failed in check: Key"
    ):
        check(slots={"gate": "crashing"})


def test_the_supervised_ceiling_asks_neither_gate_nor_unseen_classifier():
    check(reference="supervised", validation=0.0, slots={"unseen_classifier": "imageful"})
    with pytest.raises(InputError, match="held-out seen images"):
        check(reference="oracle", validation=0.0)
