"""What stops newcomers: each mistake is refused in the vendor's own format, with a header that says what to change.

Every rule has two examples that show what it accepts and refuses. All is sent over HTTP, to a server in this process.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx2
import pytest

from assessment_simulator.app import VENDORS
from assessment_simulator.core.vendor import Vendor
from tests.server import GAMES, PERSON, PI, order_body
from tests.servers import Sandbox, served

ORDER = order_body()


@pytest.fixture(scope="module")
def http() -> Iterator[httpx2.Client]:
    """A client of a server in this process."""
    with served() as url, httpx2.Client(base_url=url, timeout=30, trust_env=False) as client:
        yield client


CLIENT: dict[str, Any] = {"client_id": "sim-{name}", "client_secret": "any", "grant_type": "client_credentials"}
SECRET = "Zq7pT4vXc81LmN0s"
SEND_PI, SEND_PYMETRICS = "send api-key: sim-<name>, name in a-z 0-9 -", "send X-Api-Key: sim-<name>, name in a-z 0-9 -"
PI_BASE = "the base URL of The Predictive Index ends in /api/v1"
MERCURY_BASE = "the base URL of pymetrics Mercury ends in /mercury"
TWICE, SLASH = "the base URL is there twice", "the path has a slash at its end"
CREATE, ORDERED = "did you mean POST /api/v1/behavioralassessments?", "did you mean POST /mercury/order?"


class Mistake(NamedTuple):
    """A request, the status and rule of its refusal, and words of its hint; `keys` says whose credentials it has.

    `{name}` and `{token}` stand for the sandbox's name and its access token, `SECRET` for what no hint may repeat.
    """

    status: int
    rule: str
    words: tuple[str, ...]
    method: str
    path: str
    headers: dict[str, str] = {}  # noqa: RUF012  never changed
    json: Any = None
    keys: str = ""


def key(vendor: str, words: str, *more: str, headers: dict[str, str] | None = None, path: str = "") -> Mistake:
    """A request whose key is missing, wrong or in another place."""
    status, rule, usual = (
        (401, "pi.access.key", PI) if vendor == "pi" else (403, "pymetrics.access.key", "/mercury/configuration")
    )
    return Mistake(status, rule, (words, *more), "GET", path or usual, headers or {})


def path(vendor: str, method: str, path: str, *words: str) -> Mistake:
    """A request with good credentials to a path that there is not."""
    return Mistake(404, f"{vendor}.http.route", words, method, path, {}, None if method == "GET" else {}, vendor)


def pi(words: str, *, method: str = "POST", path: str = PI, rule: str = "", status: int = 400, **body: Any) -> Mistake:
    """A request to The Predictive Index with a good key, and members over those of a valid body."""
    sent = {name: value for name, value in {**PERSON, **body}.items() if value is not None}
    return Mistake(status, f"pi.{rule}", (words,), method, path, {}, None if method == "GET" else sent, "pi")


def order(words: str, rule: str, **body: Any) -> Mistake:
    """The same of an order."""
    sent = {name: value for name, value in {**ORDER, **body}.items() if value is not None}
    return Mistake(400, f"pymetrics.order.{rule}", (words,), "POST", "/mercury/order", {}, sent, "pymetrics")


def token(words: str, rule: str, authorization: str | None) -> Mistake:
    """A request with a good API key, and another access token."""
    headers = {"x-api-key": "sim-{name}", **({"authorization": authorization} if authorization is not None else {})}
    return Mistake(401, f"pymetrics.access.{rule}", (words,), "GET", "/mercury/configuration", headers)


def client(words: str, status: int, rule: str, headers: dict[str, str] | None = None, **body: Any) -> Mistake:
    """A request for a token."""
    return Mistake(status, f"pymetrics.token.{rule}", (words,), "POST", "/mercury/oauth/token", headers or {}, body)


MISTAKES = [
    # The key is missing, wrong, or somewhere else.
    key("pi", "the header api-key is missing", SEND_PI),
    key("pi", "this key opens no sandbox", SEND_PI, headers={"api-key": SECRET}),
    key("pi", "the key is empty", SEND_PI, headers={"api-key": "''"}),
    key("pi", "a placeholder was sent", SEND_PI, headers={"api-key": "<your-key>"}),
    key("pi", "no capital letters", "send api-key: sim-my-demo", headers={"api-key": "sim-My-Demo"}),
    key("pi", "no capital letters", "send api-key: sim-demo", headers={"api-key": "SIM-demo"}),
    key("pi", "a-z, 0-9 and - only", "send api-key: sim-my-test", headers={"api-key": "sim-my_test"}),
    key("pi", "longer than 64", SEND_PI, headers={"api-key": f"sim-{'a' * 65}"}),
    key("pi", "this key opens no sandbox", SEND_PI, headers={"api-key": "-" * 60_000}),
    key("pi", "the name after sim- is missing", SEND_PI, headers={"api-key": "sim-"}),
    key("pi", "without quotation marks", "send api-key: sim-hints", headers={"api-key": '"sim-hints"'}),
    key("pi", "without the word Bearer", "send api-key: sim-hints", headers={"api-key": "Bearer sim-hints"}),
    key("pi", "sent twice", SEND_PI, headers={"api-key": "sim-a, sim-b"}),
    key("pi", "in Authorization: Bearer", SEND_PI, headers={"authorization": f"Bearer {SECRET}"}),
    key("pi", "in Authorization: Basic", SEND_PI, headers={"authorization": f"Basic {SECRET}"}),
    key("pi", "in the header x-api-key", SEND_PI, headers={"x-api-key": SECRET}),
    key("pi", "in the header apikey", SEND_PI, headers={"apikey": SECRET}),
    key("pi", "in the header ocp-apim-subscription-key", SEND_PI, headers={"ocp-apim-subscription-key": SECRET}),
    key("pi", "in the parameter api-key of the query", SEND_PI, path=f"{PI}?api-key={SECRET}"),
    key("pi", "in the parameter apikey of the query", SEND_PI, path=f"{PI}?apikey={SECRET}"),
    Mistake(401, "pi.access.key", ("in the member apiKey of the body", SEND_PI), "POST", PI, {}, {"apiKey": SECRET}),
    key("pymetrics", "the header X-Api-Key is missing", SEND_PYMETRICS),
    key("pymetrics", "missing beside the access token", SEND_PYMETRICS, headers={"authorization": f"Bearer {SECRET}"}),
    key("pymetrics", "in Authorization: Bearer", SEND_PYMETRICS, headers={"authorization": "Bearer sim-hints"}),
    key("pymetrics", "in the header api-key", SEND_PYMETRICS, headers={"api-key": SECRET}),
    key("pymetrics", "in the parameter key of the query", path=f"/mercury/configuration?key={SECRET}"),
    key("pymetrics", "this is an access token", SEND_PYMETRICS, headers={"x-api-key": "{token}"}),
    key("pymetrics", "no capital letters", "send X-Api-Key: sim-demo", headers={"x-api-key": "Sim-Demo"}),
    # The access token.
    token("the header Authorization is missing; POST /mercury/oauth/token", "bearer", None),
    token("no token follows the word Bearer", "bearer", "Bearer"),
    token("the word Bearer and a blank must stand before the token", "bearer", SECRET),
    token("another scheme than Bearer", "bearer", f"Basic {SECRET}"),
    token("this is the API key, not an access token", "token.known", "Bearer sim-{name}"),
    token("the token stands alone behind the word Bearer", "token.known", "Bearer Bearer {token}"),
    token("the token is of another sandbox", "token.known", f"Bearer sim-other.0.{'0' * 40}"),
    token("issued before a reset or a restart", "token.known", "Bearer {token}0"),
    token("this token was not issued here", "token.known", f"Bearer {SECRET}"),
    client("seem to be in each other's place", 401, "client",
           **{**CLIENT, "client_id": SECRET, "client_secret": "sim-{name}"}),
    client("send client_id: sim-demo", 401, "client", **{**CLIENT, "client_id": "sim-Demo"}),
    client("send client_id: sim-<name>", 401, "client", **{**CLIENT, "client_id": SECRET}),
    client("client_secret is empty", 401, "client", **{**CLIENT, "client_secret": ""}),
    client("did you mean client_id?", 400, "client_id.required",
           clientId="sim-{name}", client_secret="any", grant_type="client_credentials"),
    client("client_secret_post", 400, "client_id.required", {"authorization": f"Basic {SECRET}"},
           grant_type="client_credentials"),
    # Paths.
    path("pi", "POST", "/behavioralassessments", PI_BASE, CREATE),
    path("pi", "POST", "/v1/behavioralassessments", PI_BASE, CREATE),
    path("pi", "POST", "/api/behavioralassessments", PI_BASE, CREATE),
    path("pi", "POST", "/api/v1/api/v1/behavioralassessments", TWICE, CREATE),
    path("pi", "POST", "/api/v1/http://127.0.0.1:8787/api/v1/behavioralassessments", "a whole URL", CREATE),
    path("pi", "POST", "/api/v1//behavioralassessments", "a slash is doubled", CREATE),
    path("pi", "POST", "/api/v2/behavioralassessments", "the version is another", CREATE),
    path("pi", "POST", "/api/v1/behavioral-assessment", "the path is spelt differently", CREATE),
    path("pi", "GET", "/api/v1/order", "this is a path of pymetrics Mercury"),
    path("pi", "GET", "/api/v1/nothing", "The Predictive Index has /api/v1/behavioralassessments"),
    path("pymetrics", "POST", "/mercury/order/", SLASH, ORDERED),
    path("pymetrics", "POST", "/order", MERCURY_BASE, ORDERED),
    path("pymetrics", "POST", "/oauth/token", MERCURY_BASE, "did you mean POST /mercury/oauth/token?"),
    path("pymetrics", "POST", "/mercury/mercury/order", TWICE, ORDERED),
    path("pymetrics", "POST", "/Mercury/Order", "the path is spelt differently", ORDERED),
    path("pymetrics", "POST", "/mercury//order", "a slash is doubled", ORDERED),
    path("pymetrics", "POST", "/mercury/v2/order", "did you mean POST /mercury/v2/orders?"),
    path("pymetrics", "GET", "/mercury/getOrder", "the path ends before its id", "GET /mercury/getOrder/{uuid}?"),
    path("pymetrics", "GET", "/mercury/order/1f7a", "did you mean GET /mercury/getOrder/{uuid}?"),
    path("pymetrics", "GET", "/mercury/behavioralassessments",
         "this is a path of The Predictive Index, whose base URL ends in /api/v1"),
    # Methods.
    Mistake(405, "pymetrics.http.verb", ("GET is not for this path; there is POST /mercury/order",
                                         "GET /mercury/getOrder/{uuid}"), "GET", "/mercury/order"),
    Mistake(405, "pymetrics.http.verb", ("there is POST /mercury/oauth/token",), "GET", "/mercury/oauth/token"),
    Mistake(405, "pi.http.verb", ("PATCH /api/v1/behavioralassessments/{assessmentId}",), "PUT", f"{PI}/x", {}, {}),
    # Members and values.
    pi("body.first_name is unknown; did you mean firstName?", rule="create.first_name.required",
       firstName=None, first_name="Ada"),
    pi("did you mean email?", rule="create.email.required", email=None, e_mail="ada@example.com"),
    pi("positions here: Account Executive, Customer Success Manager, Software Engineer", rule="create.position.exists",
       associatedPositionTitle="Plumber"),
    pi("did you mean Software Engineer?", rule="create.position.exists", associatedPositionTitle="software engineer"),
    pi("folders here: \\Example Company\\Finance", rule="create.folder.exists", folderPath="Finances"),
    pi("did you mean Former Employee?", rule="create.person_type.value", personType="former employee"),
    pi("did you mean en-US?", rule="create.language.tag", languageLocale="en_US"),
    pi("0 Unknown, 1 Male, 2 Female", rule="create.gender.type", gender="Female"),
    pi("1 for yes, 0 for no", rule="create.notify.type", notifyAssessmentAvailableUsingEmail=True),
    pi("begins with http:// or https://", rule="create.webhook.url", assessmentStatusWebHook=f"x.test/{SECRET}"),
    pi("begins with http:// or https://", rule="create.redirect.url", redirectUrl="client.example"),
    pi("host.docker.internal is known in containers only", status=201,
       assessmentStatusWebHook="http://host.docker.internal:9000/hook"),
    pi("this sandbox is empty", method="GET", path=f"{PI}/00000000-0000-4000-8000-000000000000", rule="get.known",
       status=404),
    pi("a placeholder stands in the path", method="GET", path=f"{PI}/{{assessmentId}}", rule="get.known", status=404),
    order("body.candidate.Email is unknown; did you mean candidate.email?", "candidate.email.required",
          candidate={"Email": "ada@example.com"}),
    order("body.assessmentId is unknown; did you mean assessment_id?", "assessment_id.required",
          assessment_id=None, assessmentId=GAMES),
    order(f"assessment_id is the id, here {GAMES}", "assessment_id.known", assessment_id="Core games"),
    *(Mistake(400, "pymetrics.order.body.object", (words,), "POST", "/mercury/order", {}, body, "pymetrics")
      for words, body in (("without an array", [ORDER]), ("encoded twice", "{}"))),
    Mistake(400, "pymetrics.order.body.object", ("send an object",), "POST", "/mercury/order", {}, 5, "pymetrics"),
    Mistake(400, "pymetrics.order.body.json", ("the request has no body",), "POST", "/mercury/order", keys="pymetrics"),
    Mistake(400, "pymetrics.order.body.json", ("curl sends a form unless you use --json",), "POST", "/mercury/order",
            {"content-type": "application/x-www-form-urlencoded"}, {}, "pymetrics"),
    Mistake(415, "pi.create.media_type", ("curl sends a form unless you use --json",), "POST", PI,
            {"content-type": "application/x-www-form-urlencoded"}, {}, "pi"),
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: f"{one.method} {one.path} {one.words[0]}"[:90])
def test_a_mistake_is_answered_with_a_hint_that_says_what_to_change(
    http: httpx2.Client, sandbox: Sandbox, mistake: Mistake
) -> None:
    caller = {"pi": lambda: sandbox.pi, "pymetrics": lambda: sandbox.pymetrics}.get(mistake.keys)
    right = dict(caller().headers) if caller else {}
    issued = sandbox.pymetrics.headers["Authorization"].removeprefix("Bearer ")

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(one) for name, one in value.items()}
        return value.replace("{name}", sandbox.name).replace("{token}", issued) if isinstance(value, str) else value

    body = {} if mistake.json is None else {"json": filled(mistake.json)}
    headers = {**right, **filled(mistake.headers)}
    answer = http.request(mistake.method, mistake.path, headers=headers, **body)
    hint = answer.headers.get("simulator-hint", "")
    assert answer.status_code == mistake.status, answer.text
    assert all(words in hint.replace("\\\\", "\\") for words in mistake.words), hint
    assert re.fullmatch(r"[ -~]{1,500}", hint)
    assert SECRET not in hint
    assert issued not in hint
    assert "hint" not in answer.text.lower()
    if mistake.status >= 400:
        assert mistake.rule in answer.headers["simulator-rule"].split(", ")
        assert f'<{sandbox.url}/_simulator/rules/{mistake.rule}>; rel="help"' in answer.headers["link"]


def test_closed_access_has_a_hint_about_the_credential_of_the_sandbox() -> None:
    with served("--access", "closed") as url, httpx2.Client(base_url=url, timeout=30) as http:
        hints = [http.get(PI, headers=headers).headers["simulator-hint"] for headers in ({}, {"api-key": "sim-demo"})]
        for secret in ("any", ""):
            body = {**CLIENT, "client_id": "sim-demo", "client_secret": secret}
            hints.append(http.post("/mercury/oauth/token", json=body).headers["simulator-hint"])
        assert hints.pop() == "client_secret is empty; send the one of this client"
        assert all("the credential that opening the sandbox returned" in hint for hint in hints)
        assert "this key is unknown" in hints[1]
        assert not any("sim-" in hint for hint in hints)


def test_a_webhook_url_that_cannot_be_reached_has_a_hint(sandbox: Sandbox) -> None:
    changed = sandbox.control("PATCH", "/config", {"webhook_url": "http://host.docker.internal:9000/"})
    assert "host.docker.internal is known in containers only" in changed.headers["simulator-hint"]
    tried = sandbox.control_json("POST", "/webhook-test", {"url": "http://nobody.docker.internal:9000/"})
    assert "known in containers only" in tried["error"]


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=lambda vendor: vendor.id)
def test_the_page_of_a_rule_shows_a_request_that_it_accepts_and_one_that_only_it_refuses(
    http: httpx2.Client, vendor: Vendor
) -> None:
    catalogue = {rule["id"]: rule for rule in http.get("/_simulator/rules").json()}
    for rule in vendor.rules:
        shown = http.get(f"/_simulator/rules/{rule.id}").json()
        accepted, refused = shown.pop("accepted"), shown.pop("refused")
        assert shown == catalogue[rule.id]
        assert (accepted["status"] < 300, accepted["rules"]) == (True, []), rule.id
        assert (refused["status"], refused["rules"]) == (rule.status, [rule.id])
