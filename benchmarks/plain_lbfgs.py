"""What the fitted components are held against: SciPy's L-BFGS on whole-matrix products.

Also the features and labels that both are given, real or drawn.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

    from zslbench.contracts import Float32, Floats, Int

FULL = 500  # iterations: the budget of Socher et al. 2013
ROWS, COLUMNS, CLASSES = 8_000, 3_200, 8  # of the drawn features
CIFAR_COLUMNS, LARGEST, THREE_HUNDREDTH = 12_800, 2_666.0, 1.2  # eigenvalues of CIFAR's features

Objective = Callable[[torch.Tensor], tuple[float, torch.Tensor]]


class Step(NamedTuple):
    """Seconds since the start, and the loss, after an iteration."""

    seconds: float
    loss: float


@dataclass(frozen=True)
class PlainRun:
    """The steps of a plain run, and what they say of a run of FULL iterations."""

    steps: list[Step]

    @property
    def scaled_seconds(self) -> float:
        """Seconds that FULL iterations would take at this pace."""
        return self.steps[-1].seconds * FULL / len(self.steps)

    def loss_after(self, seconds: float) -> float:
        """The loss reached by then: that of the last step that was done."""
        done = [step.loss for step in self.steps if step.seconds <= seconds]
        return done[-1] if done else float("nan")


def run_plain(
    objective: Objective, start: torch.Tensor, *, iterations: int, seconds: float
) -> PlainRun:
    """Run L-BFGS from ``start`` for ``iterations`` and ``seconds``, whichever is longer.

    Neither goes beyond FULL iterations. Tolerances are 0: it stops earlier at the limit of float32
    alone. A gradient is in float32, as the products are; SciPy's own vectors are in float64.
    """
    steps: list[Step] = []

    def evaluate(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        loss, gradient = objective(torch.from_numpy(flat.astype(np.float32)).view_as(start))
        return loss, gradient.reshape(-1).double().numpy()

    def tell(intermediate_result: Any) -> None:
        steps.append(Step(time.perf_counter() - began, float(intermediate_result.fun)))
        if len(steps) >= iterations and steps[-1].seconds >= seconds:
            raise StopIteration

    began = time.perf_counter()
    minimize(
        evaluate, start.reshape(-1).double().numpy(), method="L-BFGS-B", jac=True, callback=tell,
        options={"maxiter": FULL, "maxfun": 10 * FULL, "ftol": 0.0, "gtol": 0.0},
    )  # fmt: skip
    return PlainRun(steps)


def add_options(parser: argparse.ArgumentParser, iterations: int) -> None:
    """Add the options that the benchmarks of fitted components share."""
    parser.add_argument("--features", type=Path, help="X (n, d), .npy; drawn where not given")
    parser.add_argument("--labels", type=Path, help="y (n,), .npy")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--iterations", type=int, default=iterations, help="of the plain run, at least"
    )
    parser.add_argument("--full", action="store_true", help=f"run all {FULL} plain iterations")


def read_options(parser: argparse.ArgumentParser, arguments: list[str] | None) -> Any:
    """Parse, check what argparse cannot, and set the threads of every product."""
    options = parser.parse_args(arguments)
    if (options.features is None) != (options.labels is None):
        parser.error("--features and --labels go together: give both or neither")
    if not 1 <= options.iterations <= FULL:
        parser.error(f"--iterations {options.iterations}: must be from 1 to {FULL}")
    if options.threads < 1:
        parser.error(f"--threads {options.threads}: must be at least 1")
    if options.full:
        options.iterations = FULL
    torch.set_num_threads(options.threads)
    return options


def read_problem(options: Any) -> tuple[Float32, Int]:
    """Return X (n, d) and labels (n,), from the files named or drawn."""
    if options.features is None:
        return draw_problem()
    return np.load(options.features), np.load(options.labels)


def draw_problem(seed: int = 0) -> tuple[Float32, Int]:
    """Draw X (ROWS, COLUMNS) with a power-law spectrum like CIFAR's, and a linear teacher's labels.

    The eigenvalues pass through CIFAR's first and 300th, scaled down with the number of columns.
    The teacher looks along all directions, the leading ones more, and is not always obeyed.
    """
    rng = np.random.default_rng(seed)
    power = np.log(LARGEST / THREE_HUNDREDTH) / np.log(300)
    order = np.arange(1, COLUMNS + 1)
    values = LARGEST * COLUMNS / CIFAR_COLUMNS * order**-power
    scores = torch.from_numpy(rng.standard_normal((ROWS, COLUMNS), dtype=np.float32))
    rotation, _ = torch.linalg.qr(
        torch.from_numpy(rng.standard_normal((COLUMNS, COLUMNS), dtype=np.float32))
    )
    teacher = rng.standard_normal((COLUMNS, CLASSES)) * order[:, None] ** -0.5
    logits: Floats = scores.numpy() @ teacher.astype(np.float32)
    y = (2 * logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    X: Float32 = ((scores * torch.from_numpy(np.sqrt(values)).float()) @ rotation).numpy()
    return X, y.astype(np.int64)
