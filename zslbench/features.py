"""A backbone over images: an (n, d) float32 memory map, content-addressed and resumable."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.disk import DamagedFileWarning, refusals_named, require_space, write_json
from zslbench.enforce import check_features, check_floats, check_rowwise
from zslbench.errors import PluginError
from zslbench.hashes import hash_json
from zslbench.resize import PreparedImages

if TYPE_CHECKING:
    from zslbench.contracts import Backbone, Context, Float32, ImageSource, Int, UInt8
    from zslbench.contracts.data import MixedImageSource
    from zslbench.stages import Arrays, Stages

LONG = 32 * 256  # images: from here on the time expected is measured and said
BLOCK = 256  # images a step; always from the same start, so that a resumed run gives the same bits


@dataclass
class FittedBackbone:
    """A backbone after ``fit``, and the key of everything that its fit depended on."""

    backbone: Backbone
    key: Mapping[str, Any]
    label: str


def fit_backbone(
    backbone: Backbone,
    images: MixedImageSource,
    *,
    key: Mapping[str, Any],
    label: str,
    context: Context,
    stages: Stages,
) -> FittedBackbone:
    """Fit ``backbone`` on unlabelled ``images``, or restore what an earlier run learnt.

    Images are brought to one size as the backbone states: see ``zslbench.resize``. What is learnt
    is the object's attributes ending in ``_``: arrays and numbers, so that they can be kept without
    pickling. Others raise PluginError.
    """

    def compute(progress: Any) -> Arrays:
        from dataclasses import replace

        sized = PreparedImages(images, backbone, label)
        backbone.fit(sized, context=replace(context, progress=progress))
        return learnt(backbone, label)

    if backbone.fit_on != "nothing":
        note = f"learns from {len(images):,} images, without labels"
        for name, value in stages.arrays("backbone", key, compute, note).items():
            setattr(backbone, name, value if value.ndim else value.item())
    return FittedBackbone(backbone, key, label)


def extract(
    fitted: FittedBackbone,
    images: MixedImageSource,
    ids: UInt8,
    *,
    part: str,
    context: Context,
    stages: Stages,
) -> Float32:
    """Return the features of ``images`` (n, d) as a read-only memory map.

    Interrupted, the next call goes on after the last whole block. Raises EnvironmentFailure where
    the disk is too small or refuses, PluginError where the backbone breaks its contract, InputError
    where images differ in size and it states no rule for that.
    """
    sized = PreparedImages(images, fitted.backbone, fitted.label)
    content = hash_json([bytes(row).hex() for row in ids])
    identity = hash_json({"backbone": fitted.key, "images": content, "block": BLOCK})[:32]
    folder = stages.root / "features"
    path, note = folder / f"{identity}.f32", folder / f"{identity}.json"
    n, stage = len(images), f"features of {part} images"
    with refusals_named(path, "--cache-dir"), stages.guard(path, stage):
        shape = sized.take(np.zeros(1, np.int64)).shape[1:]
        d = fitted.backbone.dim((shape[0], shape[1], shape[2]))
        done = _blocks_done(note, path, n, d)
        if done >= n:
            path.touch()
            stages.monitor.cached(stage)
            return np.memmap(path, np.float32, "r", shape=(n, d))
        size = 4 * n * d
        require_space(folder, size - 4 * done * d, stage, "--cache-dir")
        note_text = f"{n:,} images × {d:,} features, {size / 1e6:,.0f} MB on disk"
        note_text += _expected(fitted, sized, done, context)
        with stages.monitor.stage(stage, note_text) as progress:
            _fill(fitted, sized, path, note, done=done, d=d, progress=progress, context=context)
        return np.memmap(path, np.float32, "r", shape=(n, d))


def is_given(backbone: Any) -> bool:
    """Whether its features were computed elsewhere: looked up by image, never from pixels."""
    return getattr(backbone, "given", False) is True


def look_up(
    backbone: Any,
    wanted: Int,
    *,
    ids: Mapping[str, UInt8],
    part: str,
    label: str,
    context: Context,
    stages: Stages,
) -> Float32:
    """Return the features (n, d) of the images ``wanted`` (n,) in the canonical order of ``part``.

    For a ``given`` backbone: it is asked by ``ids`` (n_part, 32) of both parts. Nothing is cached,
    since the features are in a file already. Raises PluginError where the backbone breaks its
    contract, and whatever it says of its file.
    """
    if backbone.fit_on != "nothing":
        raise PluginError(
            f"{label} broke its contract: fit_on is {backbone.fit_on!r}; expected 'nothing', since "
            "its features are given"
        )

    def ask(rows: slice) -> Any:
        return backbone.rows(part, wanted[rows], ids=ids, context=context)

    with stages.monitor.stage(f"features of {part} images", "computed elsewhere"):
        X: Float32 = ask(slice(None))
        check_floats(X, (len(wanted), None), f"{label}: rows")
        if X.dtype != np.float32:
            raise PluginError(f"{label}: rows broke its contract: got {X.dtype}, expected float32")
        check_rowwise(ask, X[:BLOCK], label)
    return X


def _fill(
    fitted: FittedBackbone,
    images: ImageSource,
    path: Path,
    note: Path,
    *,
    done: int,
    d: int,
    progress: Any,
    context: Context,
) -> None:
    n, start = len(images), done
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with path.open("r+b") as file:
        file.truncate(4 * done * d)
        file.seek(4 * done * d)
        for block in images.blocks(start=done, size=BLOCK):
            X = fitted.backbone.transform(block, context=context)
            check_features(X, len(block), d, fitted.label)
            if done == start:
                check_rowwise(
                    lambda rows, block=block: fitted.backbone.transform(  # type: ignore[misc]
                        block[rows], context=context
                    ),
                    X,
                    fitted.label,
                )
            file.write(np.ascontiguousarray(X).data)
            done += len(block)
            progress(done, n)
            if done % (16 * BLOCK) == 0 or done == n:
                file.flush()
                write_json(note, {"done": done, "n": n, "d": d})


def _expected(fitted: FittedBackbone, images: ImageSource, done: int, context: Context) -> str:
    """How long the rest will take, from a second block of images: the first one warms up."""
    left = len(images) - done
    if left < LONG:
        return ""
    block = next(images.blocks(start=done, size=BLOCK))
    fitted.backbone.transform(block, context=context)
    started = time.perf_counter()
    block = next(images.blocks(start=done, size=BLOCK))
    fitted.backbone.transform(block, context=context)
    seconds = (time.perf_counter() - started) * left / len(block)
    return f", about {seconds / 60:.1f} min" if seconds >= 60 else f", about {seconds:.0f} s"


def _blocks_done(note: Path, path: Path, n: int, d: int) -> int:
    """How many images are on disk for good; the note is written after the data.

    A damaged note is warned of (DamagedFileWarning), and nothing counts as done.
    """
    if not note.is_file() or not path.is_file():
        return 0
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        done = known["done"]
        if (known["n"], known["d"]) != (n, d) or not isinstance(done, int) or not 0 <= done <= n:
            raise ValueError(f"{known} is not about {n} images × {d} features")
    except (OSError, ValueError, KeyError, TypeError) as error:
        warnings.warn(
            f"note {note} is damaged ({error}): the features are computed again",
            DamagedFileWarning,
            stacklevel=3,
        )
        return 0
    whole = min(done, path.stat().st_size // (4 * d))
    return n if whole >= n else whole // BLOCK * BLOCK


def learnt(component: Any, label: str) -> dict[str, Any]:
    """The attributes ending in ``_``; PluginError for others than arrays and numbers."""
    arrays = {}
    for name, value in vars(component).items():
        if name.endswith("_") and not name.startswith("_"):
            if not isinstance(value, (np.ndarray, np.generic, int, float)):
                raise PluginError(
                    f"{label}: learnt attribute {name!r} is a {type(value).__name__}; what fit "
                    "learns must be arrays or numbers, so that it can be kept without pickling"
                )
            arrays[name] = np.asarray(value)
    return arrays
