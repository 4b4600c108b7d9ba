"""Any image classifier of torchvision as a backbone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import torchvision
from torch import nn
from torchvision.transforms import functional

from zslbench.contracts import Pretraining
from zslbench.errors import DataError, InputError
from zslbench_plugins.backbones.network import NetworkBackbone, Preparation
from zslbench_plugins.backbones.network_weights import fetched_weights, synsets_of

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from zslbench_plugins.backbones.network_weights import StateDict, WeightsFile

# As torchvision builds them for their weights; by default they would warn, or scale otherwise.
_BUILT = {
    "googlenet": {"transform_input": True, "aux_logits": True, "init_weights": False},
    "inception_v3": {"transform_input": True, "aux_logits": True, "init_weights": False},
}


class TorchvisionBackbone(NetworkBackbone):
    """``torchvision/NAME``: features before or after the last layer; ``vgg16`` gives 4,096.

    The transform is that of ``weights.transforms()`` of the network's default weights. With
    ``input_size`` the resize keeps its proportion to the crop. ``pre_logits`` is the input of the
    last linear layer (of a last convolution, where there is none: SqueezeNet's pooled maps).

    Reference: TorchVision maintainers, "TorchVision: PyTorch's Computer Vision library", 2016.
    """

    family: ClassVar[str] = "torchvision"

    def _weights(self) -> Any:
        """The member's default weights; InputError for a name that is no classifier's."""
        if self.member not in torchvision.models.list_models(module=torchvision.models):
            raise InputError(
                f"torchvision has no classifier {self.member!r}; see 'zslbench list backbone'"
            )
        return torchvision.models.get_model_weights(self.member).DEFAULT

    def _configured(self) -> Preparation:
        preset = self._weights().transforms()
        (crop,), (resize,) = preset.crop_size, preset.resize_size
        if self.input_size is not None:
            crop, resize = self.input_size, round(resize * self.input_size / crop)

        def resize_and_crop(image: Image.Image) -> Image.Image:
            how = {"interpolation": preset.interpolation, "antialias": preset.antialias}
            resized = functional.resize(image, [resize], **how)
            cropped: Image.Image = functional.center_crop(resized, [crop])
            return cropped

        return Preparation((crop, crop), resize_and_crop, tuple(preset.mean), tuple(preset.std))

    def _named_pretraining(self) -> Pretraining:
        name = self._weights().name
        # SWAG: hashtags of Instagram, then ImageNet-1k; the others are of ImageNet-1k alone.
        labels = None if "SWAG" in name else synsets_of("imagenet-1k")
        return Pretraining(f"{self.member} {name}", labels)

    def _built(self) -> nn.Module:
        self._weights()
        how = _BUILT.get(self.member, {})
        model: nn.Module = torchvision.models.get_model(self.member, weights=None, **how)
        return model

    def _random(self) -> nn.Module:
        model = self._built()
        if self.layer == "pre_logits":
            _cut_last_layer(model)
        return model

    def _weights_file(self, *, offline: bool) -> WeightsFile:
        return fetched_weights(self._weights().url, self.name, offline=offline)

    def _loaded(self, state: StateDict) -> nn.Module:
        model = self._built()
        try:
            model.load_state_dict(state)
        except RuntimeError as error:
            raise DataError(
                f"{self.name}: the weights are another network's, or have other shapes: "
                f"{str(error)[:300]}"
            ) from error
        if self.layer == "pre_logits":
            _cut_last_layer(model)
        return model

    def _features(self, module: nn.Module, x: Tensor) -> Tensor:
        result: Tensor = module(x)
        return result


def _cut_last_layer(model: nn.Module) -> None:
    """Put the identity in place of the last linear layer, or of the last convolution."""
    layers: dict[str, Any] = dict(model.named_modules())
    for kind in (nn.Linear, nn.Conv2d):
        names = [name for name, layer in layers.items() if isinstance(layer, kind)]
        if names:
            parent, _, child = names[-1].rpartition(".")
            setattr(layers[parent], child, nn.Identity())
            return
