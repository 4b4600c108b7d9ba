"""Features computed elsewhere: looked up in the user's file, by image id or by canonical order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from zslbench.contracts import Pretraining
from zslbench.enforce import INVARIANCE_TOLERANCE
from zslbench.errors import DataError, InputError
from zslbench_plugins.backbones.feature_readers import WHOLE, FeatureFile, files_of, read_features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import Context, Float32, ImageSource, Int, Places, UInt8

ORDERS = ("id", "canonical")
UNLABELLED = ("none", "unknown", "open")
FEW = 3  # examples in an error message
BLOCK = 4096  # rows checked at a time


class FeatureFileBackbone:
    """The features in the file ``member``: .npz, .npy with an index, .parquet or .mat.

    ``order`` "id": each row has an image's id, and rows that no image asks for are left alone.
    "canonical": the rows are all images in canonical order, as 'zslbench data ids' lists them,
    training part then test part; ids beside them are checked. ``trained_on`` says which labels the
    network saw that made the features, ``name`` what it is called in records (None: the file's base
    name). Nothing is learnt here, and nothing is computed: pixels are never read.
    """

    given: ClassVar[bool] = True
    fit_on: str = "nothing"
    variance_floor: float | None = None

    def __init__(
        self,
        member: str,
        order: str = "id",
        trained_on: str = "unknown",
        name: str | None = None,
    ) -> None:
        self.member = member
        self.order = order
        self.trained_on = trained_on
        self.name = name

    @property
    def path(self) -> Path:
        """Of the file."""
        return Path(self.member).expanduser()

    @property
    def pretraining(self) -> Pretraining | None:
        """The name, and the labels that were seen: none; unknown as of an open vocabulary."""
        name = self.name or self.path.name
        if self.trained_on in UNLABELLED:
            return Pretraining(name, frozenset() if self.trained_on == "none" else None)
        # Brings torch with it, which those above can do without.
        from zslbench_plugins.backbones.network_weights import synsets_of

        return Pretraining(name, synsets_of(self.trained_on))

    def sources(self, places: Places) -> tuple[Path, ...]:
        """The file, and the index beside an npy; DataError where the file is absent."""
        return files_of(self.path)

    def fit(self, images: ImageSource, *, context: Context) -> Self:
        """Learn nothing."""
        return self

    def dim(self, image_shape: tuple[int, int, int]) -> int:
        """Number of columns d, whatever the images' shape."""
        return int(next(iter(self._file.arrays.values())).shape[1])

    def transform(self, images: UInt8, *, context: Context) -> Float32:
        """Raise InputError: features of other images than the file's cannot be had."""
        raise InputError(
            f"features {self.path.name!r} were computed elsewhere: they are looked up by 'rows', "
            "and cannot be computed from pixels; choose another --backbone for that"
        )

    def rows(
        self, part: str, wanted: Int, *, ids: Mapping[str, UInt8], context: Context
    ) -> Float32:
        """Features (n, d) of images ``wanted`` (n,) of ``part``, by the ``ids`` of both parts.

        Of an image that occurs twice, one row serves both. Raises InputError where ids are missing,
        double with features further apart than rounding, or out of order, and where lengths differ;
        DataError for NaN and infinite values.
        """
        if self.order not in ORDERS:
            raise InputError(f"order={self.order!r} must be one of {', '.join(ORDERS)}")
        if self.order == "id":
            array, at = self._by_id(part, wanted, ids[part])
        else:
            array, at = self._by_position(part, wanted, ids)
        return self._finite(array, at)

    @cached_property
    def _file(self) -> FeatureFile:
        return read_features(self.path)

    def _by_id(self, part: str, wanted: Int, ids: UInt8) -> tuple[NDArray[Any], Int]:
        keys, order = self._index
        asked = _keys(ids[wanted])
        place = np.minimum(np.searchsorted(keys, asked), max(len(keys) - 1, 0))
        missing = keys[place] != asked if len(keys) else np.ones(len(asked), bool)
        if missing.any():
            raise InputError(
                f"features {self.path.name!r} lack {_listed(ids[wanted[missing]])} of the "
                f"{len(wanted):,} {part} images that are needed; they have {len(keys):,} rows: "
                f"compute features of every id that 'zslbench data ids --part {part}' lists"
            )
        return self._file.arrays[WHOLE], order[place]

    @cached_property
    def _index(self) -> tuple[NDArray[np.bytes_], Int]:
        """The ids sorted, and the row of each; the first row of an id stands first."""
        file = self._file
        if file.ids is None:
            raise InputError(
                f"features {self.path.name!r} do not say which images they are of: add the ids "
                "(npz and mat: 'ids', parquet: a column 'id', npy: NAME.ids.txt beside it, a line "
                "a row), or, if they are in canonical order, --set backbone.order=canonical"
            )
        keys = _keys(file.ids)
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        first = np.searchsorted(keys, keys)  # of each id
        double = np.flatnonzero(first != np.arange(len(keys)))
        apart = _apart(file.arrays[WHOLE], order[first[double]], order[double])
        if apart.any():
            raise InputError(
                f"features {self.path.name!r} have several rows with different features for "
                f"{_listed(file.ids[order[double[apart]]])} ids: leave one row of each"
            )
        return keys, order

    def _by_position(
        self, part: str, wanted: Int, ids: Mapping[str, UInt8]
    ) -> tuple[NDArray[Any], Int]:
        arrays = self._file.arrays
        counts = {name: len(ids[name]) for name in ("train", "test")}
        expected = {WHOLE: sum(counts.values())} if WHOLE in arrays else counts
        for name, count in expected.items():
            if len(arrays[name]) != count:
                raise InputError(
                    f"features {self.path.name!r}: {name!r} has {len(arrays[name]):,} rows; in "
                    f"canonical order there are {count:,}, one for each image ({counts['train']:,} "
                    f"training and {counts['test']:,} test images): add what is missing, or give "
                    "the ids and set order=id"
                )
        if WHOLE not in arrays:
            return arrays[part], wanted
        if self._file.ids is not None:
            self._check_order(self._file.ids, np.concatenate([ids["train"], ids["test"]]))
        return arrays[WHOLE], wanted + (counts["train"] if part == "test" else 0)

    def _check_order(self, own: UInt8, canonical: UInt8) -> None:
        other = np.flatnonzero((own != canonical).any(axis=1))
        if len(other):
            raise InputError(
                f"features {self.path.name!r} are not in canonical order: {len(other):,} ids "
                f"differ, in row {other[0]} {_short(own[other[0]])} stands for "
                f"{_short(canonical[other[0]])}; set order=id to join by id"
            )

    def _finite(self, array: NDArray[Any], at: Int) -> Float32:
        """``array[at]`` as float32; without a copy where that is possible."""
        whole = len(at) > 0 and np.array_equal(at, np.arange(at[0], at[0] + len(at)))
        with np.errstate(over="ignore"):
            rows = array[at[0] : at[0] + len(at)] if whole else array[at]
            X: Float32 = np.asarray(rows, np.float32)
        for start in range(0, len(X), BLOCK):
            bad = np.flatnonzero(~np.isfinite(X[start : start + BLOCK]).all(axis=1))
            if len(bad):
                raise DataError(
                    f"features {self.path.name!r}: row {at[start + bad[0]]} holds NaN or infinity "
                    "(as float32); expected finite numbers: compute it again"
                )
        return X


def _keys(ids: UInt8) -> NDArray[np.bytes_]:
    """Ids (n, 32) as sortable texts (n,); zeros at the end are padding to numpy, and stay equal."""
    return np.ascontiguousarray(ids).view("S32").ravel()


def _apart(features: NDArray[Any], first: Int, second: Int) -> NDArray[np.bool_]:
    """Whether rows differ by more than the rounding of one image in two batches (n,)."""
    apart = np.zeros(len(first), bool)
    for start in range(0, len(first), BLOCK):
        rows = slice(start, start + BLOCK)
        a, b = (features[at[rows]].astype(np.float64) for at in (first, second))
        scale = np.sqrt(np.mean(np.square(a), axis=1))
        apart[rows] = np.abs(a - b).max(axis=1) > INVARIANCE_TOLERANCE * scale
    return apart


def _listed(ids: Sequence[UInt8] | UInt8) -> str:
    """``5 (1a2b…, 3c4d…, …)``: how many, and the first few."""
    few = ", ".join(_short(row) for row in ids[:FEW])
    return f"{len(ids):,} ({few}{', …' if len(ids) > FEW else ''})"


def _short(row: UInt8) -> str:
    return f"{bytes(row).hex()[:16]}…"
