"""Bundled novelty detectors: higher is more novel."""

from zslbench.hookspecs import Register, hookimpl
from zslbench.specs import ComponentSpec

ZSLBENCH_API = 1


@hookimpl
def register_novelty(register: Register) -> None:
    """Offer the bundled novelty detectors."""
    register(GAUSSIAN)


GAUSSIAN = ComponentSpec(
    kind="novelty",
    name="gaussian",
    target="zslbench_plugins.novelty.gaussian:GaussianDetector",
    summary="An isotropic Gaussian round each seen class's word vector",
    reference="Socher et al. 2013, § 5.1",
)
