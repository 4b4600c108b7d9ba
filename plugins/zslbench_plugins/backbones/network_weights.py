"""Weights from files, of which nothing is executed, and the labels that weights have seen."""

from __future__ import annotations

import hashlib
import pickle
import re
import warnings
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from zslbench.errors import DataError, InputError

StateDict = dict[str, torch.Tensor]

OPEN = "open"
SYNSETS = {
    "imagenet-1k": ("imagenet-1k",),
    "imagenet-12k": ("imagenet-12k",),
    # Releases of the whole of ImageNet differ by a few synsets: all of them.
    "imagenet-21k": ("imagenet-22k", "imagenet-22k-ms", "imagenet-21k-goog"),
}
"""Label set → the lists of WordNet 3.0 synsets in timm's metadata."""

TRAINED_ON = ("auto", *SYNSETS, OPEN)
BY_HAND = (
    "run with --set backbone.weights=FILE --set backbone.trained_on=LABELS (backbone.0.… where "
    f"it is another backbone's base); LABELS is one of {', '.join((*SYNSETS, OPEN))}"
)
"""How to use weights that a person has fetched."""
_NESTED = ("state_dict", "model")  # keys under which training scripts keep a state dict


@cache
def synsets_of(labels: str) -> frozenset[str]:
    """The synsets (``n02123045``) of a label set of :data:`SYNSETS`; InputError for another."""
    from timm.data.imagenet_info import ImageNetInfo

    if labels not in SYNSETS:
        raise InputError(f"trained_on={labels!r} must be one of {', '.join(TRAINED_ON)}")
    releases: list[Any] = [ImageNetInfo(name) for name in SYNSETS[labels]]
    return frozenset(synset for release in releases for synset in release.label_names())


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights that is there."""

    path: Path

    @property
    def name(self) -> str:
        """Base name."""
        return self.path.name

    def read(self) -> StateDict:
        """Return the state dict; DataError for a damaged file, or one that would run code."""
        try:
            if self.path.suffix == ".safetensors":
                return dict(load_file(self.path))
            with warnings.catch_warnings():
                # Of a pickle that torch did not write, it first warns, and then refuses it.
                warnings.simplefilter("ignore", UserWarning)
                state = torch.load(self.path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise DataError(
                f"weights {self.path} hold more than tensors, or are no weights: such a pickle "
                "may run code when it is loaded, and is refused; save the state dict alone, best "
                "as .safetensors"
            ) from error
        except (SafetensorError, OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
            raise DataError(
                f"weights {self.path} cannot be read ({type(error).__name__}): get the file "
                "again; safetensors and torch.save(state_dict) are read"
            ) from error
        return _state_dict(state, self.path)


def fetched_weights(url: str, owner: str, *, offline: bool) -> WeightsFile:
    """Return the file of ``url`` where torch.hub keeps it, fetched unless ``offline``.

    What its name says of its hash (``resnet18-f37072fd.pth``) is held against the file, fetched or
    found. Raises DataError where it is absent and cannot be had, or is another.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name
    told = re.search(r"-([a-f0-9]{8,})\.", path.name)
    if path.is_file():
        if told and not _sha256(path).startswith(told[1]):
            raise DataError(
                f"weights of {owner}: {path} is not the file that its name says, by its sha256: "
                f"move it away, and fetch {url} again"
            )
        return WeightsFile(path)
    try:
        if offline:
            raise OSError("offline nothing is fetched")
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(
            url, str(path), hash_prefix=told[1] if told else None, progress=False
        )
    except (OSError, RuntimeError, HTTPException) as error:  # RuntimeError: of another hash
        raise DataError(
            f"weights of {owner} are not here and cannot be fetched ({error}): on a machine with "
            f"network fetch {url}, and put it into {path.parent}, or put it anywhere here and "
            f"{BY_HAND}"
        ) from error
    return WeightsFile(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def weights_of(value: str, owner: str) -> WeightsFile:
    """Return the file ``value``; DataError where there is none."""
    path = Path(value).expanduser()
    if not path.is_file():
        raise DataError(
            f"{owner}: weights={value!r} is no file; write pretrained, none, or the path of a "
            ".safetensors file or a state dict"
        )
    return WeightsFile(path)


def _state_dict(state: object, path: Path) -> StateDict:
    for key in _NESTED:
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise DataError(f"weights {path} hold no state dict (name → tensor): save that alone")
    return dict(state)
