"""Nothing to map: images and class vectors already share a space, as image–text pairs do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from zslbench.errors import InputError

if TYPE_CHECKING:
    from zslbench.contracts import Context, Float32, Int


class IdentityMapping:
    """Z = X and prototypes = S, as they come; the widths of the two must agree."""

    def fit(
        self,
        X: Float32,
        y: Int,
        S: Float32,
        *,
        validation: tuple[Float32, Int] | None = None,
        context: Context,
    ) -> Self:
        """Keep the ``width_`` of X (n, d) and S (c, d); raise InputError where they differ."""
        if X.shape[1] != S.shape[1]:
            raise InputError(
                f"identity maps nothing, and features have {X.shape[1]} dimensions while class "
                f"vectors have {S.shape[1]}: choose a backbone and an embedding of one image–text "
                "space, or a mapping that learns, see 'zslbench list mapping'"
            )
        self.width_ = X.shape[1]
        return self

    def transform(self, X: Float32) -> Float32:
        """Return X (n, d)."""
        return X

    def transform_classes(self, S: Float32) -> Float32:
        """Return S (c, d)."""
        return S
