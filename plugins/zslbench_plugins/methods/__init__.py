"""Bundled methods: recipes that can be read as data, and the floor."""

from zslbench.hookspecs import Register, hookimpl
from zslbench.specs import DATASET_DEFAULT, ComponentSpec, Recipe

ZSLBENCH_API = 1


@hookimpl
def register_methods(register: Register) -> None:
    """Offer the bundled methods."""
    register(SOCHER)
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

CHANCE = ComponentSpec(
    kind="method",
    name="chance",
    target="zslbench_plugins.methods.chance:Chance",
    summary="Every label equally likely: the floor",
)
