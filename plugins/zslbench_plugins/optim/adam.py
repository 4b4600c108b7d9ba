"""Mini-batch descent by Adam (Kingma and Ba 2015) with a cosine schedule, on one flat variable."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

BATCH = 256
RATE = 3e-4
FIRST, SECOND, FLOOR = 0.9, 0.999, 1e-8


def descend(
    gradient_on: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    w: torch.Tensor,
    *,
    rows: int,
    epochs: int,
    seed: int,
    progress: Callable[[int], None],
) -> torch.Tensor:
    """Return ``w`` after ``epochs`` passes over ``rows`` rows in random batches.

    ``gradient_on(w, batch)`` gives the gradient on the rows ``batch``. The order is drawn from
    ``seed``; the step falls from RATE to 0 along half a cosine.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    w = w.clone()
    mean, square = torch.zeros_like(w), torch.zeros_like(w)
    step, steps = 0, epochs * math.ceil(rows / BATCH)
    for epoch in range(epochs):
        order = torch.from_numpy(rng.permutation(rows))
        for batch in torch.split(order, BATCH):
            gradient = gradient_on(w, batch)
            rate = RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
            step += 1
            mean.lerp_(gradient, 1 - FIRST)
            square.mul_(SECOND).addcmul_(gradient, gradient, value=1 - SECOND)
            scale = (square / (1 - SECOND**step)).sqrt_().add_(FLOOR)
            w.addcdiv_(mean, scale, value=-rate / (1 - FIRST**step))
        progress(epoch + 1)
    return w
