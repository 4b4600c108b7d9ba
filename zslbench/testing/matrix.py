"""Mappings, classifiers and novelty detectors: arrays in, arrays out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from zslbench.contracts import Candidates, ViewInput
from zslbench.enforce import check_floats
from zslbench.errors import InputError
from zslbench.fitting import needs_held_out
from zslbench.folds import needs_folds
from zslbench.testing import samples
from zslbench.testing.laws import Outputs, check_laws, untouched

if TYPE_CHECKING:
    from zslbench.contracts import Int
    from zslbench.testing.subject import Subject


def check_mapping(subject: Subject) -> None:
    """Z (n, m) of images and prototypes (c, m) of classes, in one space."""
    train, test, held_out = samples.training(), samples.testing(), samples.held_out()
    S = samples.class_vectors()

    def fit(mapping: Any, subject: Subject, read_only: bool) -> Any:
        X, y, own = train.X.copy(), np.searchsorted(_seen(), train.y), S[_seen()]
        validation = (held_out.X.copy(), np.searchsorted(_seen(), held_out.y))
        with untouched(subject, "fit", read_only, X=X, y=y, S=own, validation=validation):
            return mapping.fit(X, y, own, validation=validation, context=samples.CONTEXT)

    def transform(mapping: Any, rows: Int) -> Outputs:
        X = test.X[rows]
        with untouched(subject, "transform", False, X=X):
            Z = mapping.transform(X)
        check_floats(Z, (len(rows), None), f"{subject.what}: transform")
        return {"Z": Z}

    def transform_classes(mapping: Any, rows: Int) -> Outputs:
        own = S[rows]
        with untouched(subject, "transform_classes", False, S=own):
            prototypes = mapping.transform_classes(own)
        check_floats(prototypes, (len(rows), None), f"{subject.what}: transform_classes")
        return {"prototypes": prototypes}

    Z = check_laws(subject, fit, transform, len(test.y), "transform")["Z"]
    prototypes = check_laws(subject, fit, transform_classes, len(S), "transform_classes")
    width = prototypes["prototypes"].shape[1]
    subject.require(
        Z.shape[1] == width,
        f"transform gives {Z.shape[1]} dimensions and transform_classes {width}; images and "
        "classes meet in one space",
    )
    _check_fits_without_validation(subject, train.X, np.searchsorted(_seen(), train.y), S[_seen()])


def _check_fits_without_validation(subject: Subject, X: Any, y: Any, S: Any) -> None:
    with subject.calling("fit without a validation part"):
        try:
            subject.create().fit(X, y, S, validation=None, context=samples.CONTEXT)
        except InputError:  # it says that it needs one
            return


def check_classifier(subject: Subject) -> None:
    """A score for every image and candidate, for the kinds of candidates that it serves."""
    inputs = _inputs(subject)
    served = [c for c in get_args(Candidates) if _serves(subject, inputs, c)]
    subject.require(
        bool(served), "it refuses seen, unseen and all candidates; a classifier serves one at least"
    )
    for candidates in served:
        _check_candidates(subject, inputs, candidates)
    if needs_held_out(subject.create()):
        _check_fits_without_held_out(subject, inputs, served[0])


def _check_fits_without_held_out(
    subject: Subject, inputs: frozenset[ViewInput], candidates: Candidates
) -> None:
    train, table = samples.training(), samples.class_table()
    with subject.calling("fit without held-out images"):
        try:
            subject.create().fit(
                train.view(inputs),
                train.y,
                table,
                candidates=candidates,
                context=samples.CONTEXT,
                held_out=None,
            )
        except InputError:  # it says that it needs some
            return


def _held_out(classifier: Any, inputs: frozenset[ViewInput]) -> dict[str, Any]:
    """What its ``fit`` takes besides."""
    apart = samples.held_out()
    return {"held_out": (apart.view(inputs), apart.y.copy())} if needs_held_out(classifier) else {}


def _serves(subject: Subject, inputs: frozenset[ViewInput], candidates: Candidates) -> bool:
    train, table = samples.training(), samples.class_table()
    with subject.calling("fit"):
        classifier = subject.create()
        try:
            classifier.fit(
                train.view(inputs),
                train.y,
                table,
                candidates=candidates,
                context=samples.CONTEXT,
                **_held_out(classifier, inputs),
            )
        except InputError:  # it says that it cannot
            return False
    return True


def _check_candidates(
    subject: Subject, inputs: frozenset[ViewInput], candidates: Candidates
) -> None:
    train, test, table = samples.training(), samples.testing(), samples.class_table()
    columns = table.candidates(candidates)

    def fit(classifier: Any, subject: Subject, read_only: bool) -> Any:
        view, y, asked = train.view(inputs), train.y.copy(), _held_out(classifier, inputs)
        with untouched(subject, "fit", read_only, view=view, y=y, **asked):
            return classifier.fit(
                view, y, table, candidates=candidates, context=samples.CONTEXT, **asked
            )

    def decision(classifier: Any, rows: Int) -> Outputs:
        view = test.view(inputs, rows)
        with untouched(subject, "decision", False, view=view):
            scores = classifier.decision(view)
        what = f"{subject.what}: decision over {candidates} candidates"
        check_floats(scores, (len(rows), len(columns)), what)
        return {"scores": scores}

    scores = check_laws(subject, fit, decision, len(test.y), "decision")["scores"]
    if candidates == "all" and inputs == {"X"}:
        return  # it cannot know unseen classes from features alone
    _check_higher_is_likelier(subject, scores, test.y, columns)


def _check_higher_is_likelier(subject: Subject, scores: Any, y: Int, columns: Int) -> None:
    own = y[:, None] == columns
    mine = np.isin(y, columns)
    right, wrong = float(scores[own].mean()), float(scores[mine][~own[mine]].mean())
    subject.require(
        right > wrong,
        f"decision scores images' own classes {right:.3g} and others {wrong:.3g} on average; "
        "higher must be likelier",
    )


def check_novelty(subject: Subject) -> None:
    """One number an image, higher for images that are like nothing seen."""
    inputs = _inputs(subject)
    train, test, table = samples.training(), samples.testing(), samples.class_table()
    far = samples.far_away()
    asked = {"folds": samples.folds(inputs)} if needs_folds(subject.create()) else {}

    def fit(detector: Any, subject: Subject, read_only: bool) -> Any:
        view, y = train.view(inputs), train.y.copy()
        with untouched(subject, "fit", read_only, view=view, y=y):
            return detector.fit(view, y, table, context=samples.CONTEXT, **asked)

    def novelty(detector: Any, rows: Int) -> Outputs:
        view = test.view(inputs, rows)
        outputs = {}
        with untouched(subject, "novelty", False, view=view):
            outputs["novelty"] = detector.novelty(view)
            if hasattr(detector, "p_unseen"):
                outputs["p_unseen"] = detector.p_unseen(view)
        for name, values in outputs.items():
            check_floats(values, (len(rows),), f"{subject.what}: {name}")
        p = outputs.get("p_unseen", np.zeros(1))
        subject.require(bool((p >= 0).all() and (p <= 1).all()), "p_unseen lies outside 0 … 1")
        return outputs

    check_laws(subject, fit, novelty, len(test.y), "novelty")
    detector = subject.create()
    with subject.calling("novelty"):
        fit(detector, subject, False)
        known = float(np.mean(detector.novelty(train.view(inputs))))
        novel = float(np.mean(detector.novelty(far.view(inputs))))
    subject.require(
        novel > known,
        f"far-away images have novelty {novel:.3g} and training images {known:.3g} on average; "
        "higher must be more novel",
    )


def _inputs(subject: Subject) -> frozenset[ViewInput]:
    inputs = subject.create().inputs
    allowed = get_args(ViewInput)
    subject.require(
        isinstance(inputs, frozenset) and bool(inputs) and inputs <= set(allowed),
        f"inputs is {inputs!r}; expected a frozenset of some of {', '.join(allowed)}",
    )
    return frozenset(inputs)


def _seen() -> Int:
    return samples.class_table().seen
