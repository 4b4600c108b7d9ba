"""The backbone of features computed elsewhere, as it is registered."""

from zslbench.specs import ComponentSpec, Param

FEATURES = ComponentSpec(
    kind="backbone",
    name="features/*",
    target="zslbench_plugins.backbones.feature_file:FeatureFileBackbone",
    summary="Features computed elsewhere: npz, npy with an index, parquet, mat; joined by image id",
    params=(
        Param(
            "order", "str", "id",
            "whose a row is: by its id, or all images in canonical order, training then test",
            choices=("id", "canonical"),
        ),
        Param(
            "trained_on", "str", "unknown", "labels that the network saw which made the features",
            choices=("unknown", "none", "imagenet-1k", "imagenet-12k", "imagenet-21k", "open"),
        ),
        Param(
            "name", "str", None, "what that network is called in records; none: the file's name",
            optional=True,
        ),
    ),
    member_is_path=True,
)  # fmt: skip

REDUCED = ComponentSpec(
    kind="backbone",
    name="reduced/*",
    target="zslbench_plugins.backbones.reduced:ReducedBackbone",
    summary="Principal components of another backbone's features: reduced/coates2011; of its "
    "own parameters: --set backbone.0.bases=800",
    params=(
        Param("k", "int", 500, "components", minimum=1),
        Param("rows", "int", 12_000, "seen training images that they are found on", minimum=2),
    ),
    member_is_component=True,
)

SPECS = (FEATURES, REDUCED)
