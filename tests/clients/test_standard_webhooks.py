"""The Standard Webhooks libraries of PyPI and npm, unmodified, verify our signed webhooks."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import STANDARD_WEBHOOKS, environment, node_environment
from tests.server.clock import act, order, turn
from tests.servers import Listener, Sandbox

HERE = Path(__file__).parent / "standard_webhooks"
PUBLISHED = "whsec_c2ltdWxhdG9yLXdlYmhvb2stc2VjcmV0"
SECRETS: tuple[str | None, ...] = (
    None,
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "whsec_+/+/AAECAwQFBgcICQ==",
    "whsec_+/+/AAECAwQFBgcICQ",
    "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "+/+/AAECAwQFBgcICQ",
)
REFUSED = ("whsec_", "whsec_-_-_AAECAwQFBgcI", "whsec_not Base64!", "whsec_YWJjZ", "whsec_YW\nJj", "whsec_YWJj===")
Row = tuple[str, dict[str, str], str]
pytestmark = pytest.mark.skipif(
    shutil.which("npm") is None and "CI" not in os.environ, reason="wants Node.js 18 or newer, with npm"
)


@pytest.fixture(scope="session")
def libraries() -> dict[str, list[str]]:
    """The commands that verify rows with the two libraries."""
    script = shutil.copy(HERE / "verify.cjs", node_environment("standard-webhooks", HERE))
    return {
        "PyPI": [str(environment(*STANDARD_WEBHOOKS)), str(HERE / "verify.py")],
        "npm": ["node", str(script)],
    }


def verified(command: list[str], rows: list[Row]) -> list[str]:
    """What a library says of each row."""
    done = subprocess.run(command, input=json.dumps(rows), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    said: list[str] = json.loads(done.stdout)
    return said


def signed(sandbox: Sandbox, listener: Listener, secret: str | None, **more: Any) -> list[Row]:
    """The webhooks of a completed order, with what a library needs to verify them."""
    before = len(listener.received)
    sandbox.control_json("PATCH", "/config", {"webhook_url": listener.url, "webhook_secret": secret, **more})
    act(sandbox, order(sandbox, f"{before}@example.com"), "complete")
    return [
        (PUBLISHED if secret is None else secret, dict(received.headers), received.body.decode())
        for received in listener.wait_for(before + 2)[before:]
    ]


def test_both_libraries_verify_webhooks_signed_with_every_form_of_secret(
    libraries: dict[str, list[str]], sandbox: Sandbox, listener: Listener
) -> None:
    rows = [row for secret in SECRETS for row in signed(sandbox, listener, secret)]
    for command in libraries.values():
        assert [*zip([row[0] for row in rows], verified(command, rows), strict=True)] == [
            (row[0], "ok") for row in rows
        ]


def test_both_libraries_verify_webhooks_of_an_advanced_clock_stamped_with_real_time(
    libraries: dict[str, list[str]], sandbox: Sandbox, listener: Listener
) -> None:
    turn(sandbox, freeze="2030-01-01T00:00:00Z")
    rows = signed(sandbox, listener, None) + signed(sandbox, listener, None, webhook_time="real")
    for command in libraries.values():
        said = verified(command, rows)
        assert all("too new" in one for one in said[:2]), said
        assert said[2:] == ["ok", "ok"]


def test_each_refused_secret_is_one_that_a_library_refuses(libraries: dict[str, list[str]], sandbox: Sandbox) -> None:
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
    said = [verified(command, [(secret, headers, "{}") for secret in REFUSED]) for command in libraries.values()]
    # With a key that it takes, a library gets as far as the time stamp.
    taken = [secret for secret, *both in zip(REFUSED, *said, strict=True) if all("too old" in one for one in both)]
    assert taken == []
    answers = [sandbox.control("PATCH", "/config", {"webhook_secret": secret}).status_code for secret in REFUSED]
    assert answers == [422] * len(REFUSED)
