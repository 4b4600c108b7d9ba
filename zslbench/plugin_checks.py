"""What a plugin and its components must be, held against them before anything is run."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

from zslbench import contracts, hookspecs
from zslbench.errors import InputError, PluginError, ZSLBenchError
from zslbench.params import parse, suggest
from zslbench.specs import API_VERSION, KINDS, SLOTS, ComponentSpec, Kind, Param, ParamType

if TYPE_CHECKING:
    import pluggy

HOOKS: Mapping[Kind, str] = MappingProxyType(
    {kind: "register_novelty" if kind == "novelty" else f"register_{kind}s" for kind in KINDS}
)
"""Kind → the hook that offers its components."""

CONTRACTS: Mapping[Kind, type] = MappingProxyType(
    {
        "dataset": contracts.Dataset,
        "backbone": contracts.Backbone,
        "embedding": contracts.Embedder,
        "mapping": contracts.SemanticMapping,
        "novelty": contracts.NoveltyDetector,
        "gate": contracts.Gate,
        "classifier": contracts.Classifier,
        "method": contracts.Method,
    }
)
"""Kind → the protocol that its components follow."""

_ALL_HOOKS: Mapping[str, Any] = MappingProxyType(
    {
        name: value
        for name, value in vars(hookspecs).items()
        if name.startswith(("register_", "run_", "stage_"))
    }
)


def check_plugin(plugin: Any, name: str, manager: pluggy.PluginManager) -> None:
    """Raise PluginError unless ``plugin`` speaks this API and its hooks have names and arguments
    that the specifications know."""
    stated = getattr(plugin, "ZSLBENCH_API", None)
    if stated != API_VERSION:
        raise PluginError(
            f"plugin {name!r} states ZSLBENCH_API = {stated!r}; this zslbench speaks version "
            f"{API_VERSION}: set ZSLBENCH_API = {API_VERSION} after adapting it"
        )
    for attribute in dir(plugin):
        value = getattr(plugin, attribute, None)
        marks = manager.parse_hookimpl_opts(plugin, attribute)
        if marks is not None:
            _check_hook(value, marks.get("specname") or attribute, name)
        elif attribute in _ALL_HOOKS and value is not _ALL_HOOKS[attribute]:
            raise PluginError(
                f"plugin {name!r} defines {attribute} without marking it as a hook: put "
                "@zslbench.hookimpl above it"
            )


def _check_hook(function: Any, hook: str, plugin: str) -> None:
    if hook not in _ALL_HOOKS:
        raise PluginError(
            f"plugin {plugin!r} implements unknown hook {hook!r}{suggest(hook, _ALL_HOOKS) or ';'} "
            f"hooks: {', '.join(sorted(_ALL_HOOKS))}"
        )
    expected = list(inspect.signature(_ALL_HOOKS[hook]).parameters)
    taken = [
        p.name
        for p in inspect.signature(function).parameters.values()
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if not set(taken) <= set(expected):
        raise PluginError(
            f"plugin {plugin!r}: hook {hook} takes ({', '.join(taken)}); expected "
            f"({', '.join(expected)}), or some of these, by these names"
        )


def check_spec(spec: Any, kind: Kind, plugin: str) -> None:
    """Raise PluginError unless ``spec`` is a ComponentSpec that can be offered as a ``kind``."""
    if not isinstance(spec, ComponentSpec):
        raise PluginError(f"plugin {plugin!r} registered {spec!r}; expected a ComponentSpec")
    what = f"plugin {plugin!r}: {kind} {spec.name!r}"
    if spec.kind != kind:
        use = f"use {HOOKS[spec.kind]}" if spec.kind in HOOKS else f"kinds: {', '.join(KINDS)}"
        raise PluginError(
            f"plugin {plugin!r} registered {spec.kind} {spec.name!r} through {HOOKS[kind]}; "
            f"expected kind {kind!r}: {use}"
        )
    if not spec.name or any(c.isspace() or c in ",=" for c in spec.name):
        raise PluginError(f"{what}: a name is one word without spaces, ',' and '='; rename it")
    if bool(spec.target) == (spec.recipe is not None) or (spec.recipe and kind != "method"):
        raise PluginError(
            f"{what} needs a target 'module:Class'"
            + (" or a recipe, not both" if kind == "method" else "")
        )
    if spec.members is not None and not (spec.is_family and spec.members.count(":") == 1):
        raise PluginError(
            f"{what}: members {spec.members!r} must be 'package:file.json', of a family NAME/*"
        )
    module, _, cls = spec.target.partition(":")
    if spec.target and not (module and cls):
        raise PluginError(f"{what}: target {spec.target!r} must be 'module:Class'")
    check_params(spec.params, what)
    if spec.recipe is not None:
        _check_recipe(spec.recipe.slots, spec.recipe.params, what)


def check_params(params: tuple[Param, ...], what: str) -> None:
    """Raise PluginError unless names differ, types are known and defaults keep their bounds."""
    names = [param.name for param in params]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PluginError(f"{what} declares parameter {twice[0]!r} twice: leave one out")
    for param in params:
        if param.type not in get_args(ParamType):
            raise PluginError(
                f"{what}: parameter {param.name!r} has type {param.type!r}; "
                f"types: {', '.join(get_args(ParamType))}"
            )
        try:
            parse(what, param, param.default)
        except InputError as error:
            raise PluginError(f"the default breaks its own declaration: {error}") from error


def _check_recipe(slots: Mapping[str, str], params: Mapping[str, Any], what: str) -> None:
    if set(slots) != set(SLOTS):
        odd = sorted(set(slots) ^ set(SLOTS))
        raise PluginError(
            f"{what}: its recipe must fill exactly the slots {', '.join(SLOTS)}; "
            f"missing or unknown: {', '.join(odd)}"
        )
    for key in params:
        if key.partition(".")[0] not in SLOTS or not key.partition(".")[2]:
            raise PluginError(f"{what}: recipe parameter {key!r} must be written slot.parameter")


def check_members(component: Any, kind: Kind, what: str) -> None:
    """Raise PluginError unless ``component`` has all that its kind's protocol names."""
    protocol = CONTRACTS[kind]
    names = [*protocol.__annotations__, *(n for n in vars(protocol) if not n.startswith("_"))]
    missing = [name for name in names if not hasattr(component, name)]
    if missing:
        raise PluginError(
            f"{what} broke its contract: it lacks {', '.join(missing)}; a {kind} has "
            f"{', '.join(names)} (zslbench.contracts.{protocol.__name__})"
        )


def blame(
    outcome: pluggy.Result[Any],
    hook_name: str,
    hook_impls: Sequence[pluggy.HookImpl],
    kwargs: Mapping[str, Any],  # noqa: ARG001 - pluggy's signature
) -> None:
    """Name the plugin where a hook's own code failed; pluggy calls this after every hook."""
    error = outcome.exception
    if not isinstance(error, Exception) or isinstance(error, ZSLBenchError):
        return
    ran = {frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)}
    guilty = [i.plugin_name for i in hook_impls if getattr(i.function, "__code__", None) in ran]
    names = " or ".join(map(repr, guilty or [i.plugin_name for i in hook_impls]))
    failure = PluginError(
        f"plugin {names} failed in {hook_name}: {type(error).__name__}: {error}; mend it, or run "
        "without it"
    )
    failure.__cause__ = error
    outcome.force_exception(failure)
