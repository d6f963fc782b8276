"""How many files a process may open, of which every connection is one."""

import contextlib
import sys
from collections.abc import Callable
from dataclasses import replace

from assessment_simulator.settings import Settings

if sys.platform != "win32":
    import resource

_OTHERS = 1_000
"""So many may be open besides connections: webhooks on their way, modules, a log."""


def fitted(settings: Settings, warn: Callable[[str], None]) -> Settings:
    """Settings with no more connections than there can be files: who is over that is answered, not just cut off."""
    admitted = _admitted(settings.max_connections + _OTHERS)
    fewer = max(1, admitted - min(_OTHERS, admitted // 2))
    if fewer >= settings.max_connections:
        return settings
    warn(
        f"this process may open {admitted} files (ulimit -n): "
        f"it lets {fewer} connections in at once, not {settings.max_connections}"
    )
    return replace(settings, max_connections=fewer)


def _admitted(wanted: int) -> int:
    """Ask for so many; how many the system admits, at most as many."""
    if sys.platform == "win32":
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return soft
