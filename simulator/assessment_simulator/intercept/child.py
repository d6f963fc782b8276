"""Runs a command whose clients reach the simulator instead of the vendors."""

import importlib.util
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from assessment_simulator.intercept.environment import SHIMS, environment
from assessment_simulator.intercept.proxy import Event

# Addresses of the loopback for the vendors' names; only Linux has them all.
ADDRESSES = tuple(f"127.94.0.{number}" for number in range(1, 255))
# The signals that a supervisor sends to this process are the command's. Those of a terminal reach it anyway.
_FORWARDED = (signal.SIGTERM, *([signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2] if sys.platform != "win32" else []))


@dataclass(frozen=True, slots=True)
class Interceptor:
    """Where clients are led: the port, the hosts, the authority to trust, and the address that names resolve to.

    `url` is the simulator's own, None if it is not known; `events` are what happened to connections.
    """

    port: int
    hosts: tuple[str, ...]
    authority: Path
    address: str
    url: str | None = None
    events: Sequence[Event] = ()


@contextmanager
def intercepted_here(
    interceptor: Interceptor, folder: Path, present: Mapping[str, str], set_variable: Callable[[str, str], None]
) -> Iterator[None]:
    """Lead the clients of this process to the simulator, and those of the processes that it starts."""
    more = environment(interceptor.port, folder, interceptor.authority, interceptor.hosts, present)
    for name, value in more.items():
        set_variable(name, value)
    spec = importlib.util.spec_from_file_location("simulator_interception", SHIMS / "python" / "sitecustomize.py")
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018  the file is ours
    shim = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shim)
    begun = shim.Interception("127.0.0.1", interceptor.port, interceptor.hosts, str(interceptor.authority))
    try:
        yield
    finally:
        begun.undo()


def run(command: Sequence[str], interceptor: Interceptor, present: Mapping[str, str]) -> int:
    """Run a command until it ends. Returns its exit status; 128 and the number of the signal if one ended it."""
    with TemporaryDirectory(prefix="simulator-run-") as folder:
        more = environment(interceptor.port, Path(folder), interceptor.authority, interceptor.hosts, present)
        if interceptor.url is not None:
            more["SIMULATOR_URL"] = interceptor.url
        launcher = [sys.executable, "-I", "-S", str(SHIMS / "private_hosts.py")]
        arguments = [*launcher, interceptor.address, ",".join(interceptor.hosts), *command]
        child = subprocess.Popen(arguments, env={**present, **more})  # noqa: S603  the user's command

        def forward(number: int, frame: FrameType | None) -> None:
            with suppress(ProcessLookupError):
                child.send_signal(number)

        before = {number: signal.signal(number, forward) for number in _FORWARDED}
        # Not ignored, which the command would inherit.
        before[signal.SIGINT] = signal.signal(signal.SIGINT, lambda number, frame: None)
        try:
            status = child.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    return 128 - status if status < 0 else status
