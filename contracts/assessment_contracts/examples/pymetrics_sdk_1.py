r"""pymetrics' published SDK for version 1 behind the JSON lines: `pymetrics-assessment-api-client` 1.0.1 from PyPI.

Run by the SDK's own Python, whose pins clash with ours; it needs nothing of this package:

    assessment-simulator check client --command \
        ".venvs/sdk/bin/python contracts/assessment_contracts/examples/pymetrics_sdk_1.py"

The SDK is used as its README shows: a call's `sync_detailed`, its status looked at, its model turned into a dictionary.
Renewing tokens, trying again and time limits are left to the SDK, which leaves them to its callers.
"""

import json
import sys
from typing import Any

from pymetrics_assessment_api_client import AuthenticatedClient, Client
from pymetrics_assessment_api_client.api.default import (
    mercury_create_order,
    mercury_get_config,
    mercury_list_orders,
    mercury_o_auth,
    mercury_retrieve_order,
)
from pymetrics_assessment_api_client.models import (
    MercuryListOrdersRequest,
    MercuryOrderRequest,
    OAuthTokenRequest,
)

FEATURES = ["pymetrics.orders", "pymetrics.assessments", "pymetrics.search"]


class Refused(Exception):
    """A status that is no success."""

    def __init__(self, answer: Any) -> None:
        message = getattr(answer.parsed, "message", "") or answer.content.decode(errors="replace")[:200]
        super().__init__(message)
        self.status = answer.status_code
        later = getattr(answer.parsed, "recoverable", False) is True or self.status in (429, 500, 502, 503, 504)
        self.kind = "unavailable" if later else "refused"


class Adapter:
    """Every method takes its params as keywords and gives JSON."""

    def open(self, base_url: str, client_id: str, client_secret: str, api_key: str, timeout: float) -> None:
        self.base, self.api_key = base_url, api_key
        self.client: Any = None
        self.keys = OAuthTokenRequest(client_id=client_id, client_secret=client_secret, grant_type="client_credentials")

    def assessments(self) -> Any:
        return self.ask(mercury_get_config)["assessments"]

    def create_order(self, order: Any) -> Any:
        return self.ask(mercury_create_order, json_body=MercuryOrderRequest.from_dict(order))

    def get_order(self, id: str, report: bool) -> Any:
        return self.ask(mercury_retrieve_order, uuid=id, report=report)

    def list_orders(self, application_id: str | None, candidate_id: str | None) -> Any:
        filters = {"job_application_id": application_id, "candidate_id": candidate_id}
        wanted = MercuryListOrdersRequest(**{name: value for name, value in filters.items() if value is not None})
        return self.ask(mercury_list_orders, json_body=wanted)["orders"]

    def ask(self, call: Any, **arguments: Any) -> Any:
        if self.client is None:
            token = told(mercury_o_auth.sync_detailed(client=Client(base_url=self.base), json_body=self.keys))
            self.client = AuthenticatedClient(base_url=self.base, token=token["access_token"])
        return told(call.sync_detailed(client=self.client, x_api_key=self.api_key, **arguments))


def told(answer: Any) -> Any:
    """What the SDK read, as JSON."""
    if not 200 <= answer.status_code < 300 or answer.parsed is None:
        raise Refused(answer)
    return answer.parsed.to_dict()


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
        except Refused as problem:
            answer["error"] = {"kind": problem.kind, "message": str(problem), "status": problem.status}
        except Exception as problem:  # noqa: BLE001  what the SDK lets out, its caller has to bear
            message = f"{type(problem).__name__}: {problem}"
            answer["error"] = {"kind": "crash", "message": message, "status": None}
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
