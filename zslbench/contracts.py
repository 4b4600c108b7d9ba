"""The contracts between the harness and its components, and the types that they exchange.

Letters, here and everywhere: ``n`` images, ``d`` feature dimensions, ``k`` semantic dimensions,
``m`` dimensions of the common space (of a mapping's output), ``c`` classes, ``c_s`` seen classes,
``c_v`` candidate classes. ``X`` (n, d) features, ``S`` (c, k) class vectors, ``Z`` (n, m) mapped
features, ``y`` (n,) labels: indices into :class:`ClassTable`.

Components follow scikit-learn's conventions: ``__init__`` only stores its parameters under their
own names; ``fit`` validates, learns and returns ``self``; what is learnt ends in ``_``; nothing is
learnt in ``transform``, and no input is changed. A learnt attribute that is an array or a number is
kept in the cache (a backbone's dictionary, say); nothing is ever pickled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Float32 = NDArray[np.float32]
    Floats = NDArray[np.floating[Any]]
    Int = NDArray[np.int64]
    Bool = NDArray[np.bool_]
    UInt8 = NDArray[np.uint8]

Role = Literal["seen", "unseen"]
Candidates = Literal["seen", "unseen", "all"]
Metric = Literal["euclidean", "cosine"]
Setting = Literal["inductive", "train-unlabelled", "class-transductive", "instance-transductive"]
Curve = Literal["gate", "stacking"]
Progress = Callable[[int, int], None]  # (done, total)


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Context:
    """What a component may use while it works, besides its parameters."""

    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    progress: Progress = no_progress


@dataclass(frozen=True)
class Places:
    """Where files are, for the components that read some: data sets and embeddings."""

    data_dir: Path
    cache_dir: Path
    offline: bool = False
    skip_corrupt: bool = False
    progress: Progress = no_progress


# ---------------------------------------------------------------------------------------- images


class ImageSource(Protocol):
    """Images without labels, paths or class order."""

    def __len__(self) -> int: ...

    def blocks(self, start: int = 0, size: int = 256) -> Iterator[UInt8]:
        """Yield (b, h, w, 3) uint8 RGB blocks of at most ``size`` images from ``start`` on."""
        ...

    def take(self, rows: Int) -> UInt8:
        """Return the images at ``rows`` as (len(rows), h, w, 3) uint8 RGB."""
        ...


@dataclass(frozen=True)
class ImageBlock:
    """Some images as a data set reads them: (b, h, w, 3) uint8 RGB, labels into its class names."""

    images: UInt8
    labels: Int
    skipped: int = 0  # corrupt images left out, on request, since the last block


@dataclass(frozen=True)
class RawDataset:
    """A data set as read: the names of its classes, and each part as a stream of blocks."""

    class_names: tuple[str, ...]
    train: Callable[[], Iterator[ImageBlock]]
    test: Callable[[], Iterator[ImageBlock]]


@dataclass(frozen=True)
class RemoteFile:
    """A file at an official address; ``name`` is where it belongs under the data directory."""

    url: str
    name: str
    sha256: str
    size: int  # bytes


@dataclass(frozen=True)
class DatasetCard:
    """What one should know of a data set before using it."""

    title: str
    summary: str
    classes: tuple[str, ...]
    unseen: tuple[str, ...]  # the standard split
    train_images: int
    test_images: int
    image_size: str
    licence: str
    homepage: str
    citation: str
    embedding: str  # the default class embedding, a component's name
    files: tuple[RemoteFile, ...] = ()
    layouts: tuple[str, ...] = ()  # where files are looked for under the data directory
    recommended: Mapping[str, Any] = field(default_factory=dict)
    """Settings that belong to this data: ``slot/component.param`` → value, as in
    ``backbone/coates2011.bases``; they hold where that component fills that slot."""
    notes: tuple[str, ...] = ()


class Dataset(Protocol):
    """Images with labels, in a training and a test part, and a standard seen / unseen split."""

    card: ClassVar[DatasetCard]

    def sources(self, places: Places) -> tuple[Path, ...]:
        """The files that :meth:`load` will read; empty where nothing is read (drawn images).

        Raises :class:`~zslbench.errors.DataError` where they are absent, saying what to fetch,
        from where, with which checksum, and where to put it.
        """
        ...

    def fetch(self, places: Places) -> tuple[Path, ...]:
        """Download what is absent, verify it, and return :meth:`sources`."""
        ...

    def load(self, places: Places) -> RawDataset:
        """Open the data set. A damaged file or image is a DataError that names it."""
        ...

    def sentences(self) -> Iterable[str] | None:
        """A corpus of sentences about the classes, where the data set has one."""
        ...


# --------------------------------------------------------------------------------------- classes


@dataclass(frozen=True)
class WordVectors:
    """What an embedding knows of the words it was asked for."""

    vectors: Mapping[str, Floats]  # word or phrase → (k,)
    untrained: frozenset[str] = frozenset()  # known, but with a vector that was never trained
    counts: Mapping[str, int] | None = None  # occurrences in the corpus it was learnt from


class Embedder(Protocol):
    """The class embedding's plugin: a source of vectors for words and phrases."""

    metric: Metric
    space: str | None  # a named image–text space; None for a space of words alone
    aliases: Mapping[str, str]  # class name → the word that stands for it

    def sources(self, places: Places) -> tuple[Path, ...]:
        """The files that :meth:`vectors` will read (fetched where absent and allowed)."""
        ...

    def vectors(
        self,
        words: Sequence[str],
        *,
        sentences: Iterable[str] | None,
        places: Places,
        context: Context,
    ) -> WordVectors:
        """Vectors of those of ``words`` that are known; ``sentences`` is the data set's corpus."""
        ...


@dataclass(frozen=True)
class Embedding:
    """Class vectors as resolved by the harness, one row a class in the order of ClassTable."""

    values: Float32  # (c, k)
    metric: Metric
    space: str | None
    resolved: Mapping[str, str]  # class name → the words whose vectors were averaged
    untrained: tuple[str, ...] = ()
    counts: Mapping[str, int] | None = None


@dataclass(frozen=True)
class ClassTable:
    """The classes of a task in canonical (sorted) order, what each is, and what stands for it."""

    names: tuple[str, ...]
    roles: tuple[Role, ...]
    embedding: Embedding | None = None

    @cached_property
    def seen(self) -> Int:
        """Indices of the seen classes, ascending (c_s,)."""
        return self._where("seen")

    @cached_property
    def unseen(self) -> Int:
        """Indices of the unseen classes, ascending (c_u,)."""
        return self._where("unseen")

    def candidates(self, which: Candidates) -> Int:
        """Indices of the candidate classes, ascending (c_v,)."""
        import numpy as np

        if which == "all":
            return np.arange(len(self.names), dtype=np.int64)
        return self.seen if which == "seen" else self.unseen

    def _where(self, role: Role) -> Int:
        import numpy as np

        return np.flatnonzero(np.array([r == role for r in self.roles])).astype(np.int64)


# ------------------------------------------------------------------------------------------ task


@dataclass(frozen=True)
class SeenData:
    """Labelled images (or features) of seen classes, the validation part apart."""

    train: Any  # ImageSource, or X (n, d) for a method whose input is "features"
    train_labels: Int
    validation: Any
    validation_labels: Int


@dataclass(frozen=True)
class OpenTask:
    """All that a method ever gets: test images come without labels, paths or order."""

    seen: SeenData
    classes: ClassTable
    test: Any  # ImageSource, or X (n, d)
    unlabelled: ImageSource | None = None  # every training image, for setting "train-unlabelled"


@dataclass(frozen=True)
class TestLabels:
    """The sealed labels of the test images; only the scorer receives them."""

    __test__: ClassVar[bool] = False  # not a test class, whatever its name makes pytest think

    y: Int
    is_unseen: Bool


# ------------------------------------------------------------------------------------ components


@dataclass(frozen=True)
class Pretraining:
    """What a backbone saw before: its weights' name, and the labels that they were trained on."""

    name: str
    labels: frozenset[str] | None  # WordNet synsets; None: an open vocabulary


class Backbone(Protocol):
    """Images to feature vectors (n, d). ``fit`` sees images without labels."""

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


class NoveltyDetector(Protocol):
    """Images to novelty: higher is more novel, always.

    Optional: ``p_unseen(view)`` → (n,) in [0, 1], a probability, for gates that need one; and
    ``has_native_cut: bool`` (False where it is not stated), True where novelty > 0 already means
    novel, so that a gate's cut may be 0. Either may depend on the parameters, not on fit.
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
    """A whole method that is not a recipe of gated slots."""

    slots: ClassVar[Mapping[str, str]]  # which of SLOTS it has: {"backbone": "backbone"} …
    input: ClassVar[Literal["features", "images"]]
    setting: ClassVar[Setting]
    curve: ClassVar[Curve]

    def fit(self, task: OpenTask, *, context: Context) -> Self: ...
    def predict(self, source: Any) -> Prediction:
        """Predict for an ImageSource, or for X (n, d), as ``input`` says."""
        ...
