"""Bundled mappings: features into the class vectors' space."""

from zslbench.hookspecs import Register, hookimpl
from zslbench.specs import ComponentSpec, Param
from zslbench_plugins.mappings import declared_sklearn

ZSLBENCH_API = 1


@hookimpl
def register_mappings(register: Register) -> None:
    """Offer the bundled mappings."""
    register(SOCHER)
    register(RESTARTED)
    register(LINEAR)
    for spec in declared_sklearn.SPECS:
        register(spec)


TWO_LAYERS = (
    Param("hidden", "int", 200, "hidden units", minimum=1),
    Param("decay", "float", 1e-4, "weight decay; biases are not decayed", minimum=0),
    Param("epochs", "int", 20, "passes in mini-batches, to begin with", minimum=0),
    Param("max_passes", "int", 400, "full passes after them, at most", minimum=1),
    Param(
        "max_work", "float", 9.6, "10⁹ feature values read by these passes, at most",
        minimum=0, exclusive_minimum=True,
    ),
    Param(
        "tolerance", "float", 1e-4, "stop at this share of the first gradient's norm",
        minimum=0, exclusive_minimum=True,
    ),
)  # fmt: skip

SOCHER = ComponentSpec(
    kind="mapping",
    name="socher2013",
    target="zslbench_plugins.mappings.socher2013:TwoLayerMapping",
    summary="Two layers with tanh, trained to map images onto their class's word vector",
    reference="Socher et al. 2013, § 4, equation 1",
    params=TWO_LAYERS,
)

RESTARTED = ComponentSpec(
    kind="mapping",
    name="socher2013-restarted",
    target="zslbench_plugins.mappings.restarted:RestartedMapping",
    summary="The two-layer map from another start, all else the same",
    reference="Socher et al. 2013, § 4, equation 1",
    params=(Param("start", "int", 1, "which other start", minimum=1), *TWO_LAYERS),
)

LINEAR = ComponentSpec(
    kind="mapping",
    name="linear",
    target="zslbench_plugins.mappings.linear:LinearMapping",
    summary="Least squares in closed form, the ridge chosen on held-out seen images",
    reference="Socher et al. 2013, § 6.6 (the one-layer ablation)",
    params=(
        Param(
            "ridges", "floats", (1e-3, 1e-2, 1e-1, 1.0, 10.0), "ridges to choose from, per image",
            minimum=0, exclusive_minimum=True,
        ),
    ),
)  # fmt: skip
