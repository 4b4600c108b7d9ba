"""The backbones of pre-trained networks, as they are registered."""

from zslbench.specs import ComponentSpec, Param

PARAMS = (
    Param(
        "weights", "path", "pretrained",
        "the library's own (from a hub), none (random, from the seed), or a file: safetensors or "
        "a state dict",
        choices=("pretrained", "none"),
    ),
    Param(
        "input_size", "int", None, "side of the network's input in pixels; none: as its weights'",
        minimum=1, optional=True,
    ),
    Param(
        "layer", "str", "pre_logits", "the input of the last layer, or its output",
        choices=("pre_logits", "logits"),
    ),
    Param(
        "trained_on", "str", "auto",
        "labels that the weights saw; auto: by their name, a file's are unknown",
        choices=("auto", "imagenet-1k", "imagenet-12k", "imagenet-21k", "open"),
    ),
)  # fmt: skip

TIMM = ComponentSpec(
    kind="backbone",
    name="timm/*",
    target="zslbench_plugins.backbones.timm_model:TimmBackbone",
    summary="Any network of timm, with its weights' own transform",
    reference="Wightman, PyTorch Image Models, 2019",
    params=PARAMS,
    members="zslbench_plugins.backbones:timm.json",
    reads_files=True,
)

TORCHVISION = ComponentSpec(
    kind="backbone",
    name="torchvision/*",
    target="zslbench_plugins.backbones.torchvision_model:TorchvisionBackbone",
    summary="Any image classifier of torchvision, with its weights' own transform",
    reference="TorchVision maintainers, 2016",
    params=PARAMS,
    members="zslbench_plugins.backbones:torchvision.json",
    reads_files=True,
)

SPECS = (TIMM, TORCHVISION)
