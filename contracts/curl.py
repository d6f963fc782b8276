"""The shortest curl script that shows a failure: what was said, with ids and tokens taken from the answers."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from contracts.wire import Answer, Exchange

TOKEN_CALL = "/oauth/token"  # noqa: S105  a path
NOTHING: Mapping[str, str] = MappingProxyType({})
_QUIET = frozenset({"accept", "content-length", "host", "accept-encoding"})


def script(base: str, exchanges: Sequence[Exchange], why: str = "", secrets: Mapping[str, str] = NOTHING) -> str:
    """A POSIX shell script that repeats the exchanges and shows each answer.

    `secrets` gives, for each value that must not be shown, the shell variable that holds it.
    """
    known = dict(secrets)
    lines = ["#!/bin/sh", *(f"# {line}" for line in why.splitlines()), f"BASE={shlex.quote(base)}"]
    lines += [f': "${{{name}:?set it to the credential of that name}}"' for name in secrets.values()] + [""]
    needed = list(_needed(exchanges))
    if needed and not any(TOKEN_CALL in exchange.path for exchange in needed):
        lines += _token_preamble(needed, known)
    for number, exchange in enumerate(needed, start=1):
        lines += _step(number, exchange, known, needed[number:])
    return "\n".join(lines) + "\n"


def _needed(exchanges: Sequence[Exchange]) -> Iterator[Exchange]:
    """All but the clearing up: the deletion of the sandbox."""
    for exchange in exchanges:
        if not (exchange.method == "DELETE" and exchange.path.startswith("/_simulator/sandboxes/")):
            yield exchange


def _token_preamble(exchanges: Sequence[Exchange], known: dict[str, str]) -> list[str]:
    """A token call, where a bearer token of an earlier example is used."""
    for exchange in exchanges:
        headers = {name.lower(): value for name, value in exchange.headers.items()}
        token = headers.get("authorization", "").removeprefix("Bearer ")
        key = headers.get("x-api-key", "")
        if token and key and token not in known:
            body = _token_body(key, known)
            call = f"curl -sS -H {_quoted(f'X-Api-Key: {key}', known)} --json {body}"
            known[token] = "TOKEN"
            return [f'TOKEN=$({call} "$BASE/mercury/oauth/token" | {_extract("access_token")})', ""]
    return []


def _token_body(key: str, known: dict[str, str]) -> str:
    """What to ask a token with: the account's credentials where they are secret, else what opens the same sandbox."""
    names = {name: value for value, name in known.items()}
    id, secret = names.get("PYMETRICS_CLIENT_ID", key), names.get("PYMETRICS_CLIENT_SECRET", key)
    return _quoted(json.dumps({"client_id": id, "client_secret": secret, "grant_type": "client_credentials"}), known)


def _step(number: int, exchange: Exchange, known: dict[str, str], later: Sequence[Exchange]) -> list[str]:
    words = ["curl -sS -i", "-X", exchange.method]
    for name, value in exchange.headers.items():
        if name.lower() not in _QUIET:
            words += ["-H", _quoted(f"{name}: {value}", known)]
    if exchange.body:
        words += ["--data-binary", _quoted(exchange.body.decode("utf-8", "replace"), known)]
    words.append('"$BASE"' + _quoted(exchange.path, known))
    told = f"answered {_short(exchange.answer, known)}" if exchange.answer else exchange.error
    takes = dict(_taken(number, exchange, known, later))
    lines = [f"# {number}. {told}"]
    if not takes:
        return [*lines, " ".join(words) + "; echo", ""]
    lines.append(f"ANSWER=$({' '.join(words)}); printf '%s\\n' \"$ANSWER\"")
    for variable, member in takes.items():
        lines.append(f"{variable}=$(printf '%s\\n' \"$ANSWER\" | {_extract(member)})")
    return [*lines, ""]


def _short(answer: Answer, known: dict[str, str]) -> str:
    """An answer in a line."""
    text = " ".join(answer.text.split()) if answer.body.isascii() or answer.body[:1] in b"{[" else "(binary)"
    for value, name in known.items():
        text = text.replace(value, f"${name}")
    return f"{answer.status}: {text[:300]}" if text else str(answer.status)


def _taken(
    number: int, exchange: Exchange, known: dict[str, str], later: Sequence[Exchange]
) -> Iterator[tuple[str, str]]:
    """Those members of an answer that later requests use, as (variable, member)."""
    if exchange.answer is None or not exchange.answer.body.startswith(b"{") or exchange.path == "/_simulator/sandboxes":
        return
    try:
        found: Any = json.loads(exchange.answer.body)
    except ValueError:
        return
    for member, value in found.items():
        if isinstance(value, str | int) and not isinstance(value, bool) and len(str(value)) > 3:
            used = any(str(value) in one.path + " ".join(one.headers.values()) for one in later)
            if used and str(value) not in known:
                known[str(value)] = f"{re.sub('[^A-Z]', '', member.upper()) or 'ID'}{number}"
                yield known[str(value)], member


def _quoted(text: str, known: dict[str, str]) -> str:
    """Shell-quoted, with the known values as variables."""
    if not known:
        return shlex.quote(text)
    parts = re.split("|".join(f"({re.escape(value)})" for value in sorted(known, key=len, reverse=True)), text)
    return "".join(f'"${known[part]}"' if part in known else shlex.quote(part) for part in parts if part)


def _extract(member: str) -> str:
    return f'sed -n \'s/.*"{member}": *"\\{{0,1\\}}\\([^",}}]*\\).*/\\1/p\''
