"""The test kit of contracts, tests and scripts: a server process, a webhook listener, an HTTP client.

Standard library only, and nothing of the simulator: importing it loads neither Hypothesis nor the program.
Helpers are shared; oracles (what an answer must be) are not, and do not belong here.

`process.ServerProcess` starts a command and reads the URL from its first line, `listening on URL`. A process that ends,
prints something else, or prints nothing in time is killed: `NotStarted`, with its output. Leaving the block sends
SIGTERM to the process, and SIGKILL ten seconds later. Its standard error goes to a file, which never fills up as a pipe
does; of its standard output only the first line is read.

`listener.Listener` is an HTTP server in threads of this process. A request is recorded before it is answered, so the
sender finds it in `received`. The connection is closed after each answer. `wait_for` raises AssertionError.

`client.Connection` sends requests to one server over one connection, one after the other. It follows no redirect, sends
nothing twice, and reports each `Exchange` once, answered or not. `Unreachable` means that no whole answer came, within
16 MiB and in time, however the server sends it; every status is an `Answer`.
"""

from assessment_contracts.kit.client import Answer, Connection, Exchange, Unreachable, address
from assessment_contracts.kit.listener import Listener, Received, Reply
from assessment_contracts.kit.process import GREETING, NotStarted, ServerProcess, environment, serve_command

__all__ = [
    "GREETING", "Answer", "Connection", "Exchange", "Listener", "NotStarted", "Received", "Reply", "ServerProcess",
    "Unreachable", "address", "environment", "serve_command",
]  # fmt: skip
