"""One sandbox of a simulator, or a vendor's account: what the contracts call."""

import json as stdlib_json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urlencode

from assessment_contracts.wire import MISSING, Answer, Connection

Auth = Literal["pymetrics", "predictive_index"]
CONTROL = "/_simulator"
ASSESSMENTS_PATH = "/api/v1/behavioralassessments"
TOKEN_PATH = "/mercury/oauth/token"  # noqa: S105  a path
_SEAL = re.compile(r"\.[0-9a-f]{24}\.")


@dataclass(frozen=True, slots=True)
class PymetricsKeys:
    """The credentials of pymetrics."""

    client_id: str
    client_secret: str
    api_key: str


@dataclass(frozen=True, slots=True)
class PiKeys:
    """The credentials of The Predictive Index."""

    api_key: str


class Memo(dict[str, Any]):
    """What a vendor's properties create or find out once; `stored` is called for each."""

    stored: Callable[[], None] = staticmethod(lambda: None)

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self.stored()


@dataclass
class Sandbox:
    """Calls with the keys of one sandbox or account; `control_headers` is None where there is no control API."""

    name: str
    pymetrics: PymetricsKeys
    predictive_index: PiKeys
    connection: Connection
    control_headers: Mapping[str, str] | None = None
    memo: Memo = field(default_factory=Memo)
    words: int = 0
    """How many unused texts were made for this sandbox."""
    _token: str | None = None

    def call(
        self, method: str, path: str, *, headers: Mapping[str, str | None] | None = None,
        query: Mapping[str, Any] | None = None, json: Any = MISSING, content: bytes | None = None,
        media_type: str | None = None, auth: Auth | None = None,
    ) -> Answer:  # fmt: skip
        """One request. `auth` adds that vendor's credentials; `headers` win over them, None takes one away."""
        body = content if content is not None else b"" if json is MISSING else dumps(json)
        sent: dict[str, str | None] = {"Accept": "*/*"}
        if json is not MISSING or media_type:
            sent["Content-Type"] = media_type or "application/json"
        if auth is not None:
            sent |= self._credentials(auth, given=frozenset(headers or ()))
        sent |= headers or {}
        target = quote(path, safe="/%:@!$&'()*+,;=~-._") + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        return self.connection.request(method, target, {n: v for n, v in sent.items() if v is not None}, body)

    def body_of_head(self, path: str, auth: Auth) -> bytes:
        """The bytes that follow the head of the answer to HEAD."""
        sent = {name: value for name, value in self._credentials(auth, given=frozenset()).items() if value is not None}
        return self.connection.body_of_head(path, sent)

    def _credentials(self, auth: Auth, given: frozenset[str]) -> dict[str, str | None]:
        if auth == "predictive_index":
            return {"api-key": self.predictive_index.api_key}
        credentials: dict[str, str | None] = {"X-Api-Key": self.pymetrics.api_key}
        if "Authorization" not in given:
            credentials["Authorization"] = f"Bearer {self.token()}"
        return credentials

    @property
    def known_token(self) -> str | None:
        """The token that the next call uses, if there is one."""
        return self._token

    def token(self) -> str:
        """A pymetrics bearer token, requested once."""
        if self._token is None:
            answer = self.request_token()
            assert answer.status == 201, f"the token call answered {answer.status}: {answer.text[:200]}"
            self._token = str(answer.json["access_token"])
        return self._token

    def request_token(self) -> Answer:
        """The answer of pymetrics to a token request."""
        keys = self.pymetrics
        body = {"client_id": keys.client_id, "client_secret": keys.client_secret, "grant_type": "client_credentials"}
        return self.call("POST", TOKEN_PATH, json=body, headers={"X-Api-Key": keys.api_key})

    def list_assessments(self) -> Answer:
        """The answer of The Predictive Index to a request for one assessment of the list."""
        return self.call("GET", ASSESSMENTS_PATH, query={"$top": 1}, auth="predictive_index")

    def forget_token(self) -> None:
        """Ask for a new token before the next call."""
        self._token = None

    # The control API, where there is one.

    def control(self, method: str, suffix: str = "", json: Any = MISSING) -> Answer:
        """One call of the control API, under this sandbox."""
        assert self.control_headers is not None, "the target has no control API"
        return self.call(
            method, f"{CONTROL}/sandboxes/{self.name}{suffix}", json=json, headers=dict(self.control_headers)
        )

    def control_json(self, method: str, suffix: str, json: Any = MISSING) -> Any:
        """The JSON of a control call; AssertionError if it is refused."""
        answer = self.control(method, suffix, json)
        assert answer.status < 400, f"{method} {suffix} was refused ({answer.status}): {answer.text[:300]}"
        return answer.json if answer.body else None

    def advance(self, duration: str) -> Any:
        """Advance the clock by an ISO 8601 duration; returns `{now, mode, events}`."""
        return self.control_json("POST", "/clock", {"advance": duration})

    def freeze(self, instant: str) -> Any:
        """Freeze the clock at an instant."""
        return self.control_json("POST", "/clock", {"freeze": instant})

    def act(self, id: str, action: str, **body: Any) -> Any:
        """Do what a candidate would; returns the invitation as it is then."""
        return self.control_json("POST", f"/invitations/{id}/{action}", body or MISSING)

    def config(self, **changes: Any) -> Any:
        """Change settings; returns all of them."""
        return self.control_json("PATCH", "/config", changes)

    def reset(self) -> None:
        """Restore the initial state; the token becomes invalid."""
        self.control_json("POST", "/reset")
        self.forget_token()
        self.memo.clear()
        self.words = 0


def unsealed(value: Any) -> Any:
    """JSON values without the seals of links, which differ after a reset."""
    return stdlib_json.loads(_SEAL.sub("..", stdlib_json.dumps(value)))


def dumps(value: Any) -> bytes:
    """JSON in UTF-8; a lone surrogate stays an escape."""
    try:
        return stdlib_json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return stdlib_json.dumps(value).encode()
