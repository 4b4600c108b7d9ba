"""Bundled methods: recipes that can be read as data, and the floor."""

from zslbench.hookspecs import Register, hookimpl
from zslbench.specs import DATASET_DEFAULT, ComponentSpec, Param, Recipe

ZSLBENCH_API = 1


@hookimpl
def register_methods(register: Register) -> None:
    """Offer the bundled methods."""
    register(SOCHER)
    register(SUMMARY)
    register(DAP)
    register(CHANCE)


SOCHER = ComponentSpec(
    kind="method",
    name="socher2013",
    summary="Cross-modal transfer: map images to word space, gate by novelty, then classify",
    reference="Socher et al. 2013, Zero-Shot Learning Through Cross-Modal Transfer",
    recipe=Recipe(
        slots={
            "backbone": "coates2011",
            "embedding": DATASET_DEFAULT,
            "mapping": "socher2013",
            "novelty": "gaussian",
            "gate": "hard",
            "seen_classifier": "softmax",
            "unseen_classifier": "nearest-word",
        },
        params={"gate.cut": "seen_kept:0.9", "unseen_classifier.candidates": "unseen"},
    ),
)

SUMMARY = ComponentSpec(
    kind="method",
    name="socher2013-summary",
    summary="The system of a summary of Socher et al.: network features, a linear map, a logistic "
    "gate on the distance to the nearest word; EfficientNet-Lite0 stands in for VGG-16",
    reference="A summary of Socher et al. 2013; --backbone torchvision/vgg16 for its own network",
    recipe=Recipe(
        slots={
            "backbone": "timm/tf_efficientnet_lite0",
            "embedding": "corpus/rnn",
            "mapping": "linear",
            "novelty": "logistic-distance",
            "gate": "hard",
            "seen_classifier": "softmax",
            "unseen_classifier": "nearest-word",
        },
        params={
            "embedding.corpus": "brown",
            "gate.cut": "probability:0.5",
            # As the summary says; "unseen" beside it shows how seldom an unseen class is named.
            "unseen_classifier.candidates": "all",
        },
    ),
)

DAP = ComponentSpec(
    kind="method",
    name="dap",
    target="zslbench_plugins.methods.dap:DirectAttributePrediction",
    summary="Direct attribute prediction: a logistic regression for each attribute, then the class "
    "with these attributes; needs --embedding attributes/PATH",
    reference="Lampert et al., CVPR 2009 and TPAMI 2014; Socher et al. 2013, § 6.4",
    params=(
        Param("ridge", "float", 1e-3, "weight decay", minimum=0, exclusive_minimum=True),
        Param(
            "gap", "float", 1e-2, "gap of each attribute to the optimum, relative to the mean loss",
            minimum=0, exclusive_minimum=True,
        ),
        Param("max_passes", "int", 1000, "passes over the features before giving up", minimum=1),
    ),
)  # fmt: skip

CHANCE = ComponentSpec(
    kind="method",
    name="chance",
    target="zslbench_plugins.methods.chance:Chance",
    summary="Every label equally likely: the floor",
)
