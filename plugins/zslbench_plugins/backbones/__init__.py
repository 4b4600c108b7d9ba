"""Bundled backbones: images to features."""

from zslbench.hookspecs import Register, hookimpl
from zslbench.specs import ComponentSpec, Param
from zslbench_plugins.backbones import declared_features, declared_networks

ZSLBENCH_API = 1


@hookimpl
def register_backbones(register: Register) -> None:
    """Offer the bundled backbones."""
    register(COATES)
    register(PIXELS)
    for spec in declared_networks.SPECS + declared_features.SPECS:
        register(spec)


INPUT_SIZE = Param(
    "input_size",
    "int",
    32,
    "side in pixels that images of another size are resized and cropped to",
    minimum=1,
)

COATES = ComponentSpec(
    kind="backbone",
    name="coates2011",
    target="zslbench_plugins.backbones.coates2011:CoatesBackbone",
    summary="One convolutional layer learnt without labels: whitened patches, OMP-1, sum pooling",
    reference="Coates & Ng, ICML 2011; Socher et al. 2013, § 6 (image features)",
    params=(
        Param("bases", "int", 1600, "bases of the dictionary; 8 features each", minimum=2),
        Param("patch", "int", 6, "side of a patch in pixels", minimum=2),
        Param("patches", "int", 400_000, "random patches the dictionary is learnt from", minimum=2),
        Param("rounds", "int", 50, "rounds of gain-shape k-means (OMP-1)", minimum=1),
        Param("alpha", "float", 0.25, "soft threshold of the encoding", minimum=0),
        Param(
            "epsilon", "float", 0.1, "added to the eigenvalues in ZCA whitening", minimum=0,
            exclusive_minimum=True,
        ),
        Param(
            "fit_on", "str", "seen", "images the dictionary is learnt from, without labels",
            choices=("seen", "train-unlabelled"),
        ),
        INPUT_SIZE,
    ),
)  # fmt: skip

PIXELS = ComponentSpec(
    kind="backbone",
    name="pixels",
    target="zslbench_plugins.backbones.pixels:PixelsBackbone",
    summary="The image shrunk to a few pixels: the floor",
    params=(
        Param("size", "int", 8, "side of the shrunk image in pixels", minimum=1, maximum=64),
        INPUT_SIZE,
    ),
)
