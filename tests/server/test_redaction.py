"""Redaction: secrets in bodies, headers, queries and links are hidden in every view of a call."""

import json
import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assessment_simulator.journal.redaction import Mask
from tests.server import assessment, order, problem
from tests.servers import Listener, Sandbox

PI = "/api/v1/behavioralassessments"


def hidden(text: str) -> str:
    return Mask("ada").body(text)


BODIES = {
    '{"client_id": "sim-a", "client_secret":  "b"}': '{"client_id": "sim-a", "client_secret":  "***"}',
    '{"n": 1.0, "Password": "b", "a": 1}': '{"n": 1.0, "Password": "***", "a": 1}',
    '{"a": [{"api-key": "b"}], "x_api_key": "c"}': '{"a": [{"api-key": "***"}], "x_api_key": "***"}',
    '{"client_secret": "a\\"b"}': '{"client_secret": "***"}',
    '{"client_secret": 7, "token": null, "secret": ""}': '{"client_secret": "***", "token": null, "secret": ""}',
    '{"client_secret": ["a", {"b": "c"}]}': '{"client_secret":"***"}',
    '{"client\\u005fsecret": "a"}': '{"client_secret":"***"}',
    '{"client_secret": "a", "client_secret": "b"}': '{"client_secret": "***", "client_secret": "***"}',
    '{"client_secret": "cut o': '{"client_secret": "***"',
    '{"client_secret": "cut o\\': '{"client_secret": "***"',
    'no JSON, "access_token" : "a", none': 'no JSON, "access_token" : "***", none',
    "client_id=sim-a&client_secret=b+c": "client_id=sim-a&client_secret=***",
    "url=https%3A%2F%2Fu%3Ap%40h%2Fx&a=%20": "url=https://***@h/x&a=%20",
    '{"url": "https://u:p@h/x?y=a@b"}': '{"url": "https://***@h/x?y=a@b"}',
    '{"url": "https:\\/\\/u:p@h"}': '{"url": "https:\\/\\/***@h"}',
    '{"url": "https://u:p\\u0040h"}': '{"url":"https://***@h"}',
    '{"url": "https://u@h", "email": "u@h"}': '{"url": "https://***@h", "email": "u@h"}',
    '{"link": "http://h/ada.0123456789abcdef01234567.id"}': '{"link": "http://h/ada.***.id"}',
    '{"hook": "https://h/x?a=1&Token=b%20c#d", "n": 1.0}': '{"hook": "https://h/x?a=1&Token=***#d", "n": 1.0}',
    '{"hook": "https://h/x?api%5Fkey=b"}': '{"hook": "https://h/x?api%5Fkey=***"}',
    '{"hook": "https://h/x?a=1\\u0026token=b"}': '{"hook":"https://h/x?a=1&token=***"}',
    '{"text": "see http://h/?password=b or not; token=?"}': '{"text": "see http://h/?password=*** or not; token=?"}',
    "hook=https%3A%2F%2Fh%2F%3Ftoken%3Db%26a%3Dc": "hook=https://h/%3Ftoken%3D***%26a%3Dc",
    f'{{"name": "sim-ada.0.{"0a" * 20}"}}': '{"name": "***"}',
    f'{{"name": "as Bearer sim-ada.12.{"0a" * 20}, that is"}}': '{"name": "as Bearer ***, that is"}',
    f'{{"name": "sim-ada.12.{"0a" * 21}"}}': f'{{"name": "sim-ada.12.{"0a" * 21}"}}',
    '{"token_type": "Bearer", "expires_in": 1}': '{"token_type": "Bearer", "expires_in": 1}',
    '{"Authorization": "Bearer abc"}': '{"Authorization":"***"}',
    '"client_secret"': '"client_secret"',
    '{"client_secret": "***"}': '{"client_secret": "***"}',
}


@pytest.mark.parametrize(("text", "shown"), BODIES.items(), ids=BODIES)
def test_secrets_in_a_body_are_hidden(text: str, shown: str) -> None:
    assert hidden(text) == shown


HEADERS = {
    ("Authorization", "Bearer abc"): "Bearer ***",
    ("authorization", "Basic dTpw"): "Basic ***",
    ("authorization", "abc"): "***",
    ("authorization", ""): "",
    ("X-Api-Key", "sim-ada"): "***",
    ("api-key", "sim-ada"): "***",
    ("X-Auth-Token", "abc"): "***",
    ("cookie", "a=b"): "***",
    ("set-cookie", "a=b"): "***",
    ("proxy-authorization", "Basic dTpw"): "***",
    ("referer", "http://u:p@h/"): "http://***@h/",
    ("content-type", "application/json"): "application/json",
}


@pytest.mark.parametrize(("header", "shown"), HEADERS.items(), ids=map(str, HEADERS))
def test_secrets_in_a_header_are_hidden(header: tuple[str, str], shown: str) -> None:
    assert Mask("ada").header(*header) == shown


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON_VALUES, st.sampled_from([None, 2]))
def test_text_without_a_secret_is_unchanged(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    words = text.lower().replace("_", "").replace("-", "")
    if not any(word in words for word in ("secret", "token", "password", "apikey", "@")):
        assert hidden(text) == text


@given(st.text())
def test_masking_twice_changes_nothing(text: str) -> None:
    assert hidden(hidden(text)) == hidden(text)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", ["a", '"', "\\", ":", "://", '"secret"', '"secret":"', "&=", " ", "[", "https://a@"])
def test_long_text_takes_linear_time(piece: str) -> None:
    hidden(piece * (1_000_000 // len(piece)))


# Over HTTP, in every view.

SECRET = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789._~$'\"\\%&`!", min_size=8, max_size=20).map("Qz9".__add__)
NAMES = st.sampled_from(
    ["client_secret", "access_token", "token", "password", "assessmentPassword", "webhook_secret", "api_key", "secret"]
)
HEADER_NAMES = st.sampled_from(["x-api-key", "cookie", "proxy-authorization"])


def written(form: str, name: str, secret: str) -> tuple[bytes, str]:
    """A body that holds the secret, and its media type."""
    if form == "form":
        return urlencode({"a": "1", name: secret}).encode(), "application/x-www-form-urlencoded"
    text = json.dumps({"a": [{"b": {name: secret}}]})
    return (text[:-3] if form == "cut" else text).encode() + (b"\xff" if form == "no text" else b""), "application/json"


def views(sandbox: Sandbox, id: str) -> list[str]:
    wanted = {"request": {"id": id, "path": "/nowhere"}, "within": "PT0S"}
    nearest = sandbox.control("POST", "/await", wanted)
    problem(nearest, 408)
    found = sandbox.control("POST", "/await", {"request": {"id": id}})
    assert found.status_code == 200
    paths = ("/journal", f"/journal/{id}", "/journal.har", f"/journal/{id}.sh")
    return [found.text, nearest.text, *(sandbox.control("GET", path).text for path in paths)]


def spellings(secret: str) -> set[str]:
    """The secret as a text, in JSON, in a URL, for the shell."""
    return {secret, json.dumps(secret)[1:-1], json.dumps(json.dumps(secret)[1:-1])[1:-1], quote(secret, safe="")}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    SECRET, NAMES, HEADER_NAMES, st.sampled_from(["JSON", "cut", "form", "no text"]),
    st.sampled_from(["Bearer", "Basic", "bearer"]),
)  # fmt: skip
def test_no_view_shows_a_secret_of_a_call(
    sandbox: Sandbox, secret: str, name: str, header: str, form: str, scheme: str
) -> None:
    body, media_type = written(form, name, secret)
    headers = {"content-type": media_type, header: secret, "authorization": f"{scheme} {secret}"}
    sandbox.pi.post(f"{PI}?{urlencode({name: secret, 'b': 'c'})}", content=body, headers=headers)
    id = sandbox.control_json("GET", "/journal")[-1]["id"]
    for view in views(sandbox, id):
        assert id in view
        assert [one for one in spellings(secret) if one in view] == []


def test_no_view_shows_a_seal_token_or_password_of_a_response(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.control_json("PATCH", "/config", {"progress": "PT0S"})
    made = order(sandbox)
    hook = f"http://ada:open%20sesame@{listener.url.removeprefix('http://')}/done"
    invited = assessment(sandbox, assessmentStatusWebHook=hook)
    whole = sandbox.pymetrics.get(f"/mercury/getOrder/{made['id']}?report=true").json()
    report = whole["reports"][0]["download_url"]
    assert sandbox.http.get(report).status_code == 200
    seal, other = (re.findall(r"\.([0-9a-f]{24})\.", link)[0] for link in (report, invited["assessmentUrl"]))
    token = sandbox.pymetrics.headers["Authorization"].removeprefix("Bearer ")
    secrets = (seal, other, token, "open%20sesame", "b3BlbiBzZXNhbWU", f'"{invited["assessmentPassword"]}"')
    listener.wait_for(1)
    hooked = sandbox.control_json("POST", "/await", {"webhook": {"state": "delivered"}})
    assert dict(hooked["attempts"][0]["request"]["headers"])["authorization"] == "Basic ***"
    assert hooked["url"].startswith("http://***@")
    shown = [json.dumps(hooked)]
    for call in sandbox.control_json("GET", "/journal"):
        shown += views(sandbox, call["id"])
    for secret in secrets:
        assert [view for view in shown if secret in view] == [], secret
    assert [call["operation"] for call in sandbox.control_json("GET", "/journal")].count("download_report") == 1
