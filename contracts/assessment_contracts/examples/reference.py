"""A small well-behaved client of both vendors, and of their webhooks.

Four habits make it so. Every answer is looked at before it is believed. What may be sent twice without harm is tried
again, a few times, no sooner than the vendor says, and never beyond its patience. What may not (The Predictive Index
makes a second assessment of a second POST) is looked for instead. And a webhook is taken for a hint: the state comes
from the vendor.
"""

import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote

import requests

from assessment_contracts.clients.adapter import ClientError, Created, Request, Vendor

TRIES = 4
"""How often one call is sent at most."""
PATIENCE = 2.5
"""Seconds that one call may take with all its waiting."""
PAUSE = 0.05
"""Seconds before the second try, twice as many before each further one, where the vendor names none."""
LATER = frozenset({429, 500, 502, 503, 504})

Check = Callable[[Any], bool]


class _NotNow(ClientError):
    """Not available; `wait` is how many seconds the vendor wants to be left alone, None where it does not say."""

    def __init__(self, message: str, status: int | None = None, wait: int | None = None) -> None:
        super().__init__("unavailable", message, status)
        self.wait = wait


class Client:
    """Implements `PymetricsClient`, `PredictiveIndexClient` and `WebhookReceiver`."""

    def __init__(
        self, base_url: str, api_key: str, client_id: str = "", client_secret: str = "", timeout: float = 5.0
    ) -> None:
        self._http = requests.Session()
        self._base_url = base_url
        self._timeout = timeout
        self._keys = {"client_id": client_id, "client_secret": client_secret, "grant_type": "client_credentials"}
        self._api_key = api_key
        self._token = ""
        self._known: dict[str, int | str] = {}

    # pymetrics. Every call may be sent twice: a second order for the same candidate, assessment and application is the
    # first one.

    def assessments(self) -> list[dict[str, Any]]:
        """Get Assessment Configurations."""
        told = self._mercury("GET", "/mercury/configuration", check=_with("assessments", list))
        return list(told["assessments"])

    def create_order(self, order: Mapping[str, Any]) -> Created:
        """Create Assessment Order."""
        told = self._mercury("POST", "/mercury/order", order, lambda body: _is_order(_of(body, "order")))
        return {"order": told["order"], "created": told["created"]}

    def get_order(self, id: str, report: bool = False) -> dict[str, Any]:
        """Get Assessment Order."""
        query = "?report=true" if report else ""
        return dict(self._mercury("GET", f"/mercury/getOrder/{quote(id, safe='')}{query}", check=_is_order))

    def list_orders(self, application_id: str | None, candidate_id: str | None) -> list[dict[str, Any]]:
        """List Assessment Orders."""
        filters = {"job_application_id": application_id, "candidate_id": candidate_id}
        wanted = {name: value for name, value in filters.items() if value is not None}
        return list(self._mercury("POST", "/mercury/orders", wanted, _with("orders", list))["orders"])

    def _mercury(self, method: str, path: str, body: Any = None, check: Check = bool) -> Any:
        """One call with a token; a token that has lapsed is renewed, once."""
        for renewed in (False, True):
            if not self._token:
                self._token = self._new_token()
            headers = {"Authorization": f"Bearer {self._token}", "X-Api-Key": self._api_key}
            try:
                return self._patiently(partial(self._ask, method, path, body, headers, check))
            except ClientError as problem:
                if problem.status != 401 or renewed:
                    raise
                self._token = ""
        raise AssertionError("the second round returns or raises")

    def _new_token(self) -> str:
        path, check = "/mercury/oauth/token", _with("access_token", str)
        return str(self._patiently(lambda: self._ask("POST", path, self._keys, {}, check))["access_token"])

    # The Predictive Index. Reading and changing may be sent twice, creating may not.

    def create_assessment(self, assessment: Mapping[str, Any]) -> dict[str, Any]:
        """POST behavioralassessments; where no answer comes, the assessment is looked for by its externalId."""
        try:
            return dict(self._pi("POST", "", assessment, _is_assessment, tries=1))
        except ClientError as problem:
            if problem.kind == "refused" or problem.status == 429:
                raise
            found = self._made(assessment)
            if found is None:
                raise
            return found

    def _made(self, assessment: Mapping[str, Any]) -> dict[str, Any] | None:
        """The assessment that an unanswered creation made, if it made one and can be told from others."""
        # With names a known externalId is refused, so one that is found now is of this very creation.
        id = assessment.get("externalId")
        if not id or not assessment.get("firstName"):
            return None
        literal = id.replace("'", "''")
        query = quote(f"externalId eq '{literal}'", safe="")
        found = self._pi("GET", f"?$filter={query}", check=lambda body: isinstance(body, list))
        return dict(found[0]) if found else None

    def get_assessment(self, id: str) -> dict[str, Any]:
        """GET behavioralassessments/{id}."""
        return dict(self._pi("GET", f"/{quote(id, safe='')}", check=_is_assessment))

    def change_assessment(self, id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """PATCH behavioralassessments/{id}."""
        return dict(self._pi("PATCH", f"/{quote(id, safe='')}", changes, _is_assessment))

    def _pi(self, method: str, rest: str, body: Any = None, check: Check = bool, tries: int = TRIES) -> Any:
        path, headers = f"/api/v1/behavioralassessments{rest}", {"api-key": self._api_key}
        return self._patiently(lambda: self._ask(method, path, body, headers, check), tries)

    # Webhooks.

    def receive(self, vendor: Vendor, request: Request) -> int:
        """Take a webhook for a hint, and ask the vendor what is true."""
        try:
            id = _subject(vendor, request)
            self._known[id] = self._present(vendor, id)
        except ClientError as problem:
            # 503 has the vendor send it again; what it cannot find is not worth nine tries.
            return 400 if problem.kind == "refused" else 503
        except (ValueError, LookupError, TypeError):  # not a webhook, or not of anything that is known
            return 400
        return 200

    def state_of(self, vendor: Vendor, id: str) -> int | str | None:
        """What the last webhook led to."""
        return self._known.get(id)

    def _present(self, vendor: Vendor, id: str) -> int | str:
        if vendor == "pymetrics":
            return str(self.get_order(id)["status"])
        return int(self.get_assessment(id)["assessmentState"])

    # The wire.

    def _patiently(self, ask: Callable[[], Any], tries: int = TRIES) -> Any:
        """Ask until it works out, as long as waiting makes sense."""
        until = time.monotonic() + PATIENCE
        for number in range(tries):
            try:
                return ask()
            except ClientError as problem:
                wait = problem.wait if isinstance(problem, _NotNow) else None
                pause = PAUSE * 2**number if wait is None else wait
                last = number + 1 == tries or time.monotonic() + pause > until
                if problem.kind == "refused" or last:
                    raise
                time.sleep(pause)
        raise AssertionError("the last round returns or raises")

    def _ask(self, method: str, path: str, body: Any, headers: Mapping[str, str], check: Check) -> Any:
        """One request; its answer, when it is what the vendor promises."""
        content = {} if body is None else {"json": body}
        try:
            answer = self._http.request(
                method,
                self._base_url + path,
                headers=dict(headers),
                timeout=self._timeout,
                allow_redirects=False,
                **content,
            )
        except requests.RequestException as problem:
            raise _NotNow(f"{type(problem).__name__}: {problem}") from problem
        told = _parsed(answer)
        if not 200 <= answer.status_code < 300:
            raise _refusal(answer, told)
        if not check(told):
            raise ClientError("unreadable", f"not what was promised: {answer.text[:200]!r}", answer.status_code)
        return told


def _parsed(answer: requests.Response) -> Any:
    try:
        return json.loads(answer.content)
    except ValueError:
        return None


def _refusal(answer: requests.Response, told: Any) -> ClientError:
    """What a status that is no success means."""
    if answer.status_code in LATER or (isinstance(told, dict) and told.get("recoverable") is True):
        seconds = answer.headers.get("retry-after", "")
        return _NotNow(answer.text[:500], answer.status_code, int(seconds) if seconds.isdigit() else None)
    return ClientError("refused", answer.text[:500], answer.status_code)


def _of(body: Any, member: str) -> Any:
    return body.get(member) if isinstance(body, dict) else None


def _with(member: str, kind: type) -> Check:
    return lambda body: isinstance(_of(body, member), kind)


def _is_order(body: Any) -> bool:
    return isinstance(_of(body, "id"), str) and isinstance(_of(body, "status"), str)


def _is_assessment(body: Any) -> bool:
    return isinstance(_of(body, "assessmentId"), str)


def _subject(vendor: Vendor, request: Request) -> str:
    """Whom a webhook is about; ValueError, LookupError or TypeError when it does not say."""
    is_json = request["headers"].get("content-type", "").startswith("application/json")
    if vendor == "pymetrics":
        found = json.loads(request["body"])["data"]["id"]
    elif is_json:
        found = json.loads(request["body"])["eventDetails"]["assessmentId"]
    else:
        found = parse_qs(request["body"], strict_parsing=True)["assessmentId"][0]
    if not isinstance(found, str) or not found:
        raise ValueError("the id is no text")
    return found
