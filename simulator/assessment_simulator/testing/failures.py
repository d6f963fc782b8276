"""What a failing test shows of its sandbox: the last requests, and where its trace is."""

from pathlib import Path

from assessment_simulator.testing.connection import SANDBOXES, Connection, SimulatorError
from assessment_simulator.testing.sandbox import Sandbox

# Requests that are shown.
MOST = 10


def described(sandbox: Sandbox[Connection], folder: Path) -> str:
    """The last requests of a sandbox, in lines, and the path of its trace, which is saved in this folder.

    A report must not fail: if the server does not answer any more, the text says so.
    """
    try:
        # Not the sandbox's own connection, which a test may have left in any state.
        with Connection(sandbox.url, sandbox._connection.control_token) as connection:
            path = f"{SANDBOXES}/{sandbox.name}"
            calls = connection.call("GET", f"{path}/journal?newest={MOST}")
            count = connection.call("GET", path)["counts"]["journal"]
        folder.mkdir(parents=True, exist_ok=True)
        trace = sandbox.trace(folder / f"{sandbox.name}.html")
    except (SimulatorError, OSError) as problem:
        return f"they could not be read: {problem}"
    lines = ["no requests"] if not calls else []
    for call in reversed(calls):
        status = "none" if call["status"] is None else call["status"]
        fault = f"  fault {call['fault']}" if call["fault"] else ""
        rules = " ".join(call["rules"])
        lines.append(f"{call['id']:9} {status}  {call['method']} {call['path']}  {rules}{fault}".rstrip())
    if count > len(calls):
        lines.insert(0, f"the last {len(calls)} of {count}:")
    lines.append(f"trace: {trace}")
    lines.append(f"dashboard, until the test ends (pytest --pdb): {sandbox.url}/sandboxes/{sandbox.name}/journal")
    return "\n".join(lines)
