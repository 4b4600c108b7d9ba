"""What a resolved run can be known to fail at, said before its first stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zslbench.errors import InputError

if TYPE_CHECKING:
    from zslbench.registry import Registry
    from zslbench.runspec import RunSpec


def check_run(spec: RunSpec, registry: Registry) -> None:
    """Raise InputError where the components of ``spec`` cannot work together, with its settings.

    Raises PluginError where the gate, the detector or the unseen classifier cannot be constructed.
    Only these are imported, and nothing is fitted.
    """
    if spec.reference == "supervised":  # it asks the seen classifier alone
        return
    if "gate" in spec.slots:
        gate = registry.create(spec.slots["gate"])
        _check_gate(gate, spec, registry)
        if "novelty" in spec.slots:
            _check_detector(gate, spec, registry)
    if "unseen_classifier" in spec.slots:
        _check_unseen_classifier(spec, registry)
        _check_distractors(spec, registry)


def _check_gate(gate: Any, spec: RunSpec, registry: Registry) -> None:
    if hasattr(gate, "check"):
        with registry.calling(spec.slots["gate"], "check"):
            gate.check(validation=spec.validation)


def _check_detector(gate: Any, spec: RunSpec, registry: Registry) -> None:
    ref = spec.slots["novelty"]
    detector = registry.create(ref)
    label = spec.slots["gate"].label
    with registry.calling(spec.slots["gate"], "needs"):
        probability, native = "p_unseen" in gate.needs, getattr(gate, "needs_native_cut", False)
    if probability and not hasattr(detector, "p_unseen"):
        raise InputError(
            f"gate {label!r} needs p_unseen with these parameters, and novelty detector "
            f"{ref.label!r} has no probability: choose another detector with --novelty, or let the "
            f"gate use novelty, see 'zslbench show gate {label}'"
        )
    if native and getattr(detector, "has_native_cut", False) is not True:
        raise InputError(
            f"gate {label!r} wants the detector's native cut with these parameters, and novelty "
            f"detector {ref.label!r} has none: choose another detector with --novelty, one with "
            f"other parameters ('zslbench show novelty {ref.label}'), or another cut"
        )


def _check_unseen_classifier(spec: RunSpec, registry: Registry) -> None:
    ref = spec.slots["unseen_classifier"]
    classifier = registry.create(ref)
    if getattr(classifier, "needs_images", False):
        raise InputError(
            f"classifier {ref.label!r} cannot be the unseen classifier: it learns from images of "
            "its candidate classes, and there are none of unseen classes; choose one that reads "
            "class vectors, see 'zslbench list classifier'"
        )
    if hasattr(classifier, "check"):
        with registry.calling(ref, "check"):
            classifier.check(validation=spec.validation)


def _check_distractors(spec: RunSpec, registry: Registry) -> None:
    ref = spec.slots["unseen_classifier"]
    candidates = getattr(registry.create(ref), "candidates", "unseen")
    joint = "gate" in spec.slots and registry.create(spec.slots["gate"]).joint
    if spec.distractors and not joint and not candidates.endswith("+distractors"):
        raise InputError(
            f"{len(spec.distractors)} distractors are named, and classifier {ref.label!r} has the "
            f"candidates {candidates!r}: --set unseen_classifier.candidates=unseen+distractors, or "
            "all+distractors, lets it choose them"
        )
