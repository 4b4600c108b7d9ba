"""Principal components of another backbone's features."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import torch

from zslbench.errors import InputError
from zslbench_plugins.optim.rows import as_tensor
from zslbench_plugins.optim.spectrum import leading_spectrum

if TYPE_CHECKING:
    from zslbench.contracts import Context, Float32, ImageSource, Pretraining, UInt8

_NO_IMAGES = "reduced reads the features of another backbone, not images: write reduced/BACKBONE"


class ReducedBackbone:
    """The ``k`` leading principal components of standardised features: x → Vᵀ x, V (d, k).

    V is found on at most ``rows`` sampled seen training images (Halko, Martinsson and Tropp 2011,
    § 4.5). The components keep their scale, so distances are those of the features but for what is
    left out; ``kept_variance_`` says how much is not.
    """

    fit_on: ClassVar[str] = "seen"
    standardise: ClassVar[bool] = False
    variance_floor: ClassVar[float | None] = None
    pretraining: ClassVar[Pretraining | None] = None  # the base's own counts

    def __init__(self, member: str, k: int = 500, rows: int = 12_000) -> None:
        self.member = member
        self.k = k
        self.rows = rows

    def fit_features(self, X: Float32, *, context: Context) -> Self:
        """Find ``components_`` (d, k) of X (n, d), whose columns have mean 0.

        Raises InputError where there are fewer features, or half as many rows, as components.
        """
        most = min(X.shape[1], min(len(X), self.rows) // 2)
        if self.k > most:
            raise InputError(
                f"reduced: k must be at most {most} here ({len(X)} seen training images, of which "
                f"{min(len(X), self.rows)} are looked at, and {X.shape[1]} features), got {self.k}"
            )
        torch.set_num_threads(context.threads)
        found = leading_spectrum(as_tensor(X), seed=context.seed, rank=self.k, rows=self.rows)
        self.components_ = found.directions.contiguous().numpy()
        values = found.values.double().numpy()
        left = found.tail * max(X.shape[1] - self.k, 0)
        self.kept_variance_ = float(values.sum() / (values.sum() + left))
        return self

    def dim(self, image_shape: tuple[int, int, int]) -> int:
        """``k``, whatever the image."""
        return self.k

    def fit(self, images: ImageSource, *, context: Context) -> Self:
        """Raise InputError: it reads another backbone's features."""
        raise InputError(_NO_IMAGES)

    def transform(self, images: UInt8, *, context: Context) -> Float32:
        """Raise InputError: it reads another backbone's features."""
        raise InputError(_NO_IMAGES)

    def transform_features(self, X: Float32) -> Float32:
        """(b, d) → (b, k)."""
        reduced: Float32 = np.asarray(X @ self.components_, dtype=np.float32)
        return reduced
