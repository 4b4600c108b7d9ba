"""From a record back to the command that repeats its run."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from zslbench.specs import SLOTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zslbench.record import ComponentRecord, Record


def replay_command(record: Record) -> str:
    """Return one shell line that repeats the run of ``record``, failed or finished.

    It names the method, the data set, every slot (so that a recipe may change later), every
    parameter that the user set, the split, seeds, threads and device. A file stands by its base
    name in angle brackets, as the record has no paths; so does a plugin that was not installed.
    Its id is the same, so a run that is still there answers at once; ``--force`` computes again.
    """
    if record.external:
        return shlex.join(["zslbench", "score", *_external_options(record)])
    return shlex.join(["zslbench", "run", *_options(record)])


def _options(record: Record) -> Iterator[str]:
    parts = {"method": record.method, "dataset": record.dataset.component}
    parts |= {slot: record.slots[slot] for slot in SLOTS if slot in record.slots}
    for slot, part in parts.items():
        yield from (f"--{slot.replace('_', '-')}", _name(part))
    for slot, part in parts.items():
        for name in sorted(part.params):
            if part.origins.get(name) == "user":
                yield from ("--set", f"{slot}.{name}={_write(part.params[name])}")
    yield from ("--unseen", ",".join(record.split.unseen))
    if record.split.distractors:
        yield from ("--distractors", ",".join(record.split.distractors))
    yield from ("--validation", _write(record.split.validation))
    yield from ("--split-seed", str(record.split.split_seed))
    yield from ("--seed", str(record.seed))
    yield from ("--threads", str(record.threads), "--device", record.device)
    if record.reference:
        yield from ("--reference", record.reference)
    if record.dataset.skipped_images:
        yield "--skip-corrupt"
    for part in parts.values():
        if part.distribution == "local":
            yield from ("--plugin", f"<plugin with {part.kind} {part.name}>")


def _external_options(record: Record) -> Iterator[str]:
    yield from (f"<{base}>" for base, _ in record.method.contents)
    data = record.dataset.component
    yield from ("--dataset", _name(data), "--name", record.method.name)
    for name in sorted(data.params):
        if data.origins.get(name) == "user":
            yield from ("--set", f"dataset.{name}={_write(data.params[name])}")
    yield from ("--unseen", ",".join(record.split.unseen))
    if data.distribution == "local":
        yield from ("--plugin", f"<plugin with {data.kind} {data.name}>")


def _name(part: ComponentRecord) -> str:
    family, slash, member = part.name.partition("/")
    if slash and any(member == base for base, _ in part.contents):
        return f"{family}/<{member}>"
    return part.name


def _write(value: Any) -> str:
    """A parameter's value as ``--set`` reads it."""
    if isinstance(value, dict):  # a file: its base name and content hash
        return f"<{value['name']}>"
    if isinstance(value, list | tuple):
        return ",".join(map(_write, value))
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)
