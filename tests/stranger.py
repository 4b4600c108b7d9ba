"""A stranger's plugin, made of whatever a test wants it to hold."""

from types import ModuleType

from zslbench import hookimpl
from zslbench.plugin_checks import HOOKS


def plugin(name="wip", api=1, **hooks):
    """A plugin module with these hooks, each marked as one."""
    module = ModuleType(name)
    module.ZSLBENCH_API = api
    for hook, function in hooks.items():
        setattr(module, hook, hookimpl(function))
    return module


def offering(*specs, name="wip", hook=None):
    """A plugin that offers these components of one kind, through their kind's hook or another."""

    def offer(register):
        for spec in specs:
            register(spec)

    return plugin(name, **{hook or HOOKS[specs[0].kind]: offer})
