"""Tiles of work shared between threads: compiled loops and one-threaded matrix products."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar, cast

import numba
import torch

Worker = Callable[[int], None]
Loop = TypeVar("Loop", bound=Callable[..., None])


def compiled(loop: Loop) -> Loop:
    """Compile ``loop`` at its first call, to run without Python's lock.

    Not cached on disk: each loop here compiles in about half a second, while numba's cache would
    need an installation directory that can be written to.
    """
    return cast(Loop, numba.njit(nogil=True, error_model="numpy")(loop))


@contextmanager
def one_thread_products() -> Iterator[None]:
    """Let every matrix product of torch use one thread, and restore the number afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def share_out(tiles: int, make_worker: Callable[[], Worker], *, threads: int) -> None:
    """Call a worker for each of the numbers 0 … tiles − 1, on ``threads`` threads.

    Each thread makes one worker, so a worker may own buffers. Which thread takes which tile is left
    to chance; a worker whose result for a tile depends on that tile alone repeats bit for bit.
    """
    # Threads over tiles, not inside a product: a tile stays in the cache of one core, and no
    # thread of the product's library keeps waiting on a core that the compiled loops could use.
    numbers = iter(range(tiles))  # taking the next one is atomic

    def work() -> None:
        torch.set_num_threads(1)  # OpenMP keeps this number a thread: a new one has its own
        worker = make_worker()
        for number in numbers:
            worker(number)

    with one_thread_products():
        if threads <= 1 or tiles <= 1:
            work()
            return
        with ThreadPoolExecutor(min(threads, tiles)) as pool:
            for future in [pool.submit(work) for _ in range(min(threads, tiles))]:
                future.result()
