"""What a failing test shows of its sandbox: the last requests, and where its trace is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assessment_simulator.testing.connection import SANDBOXES, Connection, SimulatorError
from assessment_simulator.testing.sandbox import Sandbox

# Requests that are shown.
MOST = 10


def request_line(call: Mapping[str, Any]) -> str:
    """A request of the journal as a line for a terminal, which control characters in it would change."""
    status = "none" if call["status"] is None else call["status"]
    fault = f"fault {call['fault']}" if call["fault"] else ""
    line = f"{call['id']:9} {status}  {call['method']} {call['path']}  {' '.join(call['rules'])} {fault}".rstrip()
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def described(sandbox: Sandbox[Any], folder: Path) -> str:
    """The last requests of a sandbox, in lines, and the path of its trace, which is saved in this folder.

    A report must not fail: if the server does not answer any more, the text says so.
    """
    path = f"{SANDBOXES}/{sandbox.name}"
    try:
        # Not the sandbox's own connection, which a test may have left in any state.
        with Connection(sandbox.url, sandbox._connection.control_token) as connection:
            calls = connection.call("GET", f"{path}/journal?newest={MOST}")
            count = connection.call("GET", path)["counts"]["journal"]
            folder.mkdir(parents=True, exist_ok=True)
            trace = connection.run(Sandbox.trace(sandbox, folder / f"{sandbox.name}.html"))
    except (SimulatorError, OSError) as problem:
        return f"they could not be read: {problem}"
    lines = [request_line(call) for call in reversed(calls)] or ["no requests"]
    if count > len(calls):
        lines.insert(0, f"the last {len(calls)} of {count}:")
    lines.append(f"trace: {trace}")
    lines.append(f"dashboard, until the test ends (pytest --pdb): {sandbox.url}/sandboxes/{sandbox.name}/journal")
    return "\n".join(lines)
