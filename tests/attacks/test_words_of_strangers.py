"""Hostile input in pages, mails, files and headers, and the comparison of secrets."""

import ast
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

import assessment_simulator
from assessment_simulator.app import VENDORS
from assessment_simulator.dashboard.routes import Dashboard
from assessment_simulator.http.base_url import BaseUrl
from tests.server import GAMES, ROOT
from tests.servers import Sandbox

MARKUP = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'-alert(1)-'", "<svg/onload=alert(1)>",
    "</textarea><script>alert(1)</script>", "{{7*7}}${7*7}", "javascript:alert(1)", "\u202e<b>\u0000", "]]><x>",
    "--><x>",
]  # fmt: skip
# What of it must never stand in a page as it was written.
RAW = ("<script>alert", "<img src=x", "<svg/onload", "<b>", "<x>")
PAGES = [route.path for route in Dashboard(VENDORS, BaseUrl(), "").routes() if "{name}" in route.path]


def filled(sandbox: Sandbox, word: str) -> dict[str, str]:
    """A sandbox in which every text of a client is this one; the last id of each list."""
    wish = {
        "candidate": {"email": "a@example.com", "first_name": word, "last_name": word, "external_id": word},
        "assessment_id": GAMES, "application_id": word, "requisition_id": word, "requisition_title": word,
        "metadata": {word: word}, "send_email": True,
    }  # fmt: skip
    sandbox.pymetrics.post("/mercury/order", json=wish)
    person = {"firstName": word[:50], "lastName": word[:50], "email": "a@example.com", "externalId": word[:50]}
    made = sandbox.pi.post("/api/v1/behavioralassessments", json=person)
    assert made.status_code == 201, made.text
    sandbox.pi.get(f"/api/v1/behavioralassessments/{quote(word, safe='')}")
    hook = f"http://127.0.0.1:9/{word if word.isprintable() else ''}".replace(" ", "%20")
    sandbox.control("PATCH", "/config", {"positions": [word], "default_webhook_url": hook.replace("\\", "")})
    ids = {kind: [one["id"] for one in sandbox.control_json("GET", f"/{kind}")] for kind in ("invitations", "journal")}
    for id in ids["invitations"]:
        sandbox.control("POST", f"/invitations/{id}/complete")
    deliveries = [one["id"] for one in sandbox.control_json("GET", "/deliveries")]
    return {
        "invitations": ids["invitations"][-1],
        "journal": ids["journal"][-1],
        "deliveries": (deliveries or [""])[-1],
    }


@pytest.mark.parametrize("word", MARKUP)
def test_input_is_escaped_in_every_page(http: httpx2.Client, sandbox: Sandbox, word: str) -> None:
    last = filled(sandbox, word)
    for path in PAGES:
        place = path.replace("{name}", sandbox.name)
        for kind, id in last.items():
            place = place.replace(f"/{kind}/{{id}}", f"/{kind}/{id}")
        answer = http.get(place, params={"q": word}, headers={"accept": "text/html"})
        assert answer.status_code in (200, 404, 422), place
        assert answer.headers["content-type"].startswith("text/html")
        assert "'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert [raw for raw in RAW if raw in word and raw in answer.text] == []
        assert f'href="{word}' not in answer.text
        assert f'src="{word}' not in answer.text


@pytest.mark.parametrize("word", MARKUP)
def test_apis_return_json_only(http: httpx2.Client, sandbox: Sandbox, word: str) -> None:
    filled(sandbox, word)
    for path in ("invitations", "mail", "journal", "journal.har", "config", "deliveries"):
        answer = http.get(f"{ROOT}/{sandbox.name}/{path}", headers={"accept": "text/html"})
        assert answer.headers["content-type"] == "application/json"
    for path in ("/mercury/configuration", "/mercury/nope", "/api/v1/behavioralassessments/<b>"):
        answer = sandbox.pymetrics.get(path, headers={"api-key": sandbox.credential, "accept": "text/html"})
        assert answer.headers["content-type"] == "application/json"


def test_input_cannot_add_response_headers(http: httpx2.Client, sandbox: Sandbox) -> None:
    for word in ("a\r\nset-cookie: x=y", "a\nx: y", "\u2028x: y", "a\x00b"):
        for answer in (
            sandbox.pi.get("/api/v1/behavioralassessments", params={"$filter": word, word: word}),
            http.get("/login", params={"next": word}),
            http.get(f"{ROOT}/{sandbox.name}/journal", params={"since": word}),
            http.get("/", params={"q": word}),
        ):
            assert "set-cookie" not in answer.headers
            assert "x" not in answer.headers
            assert answer.status_code < 500


# Comparing secrets.

PROGRAM = Path(assessment_simulator.__file__).parent
SECRETS = {"_token", "_value", "seal", "secret", "digest"}


def test_secrets_are_compared_in_constant_time() -> None:
    """By the look of the code: in the modules that open something, what is secret goes to `compare_digest` alone."""
    for name in ("http/auth.py", "sandbox/credentials.py", "sandbox/registry.py"):
        for node in ast.walk(ast.parse((PROGRAM / name).read_text())):
            if isinstance(node, ast.Compare) and any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops):
                compared = {
                    part.attr if isinstance(part, ast.Attribute) else getattr(part, "id", "")
                    for side in (node.left, *node.comparators)
                    for part in ast.walk(side)
                }
                assert not compared & SECRETS, f"{name}:{node.lineno}"
