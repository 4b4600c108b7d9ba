"""What a fit will take, said before it starts."""

from __future__ import annotations

from collections.abc import Callable

import psutil

from zslbench.errors import InputError

GB = 1e9
ROUND = tuple(digit * 10**power for power in (5, 4, 3, 2, 1) for digit in (5, 2, 1))


def require_memory(
    need: Callable[[int], float], n: int, *, limit: float, what: str, slot: str, advice: str = ""
) -> float:
    """Return the GB that a fit on ``n`` images takes: ``need(n)`` bytes.

    Raises InputError where that is more than ``limit`` GB, or more than the machine has free. The
    message says how many images would do, where fewer would, and ``advice``.
    """
    gigabytes, free = need(n) / GB, psutil.virtual_memory().available / GB
    allowed = min(limit, free)
    if gigabytes <= allowed:
        return gigabytes
    bound = f"memory_limit is {limit:g} GB" if limit <= free else f"{free:.1f} GB are free"
    steps = [advice] if advice else []
    fewer = next((r for r in ROUND if r < n and need(r) / GB <= allowed), None)
    if fewer is not None:
        steps.insert(0, f"fit on fewer with --set {slot}.max_train={fewer}")
    if limit <= free:
        steps.append(f"raise --set {slot}.memory_limit ({free:.1f} GB are free)")
    raise InputError(
        f"{what} would take {gigabytes:.1f} GB to fit on {n:,} images, and {bound}: "
        f"{', or '.join(steps) or 'use a machine with more memory'}"
    )
