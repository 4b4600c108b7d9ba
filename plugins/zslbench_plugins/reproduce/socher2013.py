"""The experiments of Socher et al. 2013, in the order of the paper."""

from zslbench_plugins.reproduce.experiment import Experiment
from zslbench_plugins.reproduce.parts import threshold

EXPERIMENTS = (
    Experiment(
        key="fig4",
        section="§ 6.2, figure 4",
        title="Seen against unseen accuracy",
        plans=("cat-truck", "per-class", "loop-variants", "seen-dictionary"),
        draw=threshold.draw,
    ),
)
