"""What backbones of pre-trained networks share: images prepared, features in batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import torch
from PIL import Image

from zslbench.contracts import Pretraining
from zslbench.errors import InputError
from zslbench_plugins.backbones.network_weights import OPEN, synsets_of, weights_of

if TYPE_CHECKING:
    from torch import Tensor, nn

    from zslbench.contracts import Context, Float32, ImageSource, Places, UInt8
    from zslbench_plugins.backbones.network_weights import StateDict, WeightsFile

PIXELS_A_BATCH = 16 * 224 * 224
"""Input pixels in one pass: VGG's widest layer then takes 0.2 GB."""


@dataclass(frozen=True)
class Preparation:
    """The transform that weights were made for, up to the scaling of pixels.

    ``resize_and_crop`` takes a PIL image of any size to one of ``size`` (height, width); then
    x = (pixel / 255 − mean) / std, a number a channel.
    """

    size: tuple[int, int]
    resize_and_crop: Callable[[Image.Image], Image.Image]
    mean: tuple[float, ...]
    std: tuple[float, ...]


class NetworkBackbone(ABC):
    """A network's activations, in inference mode; nothing is learnt.

    ``weights`` is ``pretrained`` (those that the library names for ``member``), ``none`` (random,
    from ``context.seed``) or a file: safetensors, or a state dict that torch.load reads with
    weights_only=True. ``input_size`` is the side in pixels, None the weights' own. ``layer``
    ``pre_logits`` is the input of the last layer, ``logits`` its output. ``trained_on`` says which
    labels the weights have seen; ``auto`` goes by their name, and a file's are then unknown.
    """

    fit_on: str = "nothing"
    depends_on: tuple[str, ...] = ("timm", "torchvision", "pillow")
    variance_floor: float | None = None
    family: ClassVar[str]
    _held: tuple[tuple[str, int | None], nn.Module] | None = None

    def __init__(
        self,
        member: str,
        weights: str = "pretrained",
        input_size: int | None = None,
        layer: str = "pre_logits",
        trained_on: str = "auto",
    ) -> None:
        self.member = member
        self.weights = weights
        self.input_size = input_size
        self.layer = layer
        self.trained_on = trained_on

    @property
    def name(self) -> str:
        """``family/member``, as messages name it."""
        return f"{self.family}/{self.member}"

    @property
    def pretraining(self) -> Pretraining | None:
        """The weights' name, and the labels that they saw; random weights saw none."""
        if self.weights == "none":
            return Pretraining("none (random weights)", frozenset())
        if self.weights == "pretrained":
            known = self._named_pretraining()
        else:
            known = Pretraining(weights_of(self.weights, self.name).name, None)
        if self.trained_on == "auto":
            return known
        if self.weights == "pretrained" and self.trained_on != OPEN:
            raise InputError(
                f"{self.name}: trained_on={self.trained_on} says what the weights of a file saw; "
                f"of the library's own ({known.name}) it is known: leave it at auto, or say open"
            )
        return Pretraining(
            known.name, None if self.trained_on == OPEN else synsets_of(self.trained_on)
        )

    def sources(self, places: Places) -> tuple[Path, ...]:
        """The file of the ``pretrained`` weights, fetched where it is absent, unless offline.

        None for random weights, or for a file that ``weights`` names. Raises DataError where the
        file cannot be had, saying what to fetch and where to put it.
        """
        _ = self.pretraining  # an input that cannot be is told now
        if self.weights != "pretrained":
            return ()
        return (self._weights_file(offline=places.offline).path,)

    def fit(self, images: ImageSource, *, context: Context) -> Self:
        """Learn nothing. Raises InputError for an unknown member or layer, or a size below 1."""
        if self.layer not in ("pre_logits", "logits"):
            raise InputError(f"{self.name}: layer={self.layer} must be pre_logits or logits")
        if self.input_size is not None and self.input_size < 1:
            raise InputError(f"{self.name}: input_size={self.input_size} must be at least 1")
        _ = self.preparation
        return self

    def dim(self, image_shape: tuple[int, int, int]) -> int:
        """Width d of the layer, whatever the images' shape.

        Raises InputError where the network cannot take images of ``input_size``, or has no such
        layer.
        """
        return self._width

    def prepare(self, image: UInt8) -> UInt8:
        """(h, w, 3) uint8 → (H, W, 3) uint8: resized and cropped as the weights' transform does.

        PIL resizes, with its antialiasing. An image that has the network's own (H, W) is returned
        as it is, so that preparing twice is preparing once; the weights' transform would enlarge
        such an image and crop its border.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise InputError(
                f"image of shape {image.shape} and type {image.dtype}: {self.name} reads "
                "(h, w, 3) uint8 RGB; convert it first"
            )
        if image.shape[:2] == self.preparation.size:
            return image
        picture = Image.fromarray(np.ascontiguousarray(image))
        return np.array(self.preparation.resize_and_crop(picture))

    def transform(self, images: UInt8, *, context: Context) -> Float32:
        """(b, h, w, 3) uint8 of any size, each prepared → (b, d) float32.

        Each image goes through PIL by itself: torch's batched resize of uint8 is no faster here,
        and on bicubic edges it is up to 27 of 255 levels off PIL, which the weights were made
        with. Raises DataError where the weights are absent, damaged or another network's.
        """
        if images.ndim != 4:
            raise InputError(
                f"images of shape {images.shape}: {self.name} reads (b, h, w, 3) uint8 RGB"
            )
        torch.set_num_threads(context.threads)
        module = self._network(context)
        height, width = self.preparation.size
        out = np.empty((len(images), self._width), np.float32)
        step = max(1, PIXELS_A_BATCH // (height * width))
        for first in range(0, len(images), step):
            chunk = images[first : first + step]
            prepared = np.empty((len(chunk), height, width, 3), np.uint8)
            for target, image in zip(prepared, chunk, strict=True):
                target[:] = self.prepare(image)
            with torch.inference_mode():
                x = self._scaled(torch.from_numpy(prepared).to(context.device))
                out[first : first + step] = self._features(module, x).float().cpu().numpy()
        return out

    def _scaled(self, images: Tensor) -> Tensor:
        """(b, H, W, 3) uint8 → normalised (b, 3, H, W) float32, channels last in memory."""
        std = torch.tensor(self.preparation.std, device=images.device)
        mean = torch.tensor(self.preparation.mean, device=images.device)
        return images.float().mul_(1 / (255 * std)).sub_(mean / std).permute(0, 3, 1, 2)

    def _network(self, context: Context) -> nn.Module:
        """The network with its weights on the device; kept until seed or device is another."""
        key = (context.device, context.seed if self.weights == "none" else None)
        if self._held is None or self._held[0] != key:
            with _seeded(context.seed):
                if self.weights == "none":
                    module = self._random()
                elif self.weights == "pretrained":
                    state = self._weights_file(offline=False).read()
                    module = self._loaded(self._under_own_names(state))
                else:
                    module = self._loaded(weights_of(self.weights, self.name).read())
            module = module.eval().to(memory_format=torch.channels_last)
            self._held = (key, module.to(context.device))
        return self._held[1]

    @cached_property
    def preparation(self) -> Preparation:
        """The transform of the weights' own configuration, or of ``input_size``; InputError."""
        return self._configured()

    @cached_property
    def _width(self) -> int:
        if self._held is not None:
            return self._shape_of(self._held[1], self._held[0][0])
        with _seeded(0):
            try:  # without memory for the weights, and in no time
                with torch.device("meta"):
                    module = self._random().eval()
                return self._shape_of(module, "meta")
            except InputError:
                raise
            except Exception:  # some networks compute numbers as they are built: with memory, then
                return self._shape_of(self._random().eval(), "cpu")

    def _shape_of(self, module: nn.Module, device: str) -> int:
        height, width = self.preparation.size
        try:
            with torch.inference_mode():
                shape = self._features(
                    module, torch.zeros(1, 3, height, width, device=device)
                ).shape
        except InputError:
            raise
        except Exception as error:  # whatever a network says of a size that it cannot take
            if device == "meta":
                raise
            raise InputError(
                f"{self.name} cannot take images of {height} × {width} pixels (input_size="
                f"{self.input_size}): {str(error).splitlines()[0] if str(error) else error!r}; "
                "leave input_size out, or choose a larger one"
            ) from error
        if len(shape) != 2:
            raise InputError(
                f"{self.name}: layer={self.layer} has shape {tuple(shape)}; a backbone needs one "
                "vector an image: choose the other layer, or another network"
            )
        return int(shape[1])

    @abstractmethod
    def _configured(self) -> Preparation:
        """The transform of the weights that the library names for the member."""

    @abstractmethod
    def _named_pretraining(self) -> Pretraining:
        """What the library says of those weights."""

    @abstractmethod
    def _random(self) -> nn.Module:
        """The network with random weights from torch's stream."""

    @abstractmethod
    def _weights_file(self, *, offline: bool) -> WeightsFile:
        """The weights that the library names, fetched where absent; DataError out of reach."""

    def _under_own_names(self, state: StateDict) -> StateDict:
        """The tensors of those weights, as the network calls them."""
        return state

    @abstractmethod
    def _loaded(self, state: StateDict) -> nn.Module:
        """The network with the weights ``state``; DataError where they are another network's."""

    @abstractmethod
    def _features(self, module: nn.Module, x: Tensor) -> Tensor:
        """Activations (b, d) of normalised images x (b, 3, H, W)."""


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Networks draw their first weights from torch's own stream: seeded here, restored after."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
