"""Verifies webhooks with the package of PyPI: rows of `[secret, headers, body]` in, what came of each out, as JSON."""

import json
import sys

from standardwebhooks import Webhook


def verified(secret: str, headers: dict[str, str], body: str) -> str:
    """`ok`, or the error."""
    try:
        Webhook(secret).verify(body, headers)
    except Exception as problem:  # noqa: BLE001  whatever the library raises is the answer
        return f"{type(problem).__name__}: {problem}"
    return "ok"


json.dump([verified(*row) for row in json.load(sys.stdin)], sys.stdout)
