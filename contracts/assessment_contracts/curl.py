"""The shortest curl script that shows a failure: what was said, with ids and tokens taken from the answers."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from assessment_contracts.wire import Answer, Exchange

TOKEN_CALL = "/oauth/token"  # noqa: S105  a path
NOTHING: Mapping[str, str] = MappingProxyType({})
_MEMBER = re.compile(r'"(\w+)": *"?([^",{}\[\]]+)')
_ISSUED = re.compile(r"""(["']access_token["']\s*:\s*["'])[^"']+""")
"""A token, as JSON or Python writes it."""
_QUIET = frozenset({"accept", "content-length", "host", "accept-encoding"})


def script(base: str, exchanges: Sequence[Exchange], why: str = "", secrets: Mapping[str, str] = NOTHING) -> str:
    """A POSIX shell script that repeats the exchanges and shows each answer.

    `secrets` gives, for each value that must not be shown, the shell variable that holds it.
    """
    known = dict(secrets)
    lines = ["#!/bin/sh", *(f"# {line}" for line in why.splitlines()), f"BASE=${{BASE:-{shlex.quote(base)}}}"]
    lines += [f': "${{{name}:?set it to the credential of that name}}"' for name in secrets.values()]
    needed = list(_needed(exchanges))
    if any(exchange.to_client for exchange in needed):
        lines.append(': "${HOOK:?set it to the address at which your client takes webhooks}"')
    lines.append("")
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
    words.append('"$HOOK"' if exchange.to_client else '"$BASE"' + _quoted(exchange.path, known))
    told = f"answered {_short(exchange.answer, known)}" if exchange.answer else exchange.error
    takes = dict(_taken(number, exchange, known, later))
    lines = [f"# {number}. {told}"]
    if not takes:
        return [*lines, " ".join(words) + "; echo", ""]
    lines.append(f"ANSWER=$({' '.join(words)}); printf '%s\\n' \"$ANSWER\"")
    lines += [f"{variable}=$(printf '%s\\n' \"$ANSWER\" | {command})" for variable, command in takes.items()]
    return [*lines, ""]


def _short(answer: Answer, known: dict[str, str]) -> str:
    """An answer in a line."""
    text = " ".join(answer.text.split()) if answer.body.isascii() or answer.body[:1] in b"{[" else "(binary)"
    for value, name in known.items():
        text = text.replace(value, f"${name}")
    text = without_tokens(text)
    return f"{answer.status}: {text[:300]}" if text else str(answer.status)


def without_tokens(text: str) -> str:
    """A text that shows no token: at a vendor it opens the account for an hour."""
    return _ISSUED.sub(lambda found: f"{found[1]}***", text)


def _taken(
    number: int, exchange: Exchange, known: dict[str, str], later: Sequence[Exchange]
) -> Iterator[tuple[str, str]]:
    """What of an answer later requests use, as (variable, the command that takes it out)."""
    answer = exchange.answer
    if answer is None or not answer.body.startswith(b"{") or exchange.path == "/_simulator/sandboxes":
        return
    wanted = " ".join(_told(one) for one in later)
    for found in _MEMBER.finditer(answer.text):
        member, value = found.groups()
        if len(value) > 3 and any(map(str.isdigit, value)) and value in wanted and value not in known:
            place = 1 + sum(1 for one in _MEMBER.finditer(answer.text[: found.start()]) if one[1] == member)
            known[value] = f"{member.upper()}_{number}_{place}"
            yield known[value], _extract(member, place)


def _told(exchange: Exchange) -> str:
    """Where what earlier answers told is used: a webhook tells of an invitation, all else asks for it by its path."""
    body = exchange.body.decode("utf-8", "replace") if exchange.to_client else ""
    return exchange.path + " ".join(exchange.headers.values()) + body


def _quoted(text: str, known: dict[str, str]) -> str:
    """Shell-quoted, with the known values as variables."""
    if not known:
        return shlex.quote(text)
    parts = re.split("|".join(f"({re.escape(value)})" for value in sorted(known, key=len, reverse=True)), text)
    return "".join(f'"${known[part]}"' if part in known else shlex.quote(part) for part in parts if part)


def _extract(member: str, place: int = 1) -> str:
    """Take the value of a member out of JSON, at the given one of its places."""
    return f'grep -o \'"{member}": *"\\{{0,1\\}}[^",}}]*\' | sed -n \'{place}s/.*: *"\\{{0,1\\}}//p\''
