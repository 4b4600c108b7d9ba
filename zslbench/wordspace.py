"""The space that classes and images share, flattened to a plane: no true label in it.

A run whose method maps images to class vectors keeps one as ``wordspace.json`` beside its record.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from zslbench.contracts import Metric, Role
from zslbench.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import Floats, Int

    Float64 = NDArray[np.float64]

FILE_NAME = "wordspace.json"
SAMPLE = 600  # images kept as points
DIGITS = 6  # of each stored number; a figure shows three

Point = tuple[float, float]
Label = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Cloud(_Part):
    """All mapped test images that got one label: where they lie and how they spread."""

    label: Label
    images: int = Field(ge=1)
    mean: Point
    covariance: tuple[float, float, float] = Field(description="xx, xy, yy; over images")


class WordSpace(_Part):
    """Class vectors and mapped test images on the two main axes of the class vectors."""

    names: tuple[str, ...]
    roles: tuple[Role, ...]
    metric: Metric = Field(description="cosine: rows were brought to norm 1 first")
    prototypes: tuple[Point, ...] = Field(description="a point a class, in the task's order")
    explained: Point = Field(description="share of the class vectors' variance on each axis")
    images: tuple[Point, ...] = Field(description="a seeded sample of mapped test images")
    labels: tuple[Label, ...] = Field(description="the final label that each of them got")
    clouds: tuple[Cloud, ...] = Field(description="over all test images, by final label")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        c = len(self.names)
        if not c == len(self.roles) == len(self.prototypes) or len(self.images) != len(self.labels):
            raise ValueError("names, roles and prototypes go together, and images with labels")
        if any(label >= c for label in (*self.labels, *(cloud.label for cloud in self.clouds))):
            raise ValueError(f"a label is not of the {c} classes")
        return self


def describe_wordspace(
    prototypes: Floats,
    Z_test: Floats,
    final_labels: Int,
    names: Sequence[str],
    roles: Sequence[Role],
    *,
    seed: int,
    metric: Metric = "euclidean",
) -> WordSpace:
    """Flatten prototypes (c, m) and mapped test images (n, m) with their final labels (n,).

    The axes are the first two principal components of the prototypes (SVD; the largest entry of
    each is positive), so what the plane shows of images is where they lie among the classes. With
    ``metric`` cosine all rows are brought to norm 1 first, since lengths do not count there.
    """
    S, Z = (_prepare(rows, metric) for rows in (prototypes, Z_test))
    centre = S.mean(axis=0)
    axes, explained = _find_axes(S - centre)
    points, images = (S - centre) @ axes.T, (Z - centre) @ axes.T
    rows = _draw_sample(len(images), seed)
    return WordSpace(
        names=tuple(names),
        roles=tuple(roles),
        metric=metric,
        prototypes=_as_points(points),
        explained=(_shorten(explained[0]), _shorten(explained[1])),
        images=_as_points(images[rows]),
        labels=tuple(np.asarray(final_labels)[rows].tolist()),
        clouds=tuple(
            _describe_cloud(int(label), images[final_labels == label])
            for label in np.unique(final_labels)
        ),
    )


def read_wordspace(path: Path) -> WordSpace | None:
    """Read a stored word space; None where there is none. Raises DataError for a damaged one."""
    if not path.is_file():
        return None
    try:
        return WordSpace.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise DataError(
            f"word space {path} is damaged ({reason}): run again with --force"
        ) from error


def _prepare(rows: Floats, metric: Metric) -> Float64:
    values = np.asarray(rows, dtype=np.float64)
    if metric == "euclidean":
        return values
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(norms > 0, norms, 1.0)


def _find_axes(centred: Float64) -> tuple[Float64, Float64]:
    """Two orthonormal axes (2, m) and the share of variance on each; zeros past the rank."""
    _, spread, rows = np.linalg.svd(centred, full_matrices=False)
    total = float(np.sum(spread**2))
    axes, shares = np.zeros((2, centred.shape[1])), np.zeros(2)
    for i in range(min(2, len(spread))):
        if spread[i] > 1e-12 * spread[0]:
            # An axis' sign is arbitrary: this one is the same wherever the code runs.
            axes[i] = rows[i] * np.sign(rows[i, np.argmax(np.abs(rows[i]))])
            shares[i] = spread[i] ** 2 / total
    return axes, shares


def _draw_sample(n: int, seed: int) -> Int:
    generator = np.random.Generator(np.random.PCG64(seed))
    return np.sort(generator.permutation(n)[:SAMPLE]).astype(np.int64)


def _describe_cloud(label: int, images: Float64) -> Cloud:
    x, y = images.mean(axis=0)
    (xx, xy), (_, yy) = np.cov(images.T, bias=True)
    return Cloud(
        label=label,
        images=len(images),
        mean=(_shorten(x), _shorten(y)),
        covariance=(_shorten(xx), _shorten(xy), _shorten(yy)),
    )


def _as_points(values: Float64) -> tuple[Point, ...]:
    return tuple((_shorten(x), _shorten(y)) for x, y in values)


def _shorten(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
