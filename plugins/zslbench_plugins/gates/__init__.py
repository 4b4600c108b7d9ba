"""Bundled gates: which branch answers for an image."""

from zslbench.hookspecs import Register, hookimpl
from zslbench.specs import ComponentSpec, Param

ZSLBENCH_API = 1


@hookimpl
def register_gates(register: Register) -> None:
    """Offer the bundled gates."""
    register(HARD)
    register(BAYESIAN)
    register(NONE)
    register(ALL_SEEN)
    register(ALL_UNSEEN)


HARD = ComponentSpec(
    kind="gate",
    name="hard",
    target="zslbench_plugins.gates.hard:HardGate",
    summary="Novel where the novelty exceeds a cut set on held-out seen images",
    reference="Socher et al. 2013, § 5 and § 5.1",
    params=(
        Param(
            "cut", "str", "seen_kept:0.9",
            "seen_kept:SHARE, the share of seen images that stay seen; probability:P, novel where "
            "the detector's probability reaches P; or native, the detector's own cut",
        ),
        Param(
            "cut_from", "str", "held-out",
            "images seen_kept is set on; train is the paper's, and optimistic",
            choices=("held-out", "train"),
        ),
    ),
)  # fmt: skip

BAYESIAN = ComponentSpec(
    kind="gate",
    name="bayesian",
    target="zslbench_plugins.gates.bayesian:BayesianGate",
    summary="Both branches' posteriors, weighed by the probability that the image is unseen",
    reference="Socher et al. 2013, § 5",
    params=(
        Param(
            "probability", "str", "detector",
            "P(unseen | x): the detector's own, or 0 and 1 on either side of the cut, which gives "
            "the answers of the gate hard",
            choices=("detector", "cut"),
        ),
        Param(
            "cut", "str", "seen_kept:0.9",
            "as in the gate hard: seen_kept:SHARE, probability:P or native; read with "
            "probability=cut only",
        ),
        Param(
            "cut_from", "str", "held-out",
            "images seen_kept is set on; train is the paper's, and optimistic",
            choices=("held-out", "train"),
        ),
    ),
)  # fmt: skip

NONE = ComponentSpec(
    kind="gate",
    name="none",
    target="zslbench_plugins.gates.fixed:NoGate",
    summary="No gate: the unseen classifier chooses among all classes",
    reference="Chao et al. 2016 (its curve: calibrated stacking)",
)

ALL_SEEN = ComponentSpec(
    kind="gate",
    name="all-seen",
    target="zslbench_plugins.gates.fixed:AllSeenGate",
    summary="Every image is taken as seen",
)

ALL_UNSEEN = ComponentSpec(
    kind="gate",
    name="all-unseen",
    target="zslbench_plugins.gates.fixed:AllUnseenGate",
    summary="Every image is taken as unseen: conventional zero-shot learning",
)
