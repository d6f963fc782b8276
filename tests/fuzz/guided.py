"""The same search led by coverage: atheris changes what it sends until other lines of the program run.

It runs within one process, without a socket: what atheris makes becomes a request at the ASGI application. It ends as
libFuzzer does, with a status that is not 0 and the input in a file, when something is found.
"""

import asyncio
import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import atheris

with atheris.instrument_imports(include=["assessment_simulator"]):
    from assessment_simulator.app import VENDORS, Simulator
    from assessment_simulator.control.operations import operations
    from assessment_simulator.settings import Settings

_VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
# What may wait for as long as it likes.
_SILENT = ("/events", "/await")
_PATHS = sorted(
    {endpoint.path for vendor in VENDORS.values() for endpoint in vendor.endpoints}
    | {one.path for one in operations(VENDORS) if not one.path.endswith(_SILENT)}
    | {"/", "/sandboxes/{name}/invitations/{id}", "/sandboxes/{name}/settings", "/sandboxes/{name}/faults"}
)
_loop = asyncio.new_event_loop()
_simulator = Simulator(Settings())


def _request(data: bytes) -> tuple[dict[str, Any], bytes]:
    made = atheris.FuzzedDataProvider(data)
    verb, path = made.PickValueInList(_VERBS), made.PickValueInList(_PATHS)
    # Control calls steer a sandbox that no vendor is asked in: a planned failure is none.
    steers = path.startswith(("/_simulator", "/sandboxes"))
    while "{" in path:
        start, _, rest = path.partition("{")
        name, _, end = rest.partition("}")
        path = start + ("steered" if name == "name" else made.ConsumeUnicodeNoSurrogates(40)) + end
    key = b"sim-steered" if steers else b"sim-asked"
    headers = [
        (b"host", b"x"), (b"api-key", key), (b"x-api-key", key),
        (b"content-type", made.PickValueInList([b"application/json", b"application/x-www-form-urlencoded"])),
        (b"authorization", b"Bearer " + made.ConsumeBytes(10)),
    ]  # fmt: skip
    # The parser of HTTP lets nothing else into an address.
    query = bytes(octet for octet in made.ConsumeBytes(made.ConsumeIntInRange(0, 200)) if 0x20 < octet < 0x7F)
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": verb, "path": path,
        "scheme": "http", "raw_path": path.encode("utf-8", "replace"), "query_string": query,
        "root_path": "", "headers": headers,
        "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    return scope, made.ConsumeBytes(made.remaining_bytes())


async def _answered(scope: dict[str, Any], body: bytes) -> int:
    statuses: list[int] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            hinted = any(name == b"simulator-hint" for name, _ in message["headers"])
            statuses.append(200 if hinted else message["status"])

    await asyncio.wait_for(_simulator.app(scope, receive, send), 10)
    return statuses[0] if statuses else 0


def one(data: bytes) -> None:
    """Ask once; what must not be is raised."""
    scope, body = _request(data)
    status = _loop.run_until_complete(_answered(scope, body))
    steered = scope["path"].startswith(("/_simulator", "/sandboxes")) and status == 503
    if status >= 500 and not steered:
        raise AssertionError(f"{status} for {scope['method']} {scope['path']!r}?{scope['query_string']!r} {body!r}")


def main() -> None:
    logging.disable(logging.NOTSET)
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
