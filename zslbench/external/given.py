"""What a file tells of each test image: checked, in canonical order, nothing guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zslbench.contracts import Prediction
from zslbench.enforce import tied_share
from zslbench.errors import InputError
from zslbench.external.files import SCORE
from zslbench.external.rows import list_few, match_rows, read_whole
from zslbench.params import suggest, suggest_or_list

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zslbench.contracts import Bool, ClassTable, Curve, Float32, Floats, Int, UInt8
    from zslbench.external.files import Columns

BRANCHES = ("known_label", "novel_label", "zsl_label")
NUMBERS = ("margin", "novelty", "p_unseen")
KNOWN = ("id", "position", "label", *BRANCHES, *NUMBERS)


@dataclass(frozen=True)
class Given:
    """What is known of n test images in canonical order; None: the file does not tell."""

    answer: Int  # (n,) the final label
    known_label: Int | None = None
    novel_label: Int | None = None
    zsl_label: Int | None = None
    margin: Float32 | None = None
    novelty: Float32 | None = None
    p_unseen: Float32 | None = None
    tied: float | None = None
    curve: Curve | None = None  # what the margin is

    @property
    def has_curve(self) -> bool:
        """Is it told what each image's answer would be at any constant added to the margin?"""
        return not any(part is None for part in (self.known_label, self.novel_label, self.margin))

    @property
    def prediction(self) -> Prediction | None:
        """The whole prediction, or None where a part of it is absent.

        A stored prediction holds a share of ties, though no file of columns tells it: 0 then,
        while the record's is null.
        """
        known, novel, zsl, margin = (
            self.known_label, self.novel_label, self.zsl_label, self.margin,
        )  # fmt: skip
        if known is None or novel is None or zsl is None or margin is None:
            return None
        return Prediction(
            known, novel, zsl, margin, self.novelty, self.p_unseen, tied=self.tied or 0.0
        )


def read_given(name: str, columns: Columns, ids: UInt8, classes: ClassTable) -> Given:
    """Read the columns of file ``name`` about the test images ``ids`` (n, 32).

    Raises InputError for an unknown column, for images that are missing, double or unknown, for
    labels or numbers that cannot be, and where two columns contradict each other.
    """
    _check_columns(name, columns, classes)
    rows = match_rows(name, columns, ids)
    reader = _Reader(name, columns, rows, classes)
    given: dict[str, Any] = {key: reader.numbers(key) for key in NUMBERS}
    if any(key.startswith(SCORE) for key in columns):
        given |= _decide(reader.scores(), classes)
    else:
        allowed = (classes.seen, classes.candidates("all"), classes.unseen)
        for key, group, role in zip(BRANCHES, allowed, ("seen", "any", "unseen"), strict=True):
            given[key] = reader.labels(key, group, role)
    label = reader.labels("label", classes.candidates("all"), "any")
    return Given(answer=_answer(name, label, given, classes), **given)


@dataclass(frozen=True)
class _Reader:
    """Columns of one file, in the order of the test images."""

    name: str
    columns: Columns
    rows: Int
    classes: ClassTable

    def labels(self, column: str, allowed: Int, role: str) -> Int | None:
        """Class indices (n,) of ``column``; None where it is absent."""
        if column not in self.columns:
            return None
        names = self.classes.names
        labels = self._indices(column, self.columns[column])
        bad = np.flatnonzero(~np.isin(labels, allowed))
        if len(bad):
            told = [names[i] if 0 <= i < len(names) else str(i) for i in labels[bad].tolist()]
            which = f"{role} classes" if role != "any" else "classes"
            raise self.refuse(
                column, f"{list_few(told)}; allowed are the {which} "
                f"{', '.join(names[i] for i in allowed[:20])}"
                f"{', …' if len(allowed) > 20 else ''}, or their indices among all sorted names"
            )  # fmt: skip
        return labels[self.rows]

    def _indices(self, column: str, values: NDArray[Any]) -> Int:
        """Text that is a class's name is that class; integers are indices."""
        if values.dtype.kind != "U":
            return read_whole(self.name, column, values)
        places = {name: index for index, name in enumerate(self.classes.names)}
        texts = values.tolist()
        unknown = [text for text in texts if text not in places]
        if not unknown:
            return np.array([places[text] for text in texts], dtype=np.int64)
        if all(text.strip().isdecimal() for text in texts):
            return read_whole(self.name, column, values)
        first = next((t for t in unknown if not t.strip().isdecimal()), unknown[0])
        near = suggest_or_list(first, self.classes.names)
        raise self.refuse(column, f"{list_few(unknown)} that are no classes{near} mend them")

    def numbers(self, column: str) -> Float32 | None:
        """Numbers (n,) as a run stores them, ±inf allowed; None where ``column`` is absent."""
        if column not in self.columns:
            return None
        values = self._floats(column)
        if np.isnan(values).any():
            raise self.refuse(column, f"{np.count_nonzero(np.isnan(values))} NaN; write numbers")
        if column == "p_unseen" and not ((values >= 0) & (values <= 1)).all():
            raise self.refuse(column, "values outside 0 … 1; write probabilities, or leave it out")
        with np.errstate(over="ignore"):
            return values.astype(np.float32)[self.rows]

    def scores(self) -> Floats:
        """Scores (n, c), a column for each class of the task."""
        wanted = [f"{SCORE}{name}" for name in self.classes.names]
        absent = [column for column in wanted if column not in self.columns]
        if absent:
            raise self.refuse(
                f"{SCORE}…", f"no scores of {list_few([c.removeprefix(SCORE) for c in absent])}; "
                "write one for each class, or none"
            )  # fmt: skip
        scores = np.column_stack([self._floats(column) for column in wanted])
        if not np.isfinite(scores).all():
            bad = wanted[int(np.argmin(np.isfinite(scores).all(axis=0)))]
            raise self.refuse(bad, "NaN or infinity; write finite scores")
        both = [column for column in (*BRANCHES, "margin") if column in self.columns]
        if both:
            raise self.refuse(both[0], "what the scores say already: leave it out, or the scores")
        return scores[self.rows]

    def _floats(self, column: str) -> Floats:
        given = self.columns[column]
        try:
            values: Floats = given.astype(np.float64)
        except ValueError as error:
            bad = [repr(text) for text in given.tolist() if not _is_number(text)]
            raise self.refuse(column, f"{list_few(bad)} that are no numbers; mend them") from error
        return values

    def refuse(self, column: str, problem: str) -> InputError:
        return InputError(f"predictions {self.name!r}: column {column!r} holds {problem}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _check_columns(name: str, columns: Columns, classes: ClassTable) -> None:
    """Raise InputError for a column that means nothing: it may be a misspelt one."""
    known = (*KNOWN, *(f"{SCORE}{label}" for label in classes.names))
    for column in columns:
        if column not in known:
            raise InputError(
                f"predictions {name!r} have an unknown column {column!r}"
                f"{suggest(column, known) or ';'} allowed are {', '.join(KNOWN)} and {SCORE}CLASS "
                "for every class: rename it, or leave it out"
            )


def _decide(scores: Floats, classes: ClassTable) -> dict[str, Any]:
    """Labels and margin that scores (n, c) say; ties go to the first class of the task.

    margin = best seen score − best unseen score (calibrated stacking, Chao et al. 2016).
    """
    known, novel = scores[:, classes.seen], scores[:, classes.unseen]
    unseen_label = classes.unseen[novel.argmax(axis=1)]
    return {
        "known_label": classes.seen[known.argmax(axis=1)],
        "novel_label": unseen_label,
        "zsl_label": unseen_label,
        "margin": (known.max(axis=1) - novel.max(axis=1)).astype(np.float32),
        "tied": tied_share(scores),
        "curve": "stacking",
    }


def _answer(name: str, label: Int | None, given: dict[str, Any], classes: ClassTable) -> Int:
    """The final label (n,); raise InputError where it is not told, or told twice differently."""
    known, novel, margin = given["known_label"], given["novel_label"], given["margin"]
    if label is None:
        if known is None or novel is None or margin is None:
            raise InputError(
                f"predictions {name!r} have no column 'label' and nothing that says it: write the "
                "final answers, or scores of all classes, or known_label, novel_label and margin"
            )
        derived: Int = np.where(margin > 0, known, novel)
        return derived
    n = len(label)
    agrees: Bool = np.ones(n, dtype=np.bool_)
    if margin is not None:
        as_known = label == known if known is not None else np.isin(label, classes.seen)
        as_novel = label == novel if novel is not None else np.ones(n, dtype=np.bool_)
        agrees = np.where(margin > 0, as_known, as_novel)
    elif known is not None and novel is not None:
        agrees = (label == known) | (label == novel)
    bad = np.flatnonzero(~agrees).tolist()
    if bad:
        raise InputError(
            f"predictions {name!r}: column 'label' contradicts the other columns at positions "
            f"{list_few(bad)}; where margin (or best seen − best unseen score) is above 0 the "
            "answer is known_label, a seen class, else novel_label, and equal scores go to the "
            "unseen class, then to the first by name: mend it, or leave 'label' out"
        )
    return label
