"""One convolutional layer learnt without labels, after Coates and Ng, ICML 2011."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from threadpoolctl import threadpool_limits

from zslbench.errors import InputError
from zslbench_plugins.backbones.encode import encode
from zslbench_plugins.backbones.omp import learn_dictionary
from zslbench_plugins.backbones.patches import Whitening, check_images, check_shape, draw_patches

if TYPE_CHECKING:
    from zslbench.contracts import Context, Float32, ImageSource, Pretraining, UInt8


_LEAST = {"bases": 1, "patch": 1, "patches": 2, "rounds": 0, "alpha": 0}


class CoatesBackbone:
    """Dictionary of whitened patches, two-sided soft threshold, sums over four quadrants.

    Random ``patch`` × ``patch`` patches are contrast-normalised, (p − mean) / sqrt(var + 10) on
    pixels 0 … 255 with the sample variance, and ZCA-whitened; OMP-1 learns ``bases`` unit bases of
    them. An image's code at a position is max(z − α, 0) and max(−z − α, 0), z = D · whitened patch.

    A feature vector is (4, 2, bases) flattened: quadrant (top left, top right, bottom left, bottom
    right), then sign (+, −), then base. 27 positions split into 14 and 13.

    The harness brings images of any other size to ``input_size`` × ``input_size`` pixels: shorter
    side to it, antialiased, then centre crop.

    Reference: A. Coates and A. Y. Ng, "The importance of encoding versus training with sparse
    coding and vector quantization", ICML 2011; the image features of Socher et al., NIPS 2013.

    Learns ``mean_`` (d,), ``whitening_`` (d, d), ``dictionary_`` (bases, d), and from them
    ``projection_`` (d, bases) and ``offset_`` (bases,): z = normalised patch @ projection − offset;
    d = 3 patch².
    """

    pretraining: Pretraining | None = None
    variance_floor: float | None = 0.01

    def __init__(
        self,
        bases: int = 1600,
        patch: int = 6,
        patches: int = 400_000,
        rounds: int = 50,
        alpha: float = 0.25,
        epsilon: float = 0.1,
        fit_on: str = "seen",
        input_size: int = 32,
    ) -> None:
        self.bases = bases
        self.patch = patch
        self.patches = patches
        self.rounds = rounds
        self.alpha = alpha
        self.epsilon = epsilon
        self.fit_on = fit_on
        self.input_size = input_size

    def fit(self, images: ImageSource, *, context: Context) -> Self:
        """Learn whitening and dictionary from random patches of ``images``.

        Needs 12 patch² bytes for each of ``patches``. The same ``context.seed`` gives the same bits
        on any number of threads. Raises InputError for a parameter out of bounds, a device other
        than the CPU, no images, and images not larger than a patch.
        """
        self._check_parameters()
        _check_device(context)
        rng = np.random.Generator(np.random.PCG64(context.seed))
        patches = draw_patches(images, self.patches, self.patch, rng)
        # One thread: these products take a second, and their bits depend on the number of threads.
        with threadpool_limits(1, user_api="blas"):
            whitening = Whitening.learn(patches, self.epsilon)
            whitening.apply_in_place(patches)
            dictionary = learn_dictionary(patches, self.bases, self.rounds, rng, context=context)
            projection = whitening.matrix @ dictionary.T
            offset = whitening.mean @ projection
        self.mean_ = whitening.mean
        self.whitening_ = whitening.matrix
        self.dictionary_ = dictionary
        self.projection_ = projection.astype(np.float32)
        self.offset_ = offset.astype(np.float32)
        return self

    def dim(self, image_shape: tuple[int, int, int]) -> int:
        """8 × bases, for images of (h, w, 3) with h, w > patch; InputError for smaller ones."""
        check_shape(image_shape, self.patch)
        return 8 * self.bases

    def transform(self, images: UInt8, *, context: Context) -> Float32:
        """(b, h, w, 3) uint8 → (b, 8 × bases) float32, not standardised."""
        _check_device(context)
        check_images(images, self.patch)
        codes = encode(
            images,
            self.projection_,
            self.offset_,
            patch=self.patch,
            alpha=self.alpha,
            threads=context.threads,
        )
        return codes.reshape(len(images), -1)

    def _check_parameters(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value < least:
                raise InputError(f"coates2011: {name}={value} must be at least {least}; raise it")
        if self.epsilon <= 0:
            raise InputError(f"coates2011: epsilon={self.epsilon} must be above 0; 0.1 is usual")


def _check_device(context: Context) -> None:
    if context.device != "cpu":
        raise InputError(
            f"device {context.device!r}: coates2011 runs on 'cpu' only; choose that device, or "
            "another backbone"
        )
