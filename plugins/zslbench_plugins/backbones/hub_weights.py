"""A network's weights on the hub of Hugging Face: from its cache, or fetched."""

from __future__ import annotations

import socket
import urllib.request
from pathlib import Path
from urllib.parse import urlparse

import huggingface_hub
from huggingface_hub.errors import EntryNotFoundError

from zslbench.errors import DataError
from zslbench_plugins.backbones.network_weights import BY_HAND, WeightsFile

NAMES = ("model.safetensors", "pytorch_model.bin")
"""Of a repository's file of weights, the better first."""


def hub_weights(repository: str, owner: str, *, offline: bool) -> WeightsFile:
    """Return the weights of ``repository`` (``timm/resnet18.a1_in1k``, maybe ``@revision``).

    Raises DataError where they are in no cache and cannot be fetched.
    """
    repo, _, revision = repository.partition("@")
    for name in NAMES:
        found = huggingface_hub.try_to_load_from_cache(repo, name, revision=revision or None)
        if isinstance(found, str):
            return WeightsFile(Path(found))
    if offline:
        raise _absent(repository, owner, "offline nothing is fetched")
    if not _can_be_asked():
        raise _absent(repository, owner, "no network")
    for name in NAMES:
        try:
            path = huggingface_hub.hf_hub_download(repo, name, revision=revision or None)
        except EntryNotFoundError:
            continue
        except Exception as error:  # whatever the hub's client raises: of httpx, urllib, ssl
            raise _absent(repository, owner, type(error).__name__) from error
        return WeightsFile(Path(path))
    raise _absent(repository, owner, f"it has none of {', '.join(NAMES)}")


def _can_be_asked() -> bool:
    """Whether the hub has an address here; its client would ask for a minute to find out."""
    if huggingface_hub.constants.HF_HUB_OFFLINE:
        return False
    if urllib.request.getproxies():
        return True
    try:
        socket.getaddrinfo(urlparse(huggingface_hub.constants.ENDPOINT).hostname, 443)
    except OSError:
        return False
    return True


def _absent(repository: str, owner: str, why: str) -> DataError:
    return DataError(
        f"weights of {owner} are not here, and cannot be had from the hub ({why}): on a machine "
        f"with network fetch {NAMES[0]} of {repository}, put it anywhere here, and {BY_HAND}"
    )
