"""The shortest curl script that shows a failure: what was said, with ids and tokens taken from the answers."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from assessment_contracts.wire import Answer, Exchange

_SANDBOXES = "/_simulator/sandboxes"
NOTHING: Mapping[str, str] = MappingProxyType({})
_MEMBER = re.compile(r'"(\w+)": *"?([^",{}\[\]]+)')
_ISSUED = re.compile(r"""(["']access_token["']\s*:\s*["'])[^"']+""")
"""A token, as JSON or Python writes it."""
_QUIET = frozenset({"accept", "content-length", "host", "accept-encoding"})


def script(
    base: str, exchanges: Sequence[Exchange], why: str = "", secrets: Mapping[str, str] = NOTHING,
    setup: Sequence[Exchange] = (),
) -> str:  # fmt: skip
    """A POSIX shell script that repeats the exchanges, after those of `setup`, and shows each answer.

    `secrets` gives, for each value that must not be shown, the shell variable that holds it. A token that was issued in
    one of the exchanges is taken from its answer; any other is shown as it was sent.
    """
    known = dict(secrets)
    needed = [exchange for exchange in (*setup, *exchanges) if not _removes_sandbox(exchange)]
    steps = [_step(number, one, known, needed[number:]) for number, one in enumerate(needed, start=1)]
    if setup:
        steps.insert(0, ["# Setup:"])
        steps.insert(1 + sum(not _removes_sandbox(exchange) for exchange in setup), ["# The example:"])
    text = [line for step in steps for line in step]
    lines = ["#!/bin/sh", *(f"# {line}" for line in why.splitlines()), f"BASE=${{BASE:-{shlex.quote(base)}}}"]
    used = [name for name in secrets.values() if any(f"${name}" in line for line in text)]
    lines += [f': "${{{name}:?set it to the credential of that name}}"' for name in used]
    if any(exchange.to_client for exchange in needed):
        lines.append(': "${HOOK:?set it to the address at which your client takes webhooks}"')
    return "\n".join([*lines, "", *text]) + "\n"


def _removes_sandbox(exchange: Exchange) -> bool:
    """Whether it clears up after an example."""
    return exchange.method == "DELETE" and exchange.path.startswith(f"{_SANDBOXES}/")


def _step(number: int, exchange: Exchange, known: dict[str, str], later: Sequence[Exchange]) -> list[str]:
    headers = []
    for name, value in exchange.headers.items():
        if name.lower() not in _QUIET:
            headers += ["-H", _quoted(f"{name}: {value}", known)]
    words = ["curl -sS -I" if exchange.method == "HEAD" else f"curl -sS -i -X {exchange.method}", *headers]
    if exchange.body:
        words += ["--data-binary", _quoted(exchange.body.decode("utf-8", "replace"), known)]
    words.append('"$HOOK"' if exchange.to_client else '"$BASE"' + _quoted(exchange.path, known))
    told = f"answered {_short(exchange.answer, known)}" if exchange.answer else exchange.error
    takes = dict(_taken(number, exchange, known, later))
    lines = [f"# {number}. {told}"]
    if exchange.method == "POST" and exchange.path == _SANDBOXES and exchange.answer and exchange.answer.status == 201:
        name = json.loads(exchange.body)["name"]  # the script may be run again
        lines.append(" ".join(["curl -sS -o /dev/null -X DELETE", *headers, f'"$BASE{_SANDBOXES}/{name}"']))
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
    if answer is None or not answer.body.startswith(b"{") or exchange.path == _SANDBOXES:
        return
    wanted = " ".join(_told(one) for one in later)
    for found in _MEMBER.finditer(answer.text):
        member, value = found.groups()
        if len(value) > 3 and any(map(str.isdigit, value)) and value in wanted and value not in known:
            place = 1 + sum(1 for one in _MEMBER.finditer(answer.text[: found.start()]) if one[1] == member)
            known[value] = f"{member.upper()}_{number}_{place}"
            yield known[value], _extract(member, place)


def _told(exchange: Exchange) -> str:
    """Where values of earlier responses are used: a webhook has them in its body, a request in its path."""
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
