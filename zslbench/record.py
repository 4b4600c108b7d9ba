"""The record of one run: one JSON that describes itself, with a versioned schema.

Nothing in it names a host, a user or a path; files stand by base name and content hash.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from zslbench.contracts import Curve
from zslbench.errors import DataError
from zslbench.score.table import CurveTable, Error, Fraction, Scores

SCHEMA_VERSION = 1  # Record.schema_version's only value


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ComponentRecord(_Part):
    """A component as it ran: every parameter with its value and where that came from."""

    kind: str
    name: str
    distribution: str
    version: str
    source: str = Field(description="sha256 of the component's source code")
    params: dict[str, Any]
    origins: dict[str, str] = Field(description="parameter → default | recipe | dataset | user")
    contents: list[list[str]] = Field(description="[base name, sha256] of the files it reads")
    fitted: dict[str, float] = Field(
        default_factory=dict, description="numbers that its fit left: loss, passes, a chosen ridge"
    )


class DatasetRecord(_Part):
    """The data set as it was read."""

    component: ComponentRecord
    fingerprint: str
    classes: list[str]
    train_images: int
    test_images: int
    skipped_images: int = Field(description="corrupt images left out on request")
    duplicates: dict[str, int] = Field(description="images whose exact pixels occur again")


class SplitRecord(_Part):
    """Which classes were unseen, and how many images each part had."""

    unseen: list[str]
    distractors: list[str] = Field(
        default_factory=list, description="words that no image is of, candidates all the same"
    )
    standard: bool = Field(description="is it the split that the data set's card names?")
    drawn_by: str | None = Field(
        default=None, description="the rule that drew the unseen classes by split_seed: random:10"
    )
    drawn: list[list[str]] = Field(
        default_factory=list, description="all sets of unseen classes that the rule drew"
    )
    validation: float
    split_seed: int
    fingerprint: str
    train: int
    held_out: int
    test_seen: int
    test_unseen: int


class EmbeddingRecord(_Part):
    """The class vectors that were used."""

    fingerprint: str
    metric: str
    dim: int
    resolved: dict[str, str] = Field(description="class → the words whose vectors were averaged")
    untrained: list[str]
    counts: dict[str, int] | None = Field(description="occurrences of each word in the corpus")


class StageRecord(_Part):
    """What a stage took; ``peak_bytes`` counts mapped file pages."""

    stage: str
    seconds: float
    peak_bytes: int
    cached: bool


class ErrorRecord(_Part):
    """Why a run failed."""

    kind: str
    message: str
    exit_code: int


class PartialScores(Scores):
    """Scores of predictions made elsewhere: what their file does not tell is null, never guessed.

    A class of its own, so that :class:`Scores` keeps its promise that every score of a run is
    there. Where nothing is absent, an external record holds :class:`Scores`, too.
    """

    T1: Fraction | None = Field(description="None: no zsl_label")  # type: ignore[assignment]
    T1_se: Error | None  # type: ignore[assignment]
    zsl_accuracy: Fraction | None = Field(description="None: no zsl_label")  # type: ignore[assignment]
    zsl_accuracy_se: Error | None  # type: ignore[assignment]
    known_accuracy: Fraction | None = Field(description="None: no known_label")  # type: ignore[assignment]
    known_accuracy_se: Error | None  # type: ignore[assignment]
    known_accuracy_per_class: Fraction | None = Field(description="None: no known_label")  # type: ignore[assignment]
    known_accuracy_per_class_se: Error | None  # type: ignore[assignment]
    seen_kept: Fraction | None = Field(description="None: no margin")  # type: ignore[assignment]
    seen_kept_se: Error | None  # type: ignore[assignment]
    unseen_caught: Fraction | None = Field(description="None: no margin")  # type: ignore[assignment]
    unseen_caught_se: Error | None  # type: ignore[assignment]
    curve_kind: Curve | None = Field(  # type: ignore[assignment]
        description="None: the file does not say what its margin is"
    )
    AUSUC: Fraction | None = Field(  # type: ignore[assignment]
        description="None: known_label, novel_label and margin are not all there"
    )
    h_oracle: Fraction | None = Field(description="None: as AUSUC")  # type: ignore[assignment]
    tied: Fraction | None = Field(description="None: no scores over all classes")  # type: ignore[assignment]
    curve: CurveTable | None = Field(description="None: as AUSUC")  # type: ignore[assignment]


class Record(_Part):
    """One run, or predictions made elsewhere and scored here (``external``)."""

    schema_version: Literal[1] = 1
    run_id: str
    status: Literal["finished", "failed"]
    error: ErrorRecord | None = None
    method: ComponentRecord
    slots: dict[str, ComponentRecord]
    reference: Literal["oracle", "supervised"] | None = None
    ranked: bool
    external: bool = Field(
        default=False,
        description="scored from a file of predictions made elsewhere: seed, threads and device "
        "are the scorer's, and what the method learnt from is not known",
    )
    sealed: bool = Field(
        default=True, description="did zslbench keep the test labels from the method?"
    )
    setting: str
    dataset: DatasetRecord
    split: SplitRecord
    embedding: EmbeddingRecord | None = None
    pretraining: str | None = Field(default=None, description="the backbone's weights, if any")
    overlap: dict[str, str] = Field(
        default_factory=dict, description="unseen class → overlap | none | unknown"
    )
    h_val: float | None = Field(default=None, description="H on pseudo-unseen and held-out seen")
    configurations: int = Field(default=1, description="how many were tried to choose this one")
    seed: int
    threads: int
    device: str
    pipeline: dict[str, Any]
    cut: float | None = Field(default=None, description="the gate's cut on novelty")
    versions: dict[str, str]
    git_revision: str | None
    machine: dict[str, Any]
    stages: list[StageRecord]
    scores: Scores | PartialScores | None = None

    @model_validator(mode="after")
    def _is_honest(self) -> Self:
        if self.external and (self.sealed or self.ranked):
            raise ValueError("an external record is neither sealed nor ranked")
        if isinstance(self.scores, PartialScores) and not self.external:
            raise ValueError("scores are absent, and only an external record may lack some")
        return self


def read_record(path: Path) -> Record:
    """Read a record; raise DataError where it is damaged or of a newer schema."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read record {path}: {error}; give a run's folder or id") from error
    try:
        return Record.model_validate_json(text)
    except ValidationError as error:
        # Bad scores are refused by both of their classes; the more lenient one says what is wrong.
        first = next(e for e in error.errors() if e["loc"][:2] != ("scores", Scores.__name__))
        where = ".".join(str(part) for part in first["loc"] if part != PartialScores.__name__)
        where = where or "its text"
        if where == "schema_version":
            raise DataError(
                f"record {path} has schema version {first['input']!r}; this zslbench reads version "
                f"{SCHEMA_VERSION}: update zslbench"
            ) from error
        raise DataError(
            f"record {path} is damaged at {where}: {first['msg']}; run it again with --force"
        ) from error


def schema() -> dict[str, Any]:
    """The JSON Schema of :class:`Record`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Record.model_json_schema(),
    }
