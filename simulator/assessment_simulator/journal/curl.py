"""A call as a shell script that repeats it with curl, in any POSIX shell.

A secret is a variable that must be set first. But what opens a sandbox in open access is no secret, and tokens are
asked for anew: there the script runs as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from shlex import quote
from typing import NamedTuple

from assessment_simulator.core import instant
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.journal.har import path_of, query_of
from assessment_simulator.journal.recorder import Exchange
from assessment_simulator.journal.redaction import HIDDEN, SEAL, Mask, headers_of
from assessment_simulator.journal.views import text_of
from assessment_simulator.storage import json_codec

MEDIA_TYPE = "text/x-shellscript"
_NOT_REPEATED = frozenset("accept-encoding connection content-length expect host te transfer-encoding upgrade".split())
"""Headers that curl sets itself, or that spoke of the one connection that was."""
_ODD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
"""What a shell word should not hold as it is."""
_AS_IT_IS = frozenset(range(0x20, 0x7F)) - frozenset(b"%\\'")


class Keys(NamedTuple):
    """What opens a sandbox at a vendor, by member; `open` says that these are no secrets. Else only the names count."""

    sandbox: str
    held: Mapping[str, str]
    open: bool


@dataclass(slots=True)
class _Shell:
    """Quotes texts for the shell. What is secret in them is first marked, then becomes a variable."""

    vendor: Vendor
    keys: Keys
    mark: str
    token: bool
    lines: dict[str, str] = field(default_factory=dict)
    """How each variable comes to its value, by its name."""
    _known: dict[tuple[str, str], str] = field(default_factory=dict)

    def hide(self, name: str, secret: str) -> str:
        """What stands for a secret until the text is quoted."""
        place, _, rest = name.partition(".")
        if place == "header":
            return self._header(rest)
        if place == SEAL:
            return self._seal(rest, secret)
        if name in self.keys.held:
            return self.held(name)
        return self._asked(re.sub(r"\W", "_", name).upper(), secret, f"set it to the {name} that was sent")

    def _seal(self, id: str, secret: str) -> str:
        variable = self._named("SEAL", secret)
        how = f"set it to the seal of the links of {id}"
        line = _seal_line(variable, self.keys.sandbox, id) if self.keys.open else f': "${{{variable}:?{how}}}"'
        return self._set(variable, line)

    def _header(self, header: str) -> str:
        if header == "authorization" and self.token:
            return self._set("TOKEN", _token_line(self))
        member = header.removeprefix("x-").replace("-", "_")
        looked_at = header in self.vendor.headers and member in self.keys.held
        return self.held(member) if looked_at else HIDDEN  # it opened nothing, so anything will do

    def held(self, member: str) -> str:
        """A part of what opens the sandbox: as it is in open access, else a variable."""
        if self.keys.open:
            return self.keys.held[member]
        return self._asked(
            f"{self.vendor.id}_{member}".upper(), "", f"set it to the {member} of the sandbox {self.keys.sandbox}"
        )

    def _asked(self, name: str, secret: str, how: str) -> str:
        variable = self._named(name, secret)
        return self._set(variable, f': "${{{variable}:?{how}}}"')

    def _named(self, name: str, secret: str) -> str:
        """The variable for a secret; a second one of that name gets a number."""
        if (name, secret) not in self._known:
            same = sum(known == name for known, _ in self._known)
            self._known[name, secret] = f"{name}_{same + 1}" if same else name
        return self._known[name, secret]

    def _set(self, variable: str, line: str) -> str:
        self.lines.setdefault(variable, line)
        return f"{self.mark}{variable}."

    def word(self, text: str) -> str:
        """A text as one word."""
        parts = re.split(rf"{self.mark}(\w+)\.", text)
        words = (f'"${part}"' if at % 2 else quote(part) for at, part in enumerate(parts) if part)
        return "".join(words) or "''"

    def printed(self, text: str, encoding: str) -> str:
        """A command that prints a text to the letter, or to the byte."""
        if encoding == "utf-8" and not _ODD.search(text):
            return f"printf '%s' {self.word(text)}"
        parts = re.split(rf"{self.mark}(\w+)\.", text)
        form = "%s".join(_octal(part.encode(encoding, "replace")) for part in parts[::2])
        return " ".join([f"printf '{form}'", *(f'"${name}"' for name in parts[1::2])])

    def header(self, name: str, value: str) -> str:
        """The option that sends a header; one without a value has a spelling of its own."""
        line = f"{name}: {value}" if value else f"{name};"
        plain = line.isascii() and not _ODD.search(line)
        return f"-H {self.word(line)}" if plain else f'-H "$({self.printed(line, "latin-1")})"'


def script(exchange: Exchange, vendor: Vendor, keys: Keys) -> str:
    """The script that repeats a call."""
    request = exchange.request
    mark = sha256(exchange.sent + repr(request).encode()).hexdigest()[:16]  # nobody can have sent this
    shell = _Shell(vendor, keys, f"secret{mark}", _let_in(exchange, vendor))
    mask = Mask(keys.sandbox, shell.hide)
    query = query_of(exchange, mask)
    target = shell.word(f"{path_of(exchange, mask)}{'?' if query else ''}{query}")
    method = "--head" if request.method == "HEAD" else f"-X {quote(request.method)}"
    headers = {n: v for n, v in headers_of(mask, request.headers).items() if n not in _NOT_REPEATED}
    options = [shell.header(name, value) for name, value in headers.items()]
    if exchange.sent and "content-type" not in headers:
        options.append("-H content-type:")  # curl would call it a form
    before = f"{_body(exchange, mask, shell)} | " if exchange.sent else ""
    options += ["--data-binary @-"] if exchange.sent else []
    call = " \\\n  ".join([f'{before}curl -sS -i --globoff --path-as-is {method} "$BASE"{target}', *options])
    return "\n".join([*_head(exchange, keys, Mask(keys.sandbox)), *shell.lines.values(), "", call, ""])


def _head(exchange: Exchange, keys: Keys, mask: Mask) -> list[str]:
    answered = "which got no answer" if exchange.status is None else f"answered with {exchange.status}"
    return [
        "#!/bin/sh",
        f"# {exchange.id} of the sandbox {keys.sandbox}, at {instant.seven_digits(exchange.at)}:",
        f"# {exchange.request.method} {path_of(exchange, mask)}, {answered}.",
        "# Repeats it with curl; BASE may name another server.",
        "set -eu",
        f"BASE=${{BASE:-{quote(exchange.request.base)}}}",
    ]


def _body(exchange: Exchange, mask: Mask, shell: _Shell) -> str:
    text = text_of(exchange.sent)
    if text is not None:
        return shell.printed(mask.body(text), "utf-8")
    return shell.printed(mask.body(exchange.sent.decode("latin-1")), "latin-1")


def _octal(data: bytes) -> str:
    return "".join(chr(octet) if octet in _AS_IT_IS else f"\\{octet:03o}" for octet in data)


def _let_in(exchange: Exchange, vendor: Vendor) -> bool:
    """Whether the vendor gives out tokens, and did not refuse the one that was shown."""
    refused = any(rule.id in exchange.rules and rule.place == "header.authorization" for rule in vendor.rules)
    return "authorization" in vendor.interface.headers and not refused


def _token_line(shell: _Shell) -> str:
    """How to ask for a token: the call that the vendor's document gives as an example, with this sandbox's client."""
    interface, keys = shell.vendor.interface, shell.keys
    operation, _, member = interface.headers["authorization"].partition("=")[2].partition("/")
    endpoint = next(one for one in shell.vendor.endpoints if one.operation.name == operation)
    step = next(one for one in interface.story if one.operation == operation)
    body = {**step.body, **{name: shell.held(name) for name in keys.held if name in step.body}}
    ask = f'curl -sS "$BASE"{endpoint.path} -H {quote(f"content-type: {step.media_type}")}'
    take = quote(rf's/.*"{member}" *: *"\([^"]*\)".*/\1/p')
    return (
        f"TOKEN=$({ask} --data-binary {shell.word(json_codec.dumps(body).decode())} | sed -n {take})\n"
        ': "${TOKEN:?no token was given}"'
    )


def _seal_line(variable: str, sandbox: str, id: str) -> str:
    """How to read the seal of an invitation's links."""
    take = quote(rf"s/.*[/=]{sandbox}\.\([0-9a-f]*\)\.{id}.*/\1/p")
    ask = f'curl -sS "$BASE"/_simulator/sandboxes/{sandbox}/invitations/{quote(id)}'
    return f'{variable}=$({ask} | sed -n {take})\n: "${{{variable}:?the sandbox has no link of that invitation}}"'
