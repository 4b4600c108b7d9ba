"""Class vectors from a sentence encoder: prompts about each class, encoded and averaged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from zslbench.contracts import WordVectors
from zslbench.errors import DataError, InputError
from zslbench_plugins.embeddings.sentence_folder import files_of, find_folder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from zslbench.contracts import Context, Float32, Metric, Places

PLACE = "{}"


class SentenceEmbedder:
    """Sentence-BERT and its kin (Reimers & Gurevych, EMNLP 2019); cosine, as they are trained.

    ``member`` is a folder, or a name on the hub: NAME of the organisation sentence-transformers, or
    ORGANISATION/NAME. A class's whole name takes the place of ``{}`` in each of ``prompts``; its
    vector is the mean over prompts of their vectors, each scaled to length 1 (prompt ensembling:
    Radford et al. 2021, section 3.1.4). Weights are read from ``.safetensors`` alone, and no code
    of the encoder's is run.
    """

    metric: Metric = "cosine"
    space: str | None = None
    aliases: Mapping[str, str] = MappingProxyType({})

    def __init__(self, member: str, prompts: tuple[str, ...] = ("a photo of a {}.",)) -> None:
        self.member = member
        self.prompts = prompts

    def sources(self, places: Places) -> tuple[Path, ...]:
        """Return the encoder's files, found or fetched, and known to be safe to load.

        Raises InputError for a prompt without ``{}``, DataError where the encoder is absent,
        incomplete, pickled, or has code of its own.
        """
        _check_prompts(self.prompts)
        return files_of(find_folder(self.member, places))

    def vectors(
        self,
        words: Sequence[str],
        *,
        sentences: Iterable[str] | None,
        places: Places,
        context: Context,
    ) -> WordVectors:
        """Return the vector (k,) of each of ``words``, phrases whole: all but a blank are known.

        Raises what :meth:`sources` raises, and DataError where the encoder cannot be loaded.
        """
        _check_prompts(self.prompts)
        folder = find_folder(self.member, places)
        files_of(folder)
        known = [word for word in words if word.strip()]
        if not known:
            return WordVectors({})
        rows = _encode(_load(folder, context), known, self.prompts, context)
        return WordVectors(dict(zip(known, rows, strict=True)))


def _check_prompts(prompts: Sequence[str]) -> None:
    wrong = [prompt for prompt in prompts if PLACE not in prompt]
    if wrong or not prompts:
        got = ", ".join(map(repr, wrong)) or "none"
        raise InputError(
            "each of 'prompts' of sentence-transformers/* must contain {}, where the class's name "
            f"goes, as in 'a photo of a {{}}.'; got {got}"
        )


def _load(folder: Path, context: Context) -> SentenceTransformer:
    # Imported here: seconds, which a run whose vectors are in the cache need not wait.
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(context.threads)
    with _quiet_transformers():
        try:
            model = SentenceTransformer(
                str(folder),
                device="cpu",
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
            )
        except MemoryError:
            raise
        except Exception as error:  # whatever the damaged files lead the reader to
            raise DataError(
                f"the sentence encoder in {folder} cannot be loaded ({type(error).__name__}: "
                f"{error}): get it again, or name another"
            ) from error
    return model.to(context.device)


def _encode(
    model: SentenceTransformer, words: Sequence[str], prompts: Sequence[str], context: Context
) -> Float32:
    """Return (len(words), k): the mean over ``prompts`` of vectors of length 1."""
    parts = []
    for prompt in prompts:
        texts = [prompt.replace(PLACE, word) for word in words]
        parts.append(model.encode(texts, normalize_embeddings=True, show_progress_bar=False))
        context.progress(len(parts), len(prompts))
    mean: Float32 = np.stack(parts).mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Keep its progress bars and its log below errors to itself."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
