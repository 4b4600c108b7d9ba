"""Contract checks for the author of a plugin, one call a component, under pytest or without.

>>> from zslbench import Registry
>>> from zslbench.testing import check_component
>>> check_component(Registry.discover(), "mapping", "linear")

A component that breaks its contract raises :class:`ContractBreach`, which names the component and
its plugin, what it did, and what was expected. Inputs are small and synthetic: hand small
parameters to a component that would take long.
"""

from zslbench.testing.check import check_component
from zslbench.testing.subject import ContractBreach

__all__ = ["ContractBreach", "check_component"]
