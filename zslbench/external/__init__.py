"""Predictions made elsewhere, scored with the same metrics as a run's.

A file has one row for each test image. ``position`` (0, 1, … in canonical order: by image id, then
class name, then row in the source) or ``id`` (64 hex digits, the sha256 of the image's decoded
uint8 RGB pixels) says which; where test images repeat exactly, their id stands as often, and its
rows are taken in order. The other columns:

- ``label``: the final answer, a class's name or its index among the sorted names;
- ``known_label``, ``novel_label``, ``zsl_label``: the best label if the image is of a seen class,
  if it is not, and among the unseen classes alone;
- ``margin``: above 0 the answer is ``known_label``, else ``novel_label``;
- ``novelty``: higher is more novel; ``p_unseen``: a probability, kept and not scored;
- ``score_CLASS`` for every class, or in an npz ``scores`` (n, c) and ``classes`` (c,): higher is
  likelier. They say all labels and the margin, best seen − best unseen (calibrated stacking).

What can be scored is scored. Without ``zsl_label`` there is no T1, without ``known_label`` no
accuracy of the seen classifier, without ``margin`` no share of images kept or caught, without all
of ``known_label``, ``novel_label`` and ``margin`` no curve, without ``novelty`` no AUROC: those are
null in the record (:class:`~zslbench.record.PartialScores`) and absent from the tables.
"""

from __future__ import annotations

from zslbench.external.scorer import Question, score_file

__all__ = ["Question", "score_file"]
