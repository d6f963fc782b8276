r"""pymetrics' published SDK for version 2 behind the JSON lines: `pymetrics-soft-skills-sdk` 1.0.2 from PyPI.

Run by the SDK's own Python; it needs nothing of this package:

    assessment-simulator check client --command \
        ".venvs/sdk/bin/python contracts/assessment_contracts/examples/soft_skills_sdk.py"

The distribution holds the client twice. `openapi_client` is used here, all of whose calls work; the argument
`pymetrics_soft_skills_sdk` chooses the other, whose `get_config` fails in itself. The SDK is used as its README shows:
renewing tokens, trying again and time limits are left to it.
"""

import importlib
import json
import sys
from typing import Any

PACKAGE = sys.argv[1] if len(sys.argv) > 1 else "openapi_client"
sdk = importlib.import_module(PACKAGE)
api = importlib.import_module(f"{PACKAGE}.api.default_api")
configuration = importlib.import_module(f"{PACKAGE}.configuration")
exceptions = importlib.import_module(f"{PACKAGE}.exceptions")
models = importlib.import_module(f"{PACKAGE}.models")

FEATURES = ["pymetrics.orders", "pymetrics.assessments", "pymetrics.search"]


class Adapter:
    """Every method takes its params as keywords and gives JSON."""

    def open(self, base_url: str, client_id: str, client_secret: str, api_key: str, timeout: float) -> None:
        self.api = api.DefaultApi(sdk.ApiClient(configuration.Configuration(host=base_url)))
        self.keys = models.OAuthRequest(
            client_id=client_id, client_secret=client_secret, grant_type="client_credentials"
        )
        self.api_key = api_key
        self.token: str | None = None

    def assessments(self) -> Any:
        return self.ask("mercury_get_config_v2")["assessments"]

    def create_order(self, order: Any) -> Any:
        candidate = models.MercuryCandidate(**order["candidate"])
        wanted = models.OrderRequest(**{**order, "candidate": candidate})
        return self.ask("mercury_create_order_v2", order_request=wanted)

    def get_order(self, id: str, report: bool) -> Any:
        return self.ask("mercury_retrieve_order_v2", uuid=id, report=report)

    def list_orders(self, application_id: str | None, candidate_id: str | None) -> Any:
        filters = {"job_application_id": application_id, "candidate_id": candidate_id}
        wanted = {name: value for name, value in filters.items() if value is not None}
        return self.ask("mercury_list_orders_v2", **wanted)["orders"]

    def ask(self, call: str, **arguments: Any) -> Any:
        if self.token is None:
            self.token = self.api.mercury_o_auth_v2(o_auth_request=self.keys).access_token
        access = {"authorization": f"Bearer {self.token}", "x_api_key": self.api_key}
        return getattr(self.api, call)(**access, **arguments).to_dict()


def refused(problem: Any) -> dict[str, Any]:
    """An exception of the SDK, which carries the answer."""
    try:
        envelope = json.loads(problem.body or "")
    except ValueError:
        envelope = {}
    later = problem.status in (429, 500, 502, 503, 504) or envelope.get("recoverable") is True
    message = envelope.get("message", str(problem.reason))
    return {"kind": "unavailable" if later else "refused", "message": message, "status": problem.status}


def main() -> None:
    """Answer line by line."""
    adapter = Adapter()
    for line in sys.stdin:
        asked = json.loads(line)
        answer: dict[str, Any] = {"id": asked["id"]}
        try:
            if asked["method"] == "hello":
                answer["result"] = {"features": FEATURES}
            else:
                answer["result"] = getattr(adapter, asked["method"])(**asked["params"])
        except exceptions.ApiException as problem:
            answer["error"] = refused(problem)
        except Exception as problem:  # noqa: BLE001  what the SDK lets out, its caller has to bear
            message = f"{type(problem).__name__}: {problem}"
            answer["error"] = {"kind": "crash", "message": message, "status": None}
        sys.stdout.write(f"{json.dumps(answer, default=lambda value: value.isoformat())}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
