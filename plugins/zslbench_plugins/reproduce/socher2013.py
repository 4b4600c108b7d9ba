"""The experiments of Socher et al. 2013, in the order of the paper."""

from zslbench_plugins.reproduce.experiment import Experiment
from zslbench_plugins.reproduce.parts import (
    ablations,
    attributes,
    bayesian,
    beyond,
    distractors,
    hundred,
    novel_images,
    pairs,
    softmax,
    space,
    threshold,
)

EXPERIMENTS = (
    Experiment(
        "fig2", "§ 4, figure 2", "Images and words in one space", ("cat-truck",), space.draw
    ),
    Experiment(
        "softmax", "§ 6.1", "The seen classes alone", ("cat-truck", "seen-dictionary"),
        softmax.draw,
    ),
    Experiment(
        "fig3", "§ 6.1, figure 3", "Between two unseen classes",
        ("pairs", "all-pairs", "random-words"), pairs.draw, on_shapes=False,
    ),
    Experiment(
        "fig4", "§ 6.2, figure 4", "Seen against unseen accuracy",
        ("cat-truck", "per-class", "loop-variants", "seen-dictionary"), threshold.draw,
    ),
    Experiment(
        "table1", "§ 6.3, table 1", "Posteriors put together",
        (
            "bayesian", "bayesian-loop", "bayesian-sampled", "bayesian-authors",
            "bayesian-gaussian", "cat-truck",
        ),
        bayesian.draw, of_ten=("bayesian-authors",),
    ),
    Experiment(
        "dap", "§ 6.4, table 1", "Attributes in place of words", ("dap", "cat-truck"),
        attributes.draw, on_shapes=False,
    ),
    Experiment(
        "novel", "§ 6.5", "The most novel images", ("false-positives",), novel_images.draw
    ),
    Experiment(
        "cifar106", "§ 6.6", "A hundred seen classes",
        ("cifar106", "cifar106-linear", "cifar106-trained", "cifar106-trained-linear"),
        hundred.draw, on_shapes=False,
    ),
    Experiment(
        "fig6", "§ 6.7, figure 6", "Words that nobody asked for",
        (
            "distractors-nouns", "distractors-cat", "distractors-truck", "distractors-huang-nouns",
            "distractors-huang-cat", "distractors-huang-truck",
        ),
        distractors.draw, on_shapes=False,
    ),
    Experiment(
        "ablations", "ablations", "What the paper leaves open",
        ("cat-truck", "starts", "decay", "iterations", "bases", "refit", "cifar106-decay"),
        ablations.draw, extended=True, on_shapes=False, in_quick=False,
    ),
    Experiment(
        "beyond", "beyond the paper", "Ten years on", ("beyond", "summary"), beyond.draw,
        extended=True, on_shapes=False,
    ),
)  # fmt: skip
