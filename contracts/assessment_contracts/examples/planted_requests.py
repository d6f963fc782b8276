"""A client of both vendors on requests, as one finds it in production, with four bugs planted: look for `BUG`."""

from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from assessment_contracts.clients.adapter import ClientError, Created, Kind

_AGAIN = (429, 500, 502, 503, 504)


class Client:
    """Orders of pymetrics, assessments of The Predictive Index."""

    features = frozenset({"pymetrics.orders", "pymetrics.assessments", "pymetrics.renewal", "pymetrics.search",
                          "predictive_index.assessments", "predictive_index.changes"})  # fmt: skip

    def __init__(self, base_url: str, client_id: str, client_secret: str, api_key: str, timeout: float) -> None:
        self.base_url, self.api_key, self.timeout = base_url, api_key, timeout
        self.keys = {"client_id": client_id, "client_secret": client_secret, "grant_type": "client_credentials"}
        self.token = ""
        self.http = requests.Session()
        # BUG predictive_index.lost_answer_makes_no_second_assessment: POST is sent again when the connection breaks.
        retry = Retry(total=2, status=0, allowed_methods=None, backoff_factor=0.05, respect_retry_after_header=False)
        self.http.mount("http://", HTTPAdapter(max_retries=retry))

    def assessments(self) -> list[dict[str, Any]]:
        """The assessments that can be ordered."""
        found: list[dict[str, Any]] = self.mercury("GET", "/configuration")["assessments"]
        return found

    def create_order(self, order: dict[str, Any]) -> Created:
        """Create an order."""
        answer = self.mercury("POST", "/order", order)
        if not (answer.get("order") or {}).get("id"):
            raise ClientError("unreadable", f"no order in {answer!r:.200}")
        return {"order": answer["order"], "created": True}  # BUG pymetrics.known_order_is_told_from_a_new_one

    def get_order(self, id: str, report: bool) -> dict[str, Any]:
        """Read an order."""
        order = self.mercury("GET", f"/getOrder/{quote(id, safe='')}{'?report=true' if report else ''}")
        if not order.get("id"):
            raise ClientError("unreadable", f"no order: {order!r:.200}")
        return {**order, "results": order.get("results") or []}  # BUG pymetrics.null_stays_null

    def list_orders(self, application_id: str | None, candidate_id: str | None) -> list[dict[str, Any]]:
        """List orders."""
        wanted = {"job_application_id": application_id, "candidate_id": candidate_id}
        orders: list[dict[str, Any]] = self.mercury("POST", "/orders", {k: v for k, v in wanted.items() if v})["orders"]
        return orders

    def mercury(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Call pymetrics; a token that has expired is renewed once."""
        for last in (False, True):
            if not self.token:
                self.token = str(self.send("POST", "/mercury/oauth/token", self.keys, {})["access_token"])
            headers = {"Authorization": f"Bearer {self.token}", "X-Api-Key": self.api_key}
            try:
                return self.send(method, f"/mercury{path}", body, headers)
            except ClientError as problem:
                if problem.status != 401 or last:
                    raise
                self.token = ""
        raise AssertionError("unreachable")

    def create_assessment(self, assessment: dict[str, Any]) -> dict[str, Any]:
        """Create an assessment."""
        return self.pi("POST", "", assessment)

    def get_assessment(self, id: str) -> dict[str, Any]:
        """Read an assessment."""
        return self.pi("GET", f"/{id}")  # BUG predictive_index.id_stays_one_segment

    def change_assessment(self, id: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Change an assessment."""
        return self.pi("PATCH", f"/{quote(id, safe='')}", changes)

    def pi(self, method: str, rest: str, body: Any = None) -> dict[str, Any]:
        """Call The Predictive Index."""
        path = f"/api/v1/behavioralassessments{rest}"
        assessment = self.send(method, path, body, {"api-key": self.api_key})
        if not assessment.get("assessmentId"):
            raise ClientError("unreadable", f"no assessment: {assessment!r:.200}")
        return assessment

    def send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> dict[str, Any]:
        """One request."""
        more = {} if body is None else {"json": body}
        try:
            answer = self.http.request(method, self.base_url + path, headers=headers, timeout=self.timeout, **more)
            content = answer.json()
        except requests.JSONDecodeError as problem:
            raise ClientError("unreadable", str(problem)) from problem
        except requests.RequestException as problem:
            raise ClientError("unavailable", str(problem)) from problem
        if not answer.ok:
            kind: Kind = "unavailable" if answer.status_code in _AGAIN else "refused"
            raise ClientError(kind, answer.text, answer.status_code)
        if not isinstance(content, dict):
            raise ClientError("unreadable", f"no object: {answer.text[:200]}")
        return content
