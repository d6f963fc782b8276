"""Every rule of pymetrics as plain data: a change to a good request that keeps the rule, and one that breaks it.

A change maps a place (`body.candidate.email`, `header.x-api-key`, `query.report`, `path.uuid`) to what stands there
instead. The words `{order}`, `{token}`, `{stranger}` and `{ticket}` stand for an order's id, the sandbox's token,
another sandbox's token, and the last segment of a report's link.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ABSENT: Any = "ABSENT"
"""The member is left out."""

UNFINISHED = "{unfinished}"
"""Stands for the id of another order, which nothing has happened to; it is there for rows that name it."""
GAMES = "6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10"
REASONING = "2f1d9e0a-5c7b-4b7e-9a61-7c0f4b8e1d22"


@dataclass(frozen=True)
class Request:
    """A request that keeps every rule; `params` are those in its path."""

    headers: Mapping[str, str]
    params: Mapping[str, str] = field(default_factory=dict)
    body: Any = ABSENT
    query: Mapping[str, str] = field(default_factory=dict)


_ACCESS = {"x-api-key": "sim-{name}", "authorization": "Bearer {token}"}
ORDER = {
    "candidate": {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "external_id": "c-1"},
    "assessment_id": GAMES,
    "application_id": "a-1",
    "send_email": False,
    "requisition_id": "r-1",
    "requisition_title": "Engineer",
    "metadata": {"colour": "blue"},
    "candidate_redirect_url": "https://ats.example.com/back?x=1",
}

_CLIENT = {"client_id": "sim-{name}", "client_secret": "any", "grant_type": "client_credentials"}
_ID = {"uuid": "{order}"}

REQUESTS = {
    "create_token": Request({}, body=_CLIENT),
    "get_configuration": Request(_ACCESS),
    "create_order": Request(_ACCESS, body=ORDER),
    "get_order": Request(_ACCESS, _ID),
    "list_orders": Request(_ACCESS, body={"job_application_id": "a-1"}),
    "create_token_v2": Request({}, body=_CLIENT),
    "get_configuration_v2": Request(_ACCESS),
    "create_order_v2": Request(_ACCESS, body=ORDER),
    "get_order_v2": Request(_ACCESS, _ID),
    "list_orders_v2": Request(_ACCESS, query={"job_application_id": "a-1"}),
    "get_factor_content": Request(_ACCESS, _ID),
    "get_capability_content": Request(_ACCESS, {**_ID, "type": "recruiter"}),
    "download_report": Request({}, {"ticket": "{ticket}"}),
}

Change = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One rule, the request that it is tried on, both changes, and the status of the refusal.

    Places besides those of a request: `raw` (the body's text), `form` (the body goes as a form), `advance` (how far
    the clock moves first) and `recent` (calls made in the minute before).
    `config` is set before; `actions` happen to the order before.
    """

    rule: str
    request: str
    kept: Change
    broken: Change
    status: int = 400
    config: Mapping[str, Any] = field(default_factory=dict)
    actions: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.rule} on {self.request}: {str(self.broken)[:60]}"


def _on_all(rule: str, status: int, kept: Change, *broken: Change, **more: Any) -> list[Row]:
    guarded = [name for name, request in REQUESTS.items() if request.headers]
    return [
        Row(rule, name, kept, one, status, actions=("complete",) if name.endswith("content") else (), **more)
        for name in guarded
        for one in broken
    ]


_NO_OBJECTS: tuple[Any, ...] = ([], "text", 5, True, None)


def _body(prefix: str, request: str) -> list[Row]:
    return [
        Row(f"{prefix}.body.json", request, {}, {"raw": '{"candidate": '}),
        Row(f"{prefix}.body.json", request, {}, {"body": ABSENT}),
        *(Row(f"{prefix}.body.object", request, {}, {"body": value}) for value in _NO_OBJECTS),
    ]


def _missing(rule: str, request: str, place: str) -> list[Row]:
    return [Row(rule, request, {}, {place: value}) for value in (ABSENT, None)]


_WRONG: dict[str, tuple[Any, ...]] = {
    "string": (5, True, 1.5, ["text"], {"a": "b"}),
    "boolean": ("true", 1, 0, [True], {}),
    "object": ("text", 5, [], [["a", "b"]], False),
}
_TYPES = {
    "token": ("create_token", {"client_id": "string", "client_secret": "string", "grant_type": "string"}),
    "order": ("create_order", {
        "candidate": "object", "candidate.email": "string", "candidate.first_name": "string",
        "candidate.last_name": "string", "candidate.external_id": "string", "assessment_id": "string",
        "application_id": "string", "send_email": "boolean", "requisition_id": "string",
        "requisition_title": "string", "metadata": "object", "candidate_redirect_url": "string",
    }),
    "list": ("list_orders", {"job_application_id": "string", "candidate_id": "string"}),
}  # fmt: skip
_NEEDED = (
    "client_id", "client_secret", "grant_type", "candidate", "candidate.email", "assessment_id", "application_id",
)  # fmt: skip


def _types() -> list[Row]:
    return [
        Row(
            f"pymetrics.{noun}.{member}.type", request,
            {} if member in _NEEDED else {f"body.{member}": None, "body.job_application_id": "a-1"},
            {f"body.{member}": wrong},
        )
        for noun, (request, members) in _TYPES.items()
        for member, kind in members.items()
        for wrong in _WRONG[kind]
    ]  # fmt: skip


_URL = "body.candidate_redirect_url"
_LONGEST = "https://example.com/" + "a" * (65_536 - 20)

ROWS: tuple[Row, ...] = (
    *_on_all("pymetrics.access.key", 403, {}, *({"header.x-api-key": key} for key in (ABSENT, "", "nobody", "sim-"))),
    *_on_all("pymetrics.access.rate", 429, {"recent": 2}, {"recent": 3}, config={"rate_limit": 3}),
    *_on_all(
        "pymetrics.access.bearer", 401, {"header.authorization": "bearer {token}"},
        *({"header.authorization": value} for value in (ABSENT, "", "Bearer", "Bearer ", "Basic {token}", "{token}")),
    ),
    *_on_all(
        "pymetrics.access.token.known", 401, {},
        *({"header.authorization": f"Bearer {token}"} for token in (
            "{stranger}", "{token}0", "{token} {token}", "x", "sim-{name}", "sim-{name}.1.2.3", "...", "é.é.é.é",
            "sim-{name}.1.2.é", "{token}.{token}",
        )),
    ),
    *_on_all("pymetrics.access.token.live", 401, {"advance": "PT59M59S"}, {"advance": "PT1H"}, {"advance": "P1D"}),
    *_body("pymetrics.token", "create_token"),
    *_body("pymetrics.order", "create_order"),
    *_body("pymetrics.list", "list_orders"),
    Row("pymetrics.order.body.json", "create_order", {}, {"form": True, "body": {"application_id": "a-1"}}),
    Row("pymetrics.list.body.json", "list_orders", {}, {"form": True}),
    Row(
        "pymetrics.token.media_type", "create_token", {}, {"form": True},
        config={"behaviour": {"pymetrics.token_form_body": "refused"}},
    ),
    *(
        row
        for member in ("client_id", "client_secret", "grant_type")
        for row in _missing(f"pymetrics.token.{member}.required", "create_token", f"body.{member}")
    ),
    *(
        Row("pymetrics.token.grant_type.value", "create_token", {"form": True}, {"body.grant_type": value})
        for value in ("", "password", "Client_Credentials", "client_credentials ")
    ),
    *(
        Row("pymetrics.token.client", "create_token", {"body.client_secret": "another"}, broken, 401)
        for broken in ({"body.client_id": "nobody"}, {"body.client_id": ""}, {"body.client_secret": ""})
    ),
    *(
        row
        for member in ("candidate", "candidate.email", "assessment_id", "application_id")
        for row in _missing(f"pymetrics.order.{member}.required", "create_order", f"body.{member}")
    ),
    *(
        Row("pymetrics.order.candidate.email.empty", "create_order", {"body.candidate.email": "no at"}, broken)
        for broken in ({"body.candidate.email": blank} for blank in ("", " \t\n", "\u00a0", "\u200b\u3000"))
    ),
    *(
        Row("pymetrics.order.assessment_id.known", "create_order", {"body.assessment_id": kept}, broken)
        for kept in (REASONING, REASONING.upper())
        for broken in ({"body.assessment_id": id} for id in ("", "core", f" {GAMES}", GAMES.replace("-", "")))
    ),
    *(
        Row(f"pymetrics.order.candidate.{name}.blank", request, {place: ""}, {place: blank})
        for request in ("create_order", "create_order_v2")
        for name in ("first_name", "last_name")
        for place in (f"body.candidate.{name}",)
        for blank in (" ", "\t\n", "\u00a0", "\u2003\u3000", "\u200b")
    ),
    *_types(),
    Row(
        "pymetrics.order.application_id.required", "create_order",
        {"body.application_id": ""}, {"body.application_id": None},
    ),
    Row("pymetrics.order.candidate_redirect_url.length", "create_order", {_URL: _LONGEST}, {_URL: f"{_LONGEST}a"}),
    *(
        Row("pymetrics.order.candidate_redirect_url.url", "create_order", {_URL: good}, {_URL: bad})
        for good, bad in (
            ("https://example.com", "www.example.com/back"), ("ftp://example.com/x", "/back"),
            ("myapp://back/here", "mailto:ada@example.com"), (None, "javascript:alert(1)"),
            (ABSENT, "https://exa mple.com"), ("http://[::1]:8/", "http://[::1"), ("HTTPS://EXAMPLE.COM", "http://a:99999"),
        )
    ),
    *(
        Row("pymetrics.get.known", "get_order", {}, {"path.uuid": id}, 404)
        for id in ("6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10", "x", "{order}x", "é", "a/b")
    ),
    *(
        Row("pymetrics.get.report", "get_order", {"query.report": good}, {"query.report": bad}, actions=("complete",))
        for good, bad in (
            ("true", "maybe"), ("True", "2"), ("FALSE", "null"), ("", " "), ("1", "truee"), ("off", "tr ue"),
            ("Y", "é"), (ABSENT, "-1"),
        )
    ),
    *(
        Row("pymetrics.list.filter", "list_orders", kept, broken)
        for kept, broken in (
            ({"body": {"candidate_id": "c-1"}}, {"body": {}}),
            ({"body": {"candidate_id": "", "job_application_id": "a-1"}}, {"body": {"candidate_id": ""}}),
            ({"body": {"candidate_id": "nobody"}}, {"body": {"candidate_id": None, "job_application_id": ""}}),
        )
    ),
    *(
        Row("pymetrics.report.link", "download_report", {}, {"path.ticket": ticket}, 403, {}, ("complete",))
        for ticket in ("x", "....", "{ticket}0", "{ticket}.", "{ticket}é", "test.seal.{order}.1.x", ".{ticket}", "é")
    ),
    *(
        Row(f"pymetrics.{rule}", "create_token_v2", {}, broken, status)
        for rule, broken, status in (
            ("token.body.json", {"body": ABSENT}, 400), ("token.grant_type.required", {"body.grant_type": None}, 400),
            ("token.client", {"body.client_id": "nobody"}, 401),
        )
    ),
    Row("pymetrics.order.body.object", "create_order_v2", {}, {"body": []}),
    Row("pymetrics.order.candidate.required", "create_order_v2", {}, {"body.candidate": ABSENT}),
    Row("pymetrics.order.assessment_id.known", "create_order_v2", {}, {"body.assessment_id": "x"}),
    Row("pymetrics.get.known", "get_order_v2", {}, {"path.uuid": "x"}, 404),
    Row("pymetrics.get.report", "get_order_v2", {"query.report": "TRUE"}, {"query.report": "maybe"}),
    *_missing("pymetrics.v2.order.candidate.email.required", "create_order_v2", "body.candidate.email"),
    Row(
        "pymetrics.order.candidate.email.empty", "create_order_v2", {"body.candidate.email": None},
        {"body.candidate.email": ""}, config={"behaviour": {"pymetrics.v2_email": "optional"}},
    ),
    *(
        Row("pymetrics.v2.list.filter", "list_orders_v2", {"query": kept}, {"query": broken})
        for kept, broken in (
            ({"candidate_id": "c-1"}, {}),
            ({"candidate_id": "", "job_application_id": "a-1"}, {"candidate_id": ""}),
            ({"candidate_id": "nobody"}, {"candidate_id": "", "job_application_id": ""}),
            ({"candidate_id": "c-1", "page": "2"}, {"candidateId": "c-1"}),
        )
    ),
    *(
        Row(f"pymetrics.v2.{noun}.known", f"get_{noun}_content", {}, {"path.uuid": id}, 404, {}, ("complete",))
        for noun in ("factor", "capability")
        for id in (GAMES, "x", "é")
    ),
    Row("pymetrics.v2.factor.scores", "get_factor_content", {}, {"path.uuid": UNFINISHED}, 400, {}, ("complete",)),
    Row(
        "pymetrics.v2.capability.scores", "get_capability_content", {}, {"path.uuid": UNFINISHED}, 400, {},
        ("complete",),
    ),
    *(
        Row(
            "pymetrics.v2.capability.type", "get_capability_content", {"path.type": kept}, {"path.type": broken},
            actions=("complete",),
        )
        for kept, broken in (("talent", "Talent"), ("manager", "candidate"), ("recruiter", "recruiter "))
    ),
    Row(
        "pymetrics.report.lapsed", "download_report", {"advance": "PT59M59S"}, {"advance": "PT1H"}, 403, {},
        ("complete",),
    ),
)  # fmt: skip
"""What can be judged without HTTP."""
