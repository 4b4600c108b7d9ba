"""What a reader should know first: what was asked, the few main scores, how the run ranks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zslbench.report.numbers import count, enumerate_names, percent

if TYPE_CHECKING:
    from zslbench.record import Record
    from zslbench.score import Scores

REFERENCES = {
    "oracle": "it is told which test images are of unseen classes",
    "supervised": "its classifier was trained on images of all classes, the unseen ones too",
}


@dataclass(frozen=True)
class Tile:
    """One main score."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Fact:
    """One line on how to read the run."""

    name: str
    text: str


def sum_up(record: Record) -> str:
    """The run in two sentences, for a reader who does not know the field."""
    split, classes = record.split, len(record.dataset.classes)
    unseen, images = enumerate_names(split.unseen), count(split.test_seen + split.test_unseen)
    if record.reference == "supervised":
        return (
            f"A model was trained on labelled images of all {classes} classes, {unseen} among "
            f"them, and then shown {images} test images: a ceiling, no zero-shot result."
        )
    them = "it" if len(split.unseen) == 1 else "them"
    known_by = f"the vectors that stand for {them} (words or attributes)"
    return (
        f"A model was trained on labelled images of {classes - len(split.unseen)} classes and then "
        f"shown {images} test images of {classes}. Of {unseen} it had seen no image before, and "
        f"knew {them} only by {known_by if record.embedding else 'what the method brings along'}."
    )


def choose_tiles(scores: Scores) -> list[Tile]:
    """The main scores, each with its standard error and what it means."""
    chance = percent(1 / max(1, sum(row.role == "unseen" for row in scores.per_class)))
    tiles = [
        Tile("H", percent(scores.H, scores.H_se), "harmonic mean of u and s: both must be good"),
        Tile("u", percent(scores.u, scores.u_se), "unseen classes named right, all in the running"),
        Tile("s", percent(scores.s, scores.s_se), "seen classes named right, all in the running"),
        Tile(
            "T1",
            percent(scores.T1, scores.T1_se),
            f"unseen images, choosing among unseen classes only; guessing gives {chance}",
        ),
        Tile(
            "AUSUC",
            percent(scores.AUSUC, scores.AUSUC_se),
            "area under the seen–unseen curve: no threshold chosen",
        ),
    ]
    if scores.novelty is not None:
        value = percent(scores.novelty.AUROC, scores.novelty.AUROC_se)
        meaning = "unseen told from seen by novelty; guessing gives 50\u202f%"
        tiles.append(Tile("AUROC", value, meaning))
    return tiles


def state_facts(record: Record) -> list[Fact]:
    """Setting, split, rank, pre-training overlap and tuning, each in a sentence."""
    facts = [
        Fact("Setting", _describe_setting(record)),
        Fact("Split", _describe_split(record)),
        Fact("Ranking", _describe_rank(record)),
        Fact("Pre-training", _describe_overlap(record)),
    ]
    if record.h_val is not None or record.configurations > 1:
        facts.append(Fact("Tuning", _describe_tuning(record)))
    return facts


def _describe_setting(record: Record) -> str:
    meanings = {
        "inductive": "training saw labelled images of seen classes and nothing else",
        "train-unlabelled": "training also saw unlabelled training images of unseen classes",
        "class-transductive": "training also used the unseen classes’ vectors",
        "instance-transductive": "the test images were used as a batch",
    }
    meaning = meanings.get(record.setting)
    return f"{record.setting}: {meaning}." if meaning else f"{record.setting}."


def _describe_split(record: Record) -> str:
    split = record.split
    kind = "the data set’s standard split" if split.standard else "not the standard split"
    return (
        f"{enumerate_names(split.unseen, most=8)} unseen ({kind}); {count(split.train)} images "
        f"to train on, {count(split.held_out)} of the same classes held out "
        f"({percent(split.validation)}, split seed {split.split_seed}), test images: "
        f"{count(split.test_seen)} of seen and {count(split.test_unseen)} of unseen classes."
    )


def _describe_rank(record: Record) -> str:
    if record.reference:
        return f"not ranked: a reference row, since {REFERENCES[record.reference]}."
    if not record.ranked:
        return "not ranked."
    overlaps = set(record.overlap.values())
    group = "none" if overlaps == {"none"} else "some or unknown"
    return (
        f"ranked, among {record.setting} runs on the same split whose pre-training overlap is "
        f"{group}."
    )


def _describe_overlap(record: Record) -> str:
    if record.pretraining is None:
        return "no pre-trained image weights took part, so none can have shown an unseen class."
    by_state: dict[str, list[str]] = {}
    for name, state in record.overlap.items():
        by_state.setdefault(state, []).append(name)
    words = {
        "overlap": "were among its training labels",
        "none": "were not among its training labels",
        "unknown": "cannot be looked up in its training labels (unknown)",
    }
    parts = [
        f"{enumerate_names(by_state[state], most=8)} {text}"
        for state, text in words.items()
        if state in by_state
    ]
    return f"weights {record.pretraining}" + (f": {'; '.join(parts)}." if parts else ".")


def _describe_tuning(record: Record) -> str:
    words = f"chosen among {count(record.configurations)} configurations"
    if record.configurations == 1:
        words = "one configuration was tried"
    if record.h_val is None:
        return f"{words}."
    return f"{words}, H {percent(record.h_val)} on pseudo-unseen and held-out seen images."
