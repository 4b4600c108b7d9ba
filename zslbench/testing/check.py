"""The way in: what is declared, what is constructed, then what the kind promises."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zslbench.contracts import Places
from zslbench.errors import InputError, PluginError
from zslbench.specs import DATASET_DEFAULT, SLOTS
from zslbench.testing.backbone import check_backbone
from zslbench.testing.dataset import check_dataset
from zslbench.testing.declaration import check_constructor, check_declaration
from zslbench.testing.embedding import check_embedding
from zslbench.testing.gate import check_gate
from zslbench.testing.matrix import check_classifier, check_mapping, check_novelty
from zslbench.testing.method import check_method
from zslbench.testing.subject import ContractBreach, Subject

if TYPE_CHECKING:
    from zslbench.registry import Registry
    from zslbench.specs import Kind


def check_component(
    registry: Registry,
    kind: Kind,
    name: str,
    params: Mapping[str, Any] | None = None,
    *,
    data_dir: Path | None = None,
    words: Sequence[str] = ("red fox", "ant", "bee", "dog"),
) -> None:
    """Hold the component called ``name`` against the contract of its ``kind``.

    ``params`` are set as a user would set them. Data sets and embeddings look for files under
    ``data_dir`` and download nothing; an embedding is asked for ``words``, of which it must know
    some. Raises ContractBreach; InputError for an unknown name or parameter; DataError where the
    component's files are absent and the rest could not be checked.
    """
    ref = registry.resolve(kind, name, [("user", params or {})])
    item = registry.item(ref)
    subject = Subject(registry, ref, item.spec)
    check_declaration(subject)
    if not item.spec.target:
        _check_recipe(subject)
        return
    check_constructor(subject)
    with tempfile.TemporaryDirectory() as scratch:
        places = Places(data_dir or Path(scratch), Path(scratch), offline=True)
        _checks(kind, places, words)(subject)


def _checks(kind: Kind, places: Places, words: Sequence[str]) -> Callable[[Subject], None]:
    checks: dict[Kind, Callable[[Subject], None]] = {
        "dataset": lambda subject: check_dataset(subject, places),
        "backbone": check_backbone,
        "embedding": lambda subject: check_embedding(subject, places, words),
        "mapping": check_mapping,
        "novelty": check_novelty,
        "gate": check_gate,
        "classifier": check_classifier,
        "method": check_method,
    }
    return checks[kind]


def _check_recipe(subject: Subject) -> None:
    """Every slot's component exists, and knows the parameters that the recipe sets."""
    recipe = subject.spec.recipe
    if recipe is None:
        return
    for slot, name in recipe.slots.items():
        if name == DATASET_DEFAULT:
            continue
        start = slot + "."
        values = {k[len(start) :]: v for k, v in recipe.params.items() if k.startswith(start)}
        try:
            subject.registry.resolve(SLOTS[slot], name, [("recipe", values)])
        except (InputError, PluginError) as error:
            raise ContractBreach(f"{subject.what}: slot {slot} of its recipe: {error}") from error
