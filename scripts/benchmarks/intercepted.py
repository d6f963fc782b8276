"""What it costs to answer in the place of a vendor: reads over TLS on the port of `--intercept` beside direct reads."""

import itertools
import ssl
import tempfile
from copy import copy
from pathlib import Path
from socket import create_server

from benchmarks.figures import Figure, Goal
from benchmarks.load import Plan
from benchmarks.measures import Effort, fill
from benchmarks.requests import Orders
from benchmarks.servers import SIMULATOR, Server
from benchmarks.sides import lines, side_by_side

INTERCEPTED = {"read": Goal("ratio", 0.5, at_least=True)}
_HOST = "api.pymetrics.com"
_WARM = 0.5
_STORED = 1_000


async def intercepted(effort: Effort) -> list[Figure]:
    """Reads of one server: plain ones of its own address, and those over TLS of a vendor's host."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        options = ("--intercept", str(port), "--tls-dir", folder)
        with Server((*SIMULATOR, *options)) as server:
            orders = Orders(server)
            await fill(server, orders, _STORED)
            direct = [*itertools.islice(orders.reads(), _STORED)]
            host = f"host: {server.host}:{server.port}\r\n".encode()
            asked = [request.replace(host, f"host: {_HOST}\r\n".encode()) for request in direct]
            vendor = copy(server)
            vendor.port = port
            vendor.tls = ssl.create_default_context(cafile=str(Path(folder) / "intercept-ca.pem")), _HOST
            sides = [
                (one, {"read": Plan(itertools.cycle(requests), b"200", effort.seconds)})
                for one, requests in ((server, direct), (vendor, asked))
            ]
            found = await side_by_side(sides[0], sides[1], effort.pairs // 2, _WARM)
    return [*lines("intercepted", "a vendor's host", found, INTERCEPTED)]
