"""A record as a row, and rows as a CSV: tidy, in a stable order, without times."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from zslbench.disk import locked, refusals_named, write_text
from zslbench.hashes import hash_json
from zslbench.specs import SLOTS

if TYPE_CHECKING:
    from zslbench.record import ComponentRecord, Record
    from zslbench.store import Store

SCORES = (
    "T1", "u", "s", "H", "AUSUC", "h_oracle", "seen_accuracy", "unseen_accuracy",
    "overall_accuracy", "known_accuracy", "zsl_accuracy", "seen_kept", "unseen_caught",
    "unseen_at_70_seen",
)  # fmt: skip
NOVELTY = (
    "AUROC", "AUROC_macro", "AUPR_unseen", "AUPR_seen", "prevalence", "fpr95",
    "fpr95_seen_positive",
)  # fmt: skip
DIGITS = 6
EXTERNAL = "external"  # in the column "reference": made elsewhere, unsealed, unranked

SETTINGS = (
    "dataset", "setting", "ranked", "reference", "method", *SLOTS, "params", "unseen",
    "distractors", "standard_split", "drawn", "validation", "split_seed", "overlap", "data",
    "split", "components", "threads", "device", "zslbench",
)  # fmt: skip
"""The columns that two rows share when they differ in their seed alone."""


def row(record: Record) -> dict[str, Any]:
    """Return the tidy row of a finished record."""
    scores = record.scores
    if scores is None:
        raise ValueError(f"record {record.run_id} has no scores")
    cells: dict[str, Any] = {
        "run": record.run_id[:16],
        "dataset": record.dataset.component.name,
        "setting": record.setting,
        "ranked": record.ranked,
        # What is not ranked says why in this column; one more would change every published CSV.
        "reference": EXTERNAL if record.external else record.reference,
        "method": record.method.name,
        **{slot: record.slots[slot].name if slot in record.slots else None for slot in SLOTS},
        "params": chosen_params(record),
        "unseen": "+".join(record.split.unseen),
        "distractors": _listed(record.split.distractors),
        "standard_split": record.split.standard,
        "drawn": record.split.drawn_by,
        "validation": record.split.validation,
        "split_seed": record.split.split_seed,
        "seed": record.seed,
    }
    values = scores.model_dump()
    for name in SCORES:
        cells[name] = values[name]
        if f"{name}_se" in values:
            cells[f"{name}_se"] = values[f"{name}_se"]
    novelty = values["novelty"] or {}
    for name in NOVELTY:
        cells[name] = novelty.get(name)
        if name in ("AUROC", "AUROC_macro"):
            cells[f"{name}_se"] = novelty.get(f"{name}_se")
    return cells | {
        "curve": scores.curve_kind,
        "tied": scores.tied,
        "cut": record.cut,
        "test_seen": record.split.test_seen,
        "test_unseen": record.split.test_unseen,
        "skipped_images": record.dataset.skipped_images,
        "untrained_words": len(record.embedding.untrained) if record.embedding else None,
        "pretraining": record.pretraining,
        "overlap": _overlap(record),
        "h_val": record.h_val,
        "configurations": record.configurations,
        "data": record.dataset.fingerprint[:16],
        "split": record.split.fingerprint[:16],
        "classes": record.embedding.fingerprint[:16] if record.embedding else None,
        "components": _components(record),
        "threads": record.threads,
        "device": record.device,
        "zslbench": record.versions.get("zslbench"),
    }


def table(records: Iterable[Record]) -> pd.DataFrame:
    """Return a row for each finished record, in an order that depends on the rows alone."""
    rows = [row(record) for record in records if record.status == "finished"]
    frame = pd.DataFrame(rows)
    if rows:
        keys = [
            "setting", "reference", "method", *SLOTS, "params", "unseen", "distractors",
            "split_seed", "seed",
        ]  # fmt: skip
        order = frame[keys].astype(str).assign(seed=frame["seed"], run=frame["run"])
        frame = frame.loc[order.sort_values([*keys, "run"], kind="stable").index]
        # Else a row without words would turn the others' counts into 3.000000.
        frame["untrained_words"] = frame["untrained_words"].astype("Int64")
    return frame.reset_index(drop=True)


def to_csv(records: Iterable[Record]) -> str:
    """Return the CSV of :func:`table`; the same records give the same bytes."""
    frame = table(records)
    return frame.to_csv(index=False, lineterminator="\n", float_format=f"%.{DIGITS}f")


def write_csv(path: Path, records: Iterable[Record]) -> None:
    """Write :func:`to_csv` atomically."""
    write_text(path, to_csv(records))


def write_table(store: Store, dataset: str) -> Path:
    """Write the CSV of ``dataset`` beside the runs of ``store``, from the records that can be read.

    Listing and writing are under one lock: else of two runs that end at once the slower could
    write a list without the other's row. Raises EnvironmentFailure where nothing can be written.
    """
    path = store.root / f"{file_name(dataset)}.csv"
    lock = store.root / "locks" / f"{path.name}.lock"
    with refusals_named(path, "--out"), locked(lock):
        records = store.readable_records()
        write_csv(path, [r for r in records if r.dataset.component.name == dataset])
    return path


def _listed(words: list[str]) -> str | None:
    """How many they are, and a hash of which: ``40:1a2b3c4d``; None where there is none."""
    return f"{len(words)}:{hash_json(sorted(words))[:8]}" if words else None


def file_name(dataset: str) -> str:
    """The name that a data set's CSV and records go by: ``folder/pets`` is ``folder-pets``."""
    return dataset.replace("/", "-")


def chosen_params(record: Record) -> str:
    """The parameters that differ from their components' defaults: ``mapping.hidden=100; …``."""
    parts = {"dataset": record.dataset.component, "method": record.method, **record.slots}
    chosen = [
        f"{slot}.{name}={_plain(part.params[name])}"
        for slot, part in parts.items()
        for name, origin in sorted(part.origins.items())
        if origin != "default"
    ]
    return "; ".join(chosen)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['name']}@{value['sha256'][:8]}"
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _components(record: Record) -> str:
    """Hash of the components' code, parameters and files: no two that differ share a row."""
    parts = {"method": record.method, "dataset": record.dataset.component, **record.slots}
    about = {
        slot: [p.distribution, p.version, p.source, p.params, _contents(slot, p)]
        for slot, p in parts.items()
    }
    return hash_json({"pipeline": record.pipeline.get("version"), "components": about})[:16]


def _contents(slot: str, part: ComponentRecord) -> list[str]:
    """A data set is its images, whatever files they came in: its fingerprint has its own column."""
    return [] if slot == "dataset" else sorted(sha for _, sha in part.contents)


def _overlap(record: Record) -> str:
    return "+".join(sorted(set(record.overlap.values()))) or "unknown"
