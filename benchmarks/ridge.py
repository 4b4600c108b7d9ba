"""What the weight decay of the seen classifier ``softmax`` does to held-out images of seen classes.

python benchmarks/ridge.py [--dataset shapes] [--embedding NAME] [--set SLOT.PARAM=VALUE]…
    [--ridges 3e-4,1e-3,3e-3,1e-2] [--seeds 0-2] [--data-dir DIR] [--cache-dir DIR] [--threads 1]

For each ridge, accuracy and mean cross-entropy on held-out images of *seen* classes, as mean and
standard deviation over seeds. No test image is looked at.
"""

from __future__ import annotations

import argparse

import numpy as np
from held_out import SeenImages, tried
from scipy.special import log_softmax

from zslbench.contracts import View


def held_out_scores(images: SeenImages, ridges: list[float]) -> list[tuple[float, float]]:
    """Accuracy in % and cross-entropy in nats, for each ridge."""
    held_out = View(X=images.X["validation"])
    truth = np.searchsorted(images.classes.seen, images.y["validation"])
    scores = []
    for ridge in ridges:
        model = images.component("seen_classifier", "classifier", "softmax", ridge=ridge)
        model.fit(
            View(X=images.X["train"]), images.y["train"], images.classes,
            candidates="seen", context=images.context,
        )  # fmt: skip
        log_p = log_softmax(model.decision(held_out).astype(np.float64), axis=1)
        right = 100 * float((log_p.argmax(axis=1) == truth).mean())
        scores.append((right, -float(log_p[np.arange(len(truth)), truth].mean())))
        print(
            f"  {ridge:g}: {right:.2f} %, {scores[-1][1]:.4f}, {model.passes_} passes", flush=True
        )
    return scores


def main() -> None:
    """Print a line for each ridge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    ridges, table = tried(parser, "--ridges", "3e-4,1e-3,3e-3,1e-2", held_out_scores)
    print("ridge      accuracy (%)   cross-entropy")
    for ridge, (right, loss) in zip(ridges, np.transpose(table, (1, 2, 0)), strict=True):
        print(f"{ridge:<8g} {right.mean():6.2f} ± {right.std():.2f}  "
              f"{loss.mean():.4f} ± {loss.std():.4f}")  # fmt: skip


if __name__ == "__main__":
    main()
