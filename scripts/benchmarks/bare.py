"""The yardstick: a bare Starlette app with the uvicorn settings of `assessment_simulator.runner`. Keep both equal."""

import gc
import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

ORDER = {
    "id": "6f1c7a52-3b0e-4d55-9a7c-2f6a1e0b9c3d",
    "invite_link": "http://127.0.0.1:8787/pymetrics/invite/bench.0123456789abcdef01234567.6f1c7a52-3b0e-4d55-9a7c-2f6a1e0b9c3d",
    "status": "Not Started",
    "create_date": "2026-01-01T00:00:00.000000+00:00",
    "candidate": {
        "email": "ada-00000001@example.com",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "external_id": "candidate-00000001",
    },
    "assessment_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "assessment": {"id": "0f8fad5b-d9cb-469f-a165-70867728950e", "type": "games", "description": "Core games"},
    "application_id": "application-00000001",
    "ats_type": "mercury_api",
    "requisition_id": "R-1815",
    "requisition_title": "Analyst of engines",
    "metadata": {"office": "London", "source": "careers page"},
    "recruiter_report": None,
    "results": None,
    "reports": None,
    "candidate_redirect_url": "https://careers.example.com/thanks",
}


async def health(request: Request) -> JSONResponse:
    """The first answer."""
    return JSONResponse({"status": "ok"})


async def read(request: Request) -> JSONResponse:
    """What a read costs without a simulator: a route with a parameter, and 1 KB of JSON."""
    return JSONResponse(ORDER)


async def create(request: Request) -> JSONResponse:
    """What a creation costs without a simulator: the body is taken in, and not even parsed."""
    await request.body()
    return JSONResponse(ORDER, 201)


app = Starlette(
    routes=[
        Route("/mercury/getOrder/{uuid}", read),
        Route("/mercury/order", create, methods=["POST"]),
        Route("/_simulator/health", health),
    ]
)


def main() -> None:
    """Serve until a signal comes; the first line on standard output says where."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2_048)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, date_header=False, lifespan="on",
        proxy_headers=False, timeout_graceful_shutdown=2,
    )  # fmt: skip
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
