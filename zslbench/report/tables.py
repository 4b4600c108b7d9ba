"""The report's tables: scores, classes, words, components, data, stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zslbench.report.numbers import count, duration, memory, percent
from zslbench.score import NoveltyScores, Scores
from zslbench.specs import SLOTS

if TYPE_CHECKING:
    from zslbench.record import ComponentRecord, Record

GROUPS: dict[str, tuple[str, ...]] = {
    "All classes in the running (generalised zero-shot), per-class means": ("H", "u", "s"),
    "The same counted per image": ("unseen_accuracy", "seen_accuracy", "overall_accuracy"),
    "Along the seen–unseen curve": ("AUSUC", "h_oracle", "unseen_at_70_seen", "u_at_70_s"),
    "Seen or unseen known beforehand": (
        "T1", "zsl_accuracy", "known_accuracy", "known_accuracy_per_class",
    ),
    "What is taken for what": ("seen_kept", "unseen_caught", "tied"),
    "Novelty: unseen told from seen": (
        "AUROC", "AUROC_macro", "AUPR_unseen", "AUPR_seen", "prevalence", "fpr95",
        "fpr95_seen_positive",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class ScoreRow:
    """A score with its meaning."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True)
class WordRow:
    """A class and the words whose vectors stand for it."""

    name: str
    role: str
    words: str
    count: str
    untrained: bool


@dataclass(frozen=True)
class ParamRow:
    """A parameter of a component."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True)
class Part:
    """A component in its slot."""

    slot: str
    name: str
    source: str  # who ships it, in which version
    hash: str
    params: list[ParamRow]
    files: list[tuple[str, str]]  # base name, sha256


def tabulate_scores(scores: Scores) -> dict[str, list[ScoreRow]]:
    """Every score of the record, in groups; novelty's only where there is one."""
    groups = {}
    for title, names in GROUPS.items():
        rows = [_make_row(scores, name) for name in names]
        groups[title] = [row for row in rows if row is not None]
    return {title: rows for title, rows in groups.items() if rows}


def _make_row(scores: Scores, name: str) -> ScoreRow | None:
    table: Scores | NoveltyScores | None = scores
    if name not in Scores.model_fields:
        table = scores.novelty
    if table is None:
        return None
    field = type(table).model_fields[name]
    value = percent(getattr(table, name), getattr(table, f"{name}_se", None))
    return ScoreRow(name, value, field.description or "")


def tabulate_words(record: Record) -> list[WordRow]:
    """Each class's words; with the corpus' counts where it was learnt from one."""
    if record.embedding is None:
        return []
    counts, untrained = record.embedding.counts, record.embedding.untrained
    unseen = set(record.split.unseen)
    return [
        WordRow(
            name=name,
            role="unseen" if name in unseen else "seen",
            words=words,
            count="" if counts is None else _list_counts(words, counts),
            untrained=name in untrained,
        )
        for name, words in record.embedding.resolved.items()
    ]


def _list_counts(words: str, counts: dict[str, int]) -> str:
    known = [count(counts[word]) if word in counts else "–" for word in words.split(" + ")]
    return " + ".join(known)


def tabulate_parts(record: Record) -> list[Part]:
    """Data set, method and slots, each with every parameter and where its value came from."""
    parts = {"dataset": record.dataset.component, "method": record.method}
    parts |= {slot: record.slots[slot] for slot in SLOTS if slot in record.slots}
    return [_make_part(slot, part) for slot, part in parts.items()]


def _make_part(slot: str, part: ComponentRecord) -> Part:
    return Part(
        slot=slot.replace("_", " "),
        name=part.name,
        source=f"{part.distribution}, version {part.version}",
        hash=part.source,
        params=[
            ParamRow(name, show_value(value), part.origins.get(name, "unknown"))
            for name, value in part.params.items()
        ],
        files=[(base, sha) for base, sha in part.contents],
    )


def show_value(value: Any) -> str:
    """A parameter's value in words."""
    if isinstance(value, dict) and "sha256" in value:
        return f"{value['name']} (sha256 {value['sha256'][:16]}…)"
    if isinstance(value, list | tuple):
        return ", ".join(map(show_value, value)) or "nothing"
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def tabulate_data(record: Record) -> dict[str, str]:
    """Fingerprints of what was read."""
    data = record.dataset
    facts = {
        "images": f"{count(data.train_images)} to train on, {count(data.test_images)} to test on",
        "corrupt images left out": count(data.skipped_images),
        "exact duplicates": ", ".join(f"{k} {count(v)}" for k, v in data.duplicates.items()),
        "fingerprint of the images": data.fingerprint,
        "fingerprint of the split": record.split.fingerprint,
    }
    if record.embedding is not None:
        embedding = record.embedding
        facts["class vectors"] = f"{embedding.dim} dimensions, {embedding.metric} distance"
        facts["fingerprint of the class vectors"] = embedding.fingerprint
    return facts | {f"pipeline: {key}": str(value) for key, value in record.pipeline.items()}


def tabulate_stages(record: Record) -> list[tuple[str, str, str, str]]:
    """Stage, time, peak memory, and whether it came from the cache; the sum last."""
    rows = [
        (
            stage.stage,
            duration(stage.seconds),
            memory(stage.peak_bytes),
            "from the cache" if stage.cached else "computed",
        )
        for stage in record.stages
    ]
    if rows:
        seconds = sum(stage.seconds for stage in record.stages)
        peak = max(stage.peak_bytes for stage in record.stages)
        rows.append(("all", duration(seconds), memory(peak), ""))
    return rows
