"""Numbers as a reader sees them: percent with one decimal, time, memory."""

from __future__ import annotations

THIN = "\u202f"  # a narrow space that does not break


def percent(value: float | None, error: float | None = None) -> str:
    """``45.6 %``, with its standard error ``45.6 ± 0.8 %``; a dash for None."""
    if value is None:
        return "–"
    spread = "" if error is None else f" ± {100 * error:.1f}"
    return f"{100 * value:.1f}{spread}{THIN}%"


def count(value: int) -> str:
    """``10 000``."""
    return f"{value:,}".replace(",", THIN)


def duration(seconds: float) -> str:
    """``0.4 s``, ``5 min 12 s``, ``2 h 5 min``."""
    if seconds < 60:
        return f"{seconds:.1f}{THIN}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}{THIN}h {minutes}{THIN}min"
    return f"{minutes}{THIN}min {rest}{THIN}s"


def memory(size: int) -> str:
    """``2.9 GiB``, ``350 MiB``."""
    if size >= 2**30:
        return f"{size / 2**30:.1f}{THIN}GiB"
    return f"{size / 2**20:.0f}{THIN}MiB"


def enumerate_names(names: list[str] | tuple[str, ...], most: int = 6) -> str:
    """``cat``, ``cat and truck``, ``a, b, c and 4 more``."""
    shown = list(names[:most])
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
