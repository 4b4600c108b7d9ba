"""The protocols of the components of a method, and what they exchange."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self

if TYPE_CHECKING:
    from zslbench.contracts.basics import (
        Bool,
        Candidates,
        Context,
        Curve,
        Float32,
        Floats,
        Int,
        Metric,
        Setting,
        UInt8,
    )
    from zslbench.contracts.classes import ClassTable
    from zslbench.contracts.data import ImageSource
    from zslbench.contracts.task import OpenTask


@dataclass(frozen=True)
class Pretraining:
    """What a backbone saw before: its weights' name, and the labels that they were trained on."""

    name: str
    labels: frozenset[str] | None  # WordNet synsets; None: an open vocabulary


class Backbone(Protocol):
    """Images to feature vectors (n, d). ``fit`` sees images without labels.

    Optional, for images of any size: ``prepare(image)`` → (H, W, 3) uint8 of an (h, w, 3) uint8
    image, H and W the same for all; called before ``fit`` and ``transform`` on each image of a part
    whose images differ in size, so it depends on the parameters alone. ``transform`` treats images
    that come in one size as ``prepare`` would, and prepared ones as they are: ``prepare`` leaves an
    (H, W, 3) image alone. Without it ``input_size: int`` states a side:
    images of any other size are resized, antialiased, to have it as their shorter side, and cut to
    the square in the middle. A backbone with neither reads only images of one size.

    Optional, for features that were computed elsewhere: ``given: bool`` (False where it is not
    stated), True for a backbone that never sees pixels. The harness then calls neither ``fit`` nor
    ``transform``, but ``rows(part, wanted, *, ids, context)`` → (n, d) float32, the features of the
    images at ``wanted`` (n,) int64 in the canonical order of ``part`` ("train" or "test");
    ``ids`` maps both parts to the ids (n_part, 32) uint8 of all their images in that order, so that
    a join by id and the length of a table in that order can be checked. Its ``fit_on`` is
    "nothing".

    Optional, for one that is made of another (``member_is_component``): ``fit_features(X,
    context=)`` on the standardised features X (n, d) of the seen training images, and
    ``transform_features(X)`` → (b, k) float32; the harness then gives it no images.
    ``standardise: bool`` (True where it is not stated) is False for features that are to be read as
    they are, since their scale has a meaning.

    One of a family whose member is a path (``member_is_path``), or that is registered with
    ``reads_files``, of whatever kind, has ``sources(places)`` as :class:`Embedder` has it: the
    files' contents are part of what a run is. ``depends_on``, where there is such an attribute,
    names distributions beyond numpy, scipy and torch whose version may change its numbers: kept
    features of another version do not answer.
    """

    fit_on: str  # "seen" | "train-unlabelled" | "nothing"
    pretraining: Pretraining | None
    variance_floor: float | None
    """ε of the pipeline's standardisation sqrt(var + ε); None: 0.01 × the mean variance."""

    def fit(self, images: ImageSource, *, context: Context) -> Self: ...
    def dim(self, image_shape: tuple[int, int, int]) -> int:
        """Length d of the feature vector of an (h, w, 3) image."""
        ...

    def transform(self, images: UInt8, *, context: Context) -> Float32:
        """(b, h, w, 3) uint8 → (b, d) float32; each image by itself, whatever its neighbours."""
        ...


class SemanticMapping(Protocol):
    """Image features into the class vectors' space (or both into a third)."""

    def fit(
        self,
        X: Float32,
        y: Int,
        S: Float32,
        *,
        validation: tuple[Float32, Int] | None = None,
        context: Context,
    ) -> Self:
        """Learn from features X (n, d) of rows y (n,) of the seen class vectors S (c_s, k).

        ``y`` counts rows of ``S``, not classes of the task.
        """
        ...

    def transform(self, X: Float32) -> Float32:
        """(n, d) → Z (n, m)."""
        ...

    def transform_classes(self, S: Float32) -> Float32:
        """(c, k) → prototypes (c, m); the identity where images are mapped to class vectors."""
        ...


@dataclass(frozen=True)
class View:
    """What a classifier or detector reads of some images: only the spaces that it asked for."""

    X: Float32 | None = None  # standardised features (n, d)
    Z: Float32 | None = None  # mapped features (n, m)
    logits: Floats | None = None  # the seen classifier's decision (n, c_s)
    prototypes: Float32 | None = None  # mapped class vectors (c, m), all classes of the task
    metric: Metric = "euclidean"


ViewInput = Literal["X", "Z", "logits", "prototypes"]


class Classifier(Protocol):
    """Images to scores over candidate classes; higher is likelier.

    Optional: ``needs_images: bool`` (False where it is not stated), True for a classifier that
    learns from images of every candidate class; it can never be the unseen classifier.
    ``candidates`` ("unseen" where it is not stated), what it chooses among as the unseen
    classifier; for the seen classifier the harness sets it, so there no user can.
    ``needs_held_out: bool`` (False where it is not stated; it may depend on the parameters), True
    for one that sets something on seen images that nothing was fitted on: its ``fit`` takes
    ``held_out: tuple[View, Int] | None`` too, the validation part in the spaces that it reads with
    labels (n_val,), None where no image is held out (``--validation 0``): an InputError says then
    what to do. As seen classifier it is not refitted on the validation part, so that its held-out
    images stay held out. And ``check(validation=…)`` as :class:`Gate` has it, asked before the run
    starts where it is the unseen classifier.
    """

    inputs: frozenset[ViewInput]

    def fit(
        self,
        view: View,
        y: Int,
        classes: ClassTable,
        *,
        candidates: Candidates,
        context: Context,
    ) -> Self:
        """Learn from ``view`` of labelled seen images; ``candidates`` fixes decision's columns."""
        ...

    def decision(self, view: View) -> Floats:
        """(n, c_v), columns in the order of ``classes.candidates(candidates)``."""
        ...


@dataclass(frozen=True)
class Fold:
    """Some seen classes play unseen: all that a detector reads, fitted without them.

    Standardisation, mapping and seen classifier are refitted on the other seen classes, which alone
    are in ``classes``; ``evaluation`` holds their held-out images and the images of the others.
    """

    train: View  # images of ``classes``
    y: Int  # (n,) labels into ``classes``
    classes: ClassTable
    evaluation: View
    is_pseudo_unseen: Bool  # (n_evaluation,)


class NoveltyDetector(Protocol):
    """Images to novelty: higher is more novel, always.

    Optional: ``p_unseen(view)`` → (n,) in [0, 1], a probability, for gates that need one; and
    ``has_native_cut: bool`` (False where it is not stated), True where novelty > 0 already means
    novel, so that a gate's cut may be 0. Either may depend on the parameters, not on fit.
    ``needs_folds: bool`` (False where it is not stated), True for one that learns from classes that
    play unseen: its ``fit`` takes ``folds: tuple[Fold, ...]`` too, as many as its attribute
    ``folds`` says (4 where it has none).
    """

    inputs: frozenset[ViewInput]

    def fit(self, view: View, y: Int, classes: ClassTable, *, context: Context) -> Self: ...
    def novelty(self, view: View) -> Floats:
        """(n,), finite; a detector that has a probability offers ``p_unseen(view)`` (n,) too."""
        ...


@dataclass(frozen=True)
class HeldOutSeen:
    """What a gate may set its cut on: seen images, held out and fitted."""

    novelty: Floats | None  # of the validation part (n_val,)
    train_novelty: Floats | None  # of the images that the detector was fitted on: optimistic
    p_unseen: Floats | None = None


@dataclass(frozen=True)
class Branch:
    """One classifier's opinion of every image: scores (n, c_v) over ``candidates`` (c_v,)."""

    scores: Floats
    candidates: Int


@dataclass(frozen=True)
class Prediction:
    """What is stored of every test image, before any metric."""

    known_label: Int  # (n,) the best label if the image is of a seen class
    novel_label: Int  # (n,) the best label if not: unseen, or any candidate of that classifier
    zsl_label: Int  # (n,) the best label among the unseen classes alone
    margin: Float32  # (n,) > 0: known_label is the answer; ≤ 0: novel_label. ±inf allowed, no NaN
    novelty: Float32 | None = None  # (n,)
    p_unseen: Float32 | None = None  # (n,)
    tied: float = 0.0  # share of images with a tie in the winning label


class Gate(Protocol):
    """Decides which branch answers; it alone holds the cut.

    Optional: ``check(validation=…)`` raises InputError for parameters that cannot work, before the
    run starts; ``validation`` is the share of seen training images that is held out (0: none).
    ``needs_native_cut: bool`` (False where it is not stated) is True where the gate, with these
    parameters, works only with a detector whose ``has_native_cut`` is True; ``needs`` may depend
    on the parameters too. An attribute ``cut_`` after fit is a cut on novelty, for the record.
    ``combine`` may raise InputError where the unseen classifier chooses among seen classes too.
    """

    needs: frozenset[Literal["novelty", "p_unseen"]]
    joint: bool  # the unseen classifier scores all classes, whatever its own candidates
    curve: Curve  # what its margin is: a gate's, or max seen − max unseen score ("stacking")

    def fit(self, heldout: HeldOutSeen) -> Self: ...
    def combine(
        self,
        known: Branch,
        novel: Branch,
        *,
        classes: ClassTable,
        novelty: Floats | None,
        p_unseen: Floats | None,
    ) -> Prediction: ...


class Method(Protocol):
    """A whole method that is not a recipe of gated slots.

    One whose input is "images" may have ``prepare`` or ``input_size``, as a backbone may.
    """

    slots: ClassVar[Mapping[str, str]]  # which of SLOTS it has: {"backbone": "backbone"} …
    input: ClassVar[Literal["features", "images"]]
    setting: ClassVar[Setting]
    curve: ClassVar[Curve]

    def fit(self, task: OpenTask, *, context: Context) -> Self: ...
    def predict(self, source: Any) -> Prediction:
        """Predict for an ImageSource, or for X (n, d), as ``input`` says."""
        ...
