"""A softmax trained on draws round the word vectors, as the authors' Bayesian pipeline has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from zslbench.errors import InputError

if TYPE_CHECKING:
    from zslbench.contracts import Candidates, ClassTable, Context, Floats, Int, View, ViewInput

OPTIONS: Any = {"maxiter": 2000, "maxfun": 4000, "ftol": 1e-13, "gtol": 1e-8}  # of L-BFGS
GAP = 1e-3  # relative, to the optimum


class SampledSoftmaxClassifier:
    """min_W mean cross-entropy of softmax(W f) + (ridge / 2) ‖W‖², no bias, on w_y and its draws.

    Each candidate's training points are its word vector w_y and ``draws`` draws of N(w_y, I): as in
    the code of Socher et al. 2013. Images are not learnt from. Vectors are taken as they are, also
    where the metric is the cosine.
    """

    inputs: ClassVar[frozenset[ViewInput]] = frozenset({"Z", "prototypes"})

    def __init__(
        self, candidates: Candidates = "unseen", draws: int = 99, ridge: float = 1e-3
    ) -> None:
        self.candidates = candidates
        self.draws = draws
        self.ridge = ridge

    def fit(
        self, view: View, y: Int, classes: ClassTable, *, candidates: Candidates, context: Context
    ) -> Self:
        """Learn ``W_`` (c_v, m); ``gap_`` bounds its relative distance to the optimum.

        Raises InputError where that is not reached.
        """
        if view.prototypes is None:
            raise InputError("sampled-softmax reads prototypes: give it a method with a mapping")
        words = view.prototypes[classes.candidates(candidates)].astype(np.float64)
        c, m = words.shape
        noise = np.random.default_rng(context.seed).standard_normal((c, self.draws, m))
        points = np.concatenate([words[:, None], words[:, None] + noise], axis=1).reshape(-1, m)
        truth = np.repeat(np.eye(c), self.draws + 1, axis=0)
        start, given = np.zeros(c * m), (points, truth, self.ridge)
        found = minimize(_objective, start, given, method="L-BFGS-B", jac=True, options=OPTIONS)
        # the objective is ridge-strongly convex: f(W) − f* ≤ ‖∇f‖² / (2 ridge)
        self.gap_ = float(found.jac @ found.jac) / (2 * self.ridge * found.fun)
        if not self.gap_ <= GAP:
            raise InputError(
                f"sampled-softmax stopped at a relative gap of {self.gap_:.2g}, and {GAP:g} is "
                "needed: raise --set unseen_classifier.ridge"
            )
        self.W_, self.loss_ = found.x.reshape(c, m), float(found.fun)
        return self

    def decision(self, view: View) -> Floats:
        """Return the logits W f (n, c_v), float64."""
        if view.Z is None:
            raise InputError("sampled-softmax reads Z: give it a method with a mapping")
        logits: Floats = view.Z.astype(np.float64) @ self.W_.T
        return logits


def _objective(flat: Floats, points: Floats, truth: Floats, ridge: float) -> tuple[float, Floats]:
    """The loss at W (c · m,) and its gradient."""
    W = flat.reshape(truth.shape[1], -1)
    log_p = log_softmax(points @ W.T, axis=1)
    loss = -float((log_p * truth).sum()) / len(points) + ridge / 2 * float(flat @ flat)
    gradient = (np.exp(log_p) - truth).T @ points / len(points) + ridge * W
    return loss, gradient.ravel()
