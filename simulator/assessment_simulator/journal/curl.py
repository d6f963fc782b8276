"""A request as a shell script that repeats it with curl, in any POSIX shell.

A secret becomes a variable that must be set before the script runs. The credentials of a sandbox in open access are no
secrets, and the script requests a new access token itself, so there it runs unchanged.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from shlex import quote
from typing import NamedTuple

from assessment_simulator.core import instant
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.journal.redaction import HIDDEN, SEAL, Mask
from assessment_simulator.journal.views import path_of, query_of, text_of
from assessment_simulator.sandbox.journal import Exchange
from assessment_simulator.storage import json_codec

MEDIA_TYPE = "text/x-shellscript"
# Headers that curl sets itself, or that belong to the one connection.
_OMITTED = frozenset("accept-encoding connection content-length expect host te transfer-encoding upgrade".split())
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# The bytes that stand unescaped in a format of printf.
_UNESCAPED = frozenset(range(0x20, 0x7F)) - frozenset(b"%\\'")


class Keys(NamedTuple):
    """The credentials of a sandbox at a vendor, by member. Unless `open`, they are secret and only the names count."""

    sandbox: str
    held: Mapping[str, str]
    open: bool


class _Variables:
    """Replaces secrets by shell variables, in two steps: first by a marker, which becomes a variable when quoted."""

    def __init__(self, exchange: Exchange, vendor: Vendor, keys: Keys) -> None:
        self._vendor = vendor
        self._keys = keys
        # A request cannot contain a hash of itself.
        self._marker = f"secret{sha256(exchange.sent + repr(exchange.request).encode()).hexdigest()[:16]}"
        refused = any(rule.id in exchange.rules and rule.place == "header.authorization" for rule in vendor.rules)
        self._has_token = "authorization" in vendor.interface.headers and not refused
        self._names: dict[tuple[str, str], str] = {}
        # The lines that set each variable, by its name.
        self.lines: dict[str, str] = {}

    def replace(self, name: str, secret: str) -> str:
        """The marker of a secret; called by `Mask`."""
        place, _, rest = name.partition(".")
        if place == "header":
            if rest == "authorization" and self._has_token:
                return self._request_token()
            member = rest.removeprefix("x-").replace("-", "_")
            # A header that the vendor does not read opened nothing, so its value does not matter.
            return self._credential(member) if rest in self._vendor.headers and member in self._keys.held else HIDDEN
        if place == SEAL and not self._keys.open:
            return self._set("SEAL", secret, f"the seal of the links of {rest}")
        if place == SEAL:
            sandbox = self._keys.sandbox
            pattern = quote(rf"s/.*[/=]{sandbox}\.\([0-9a-f]*\)\.{rest}.*/\1/p")
            ask = f'curl -sS "$BASE"/_simulator/sandboxes/{sandbox}/invitations/{quote(rest)}'
            return self._set("SEAL", secret, "the sandbox has no link of that invitation", f"{ask} | sed -n {pattern}")
        if name in self._keys.held:
            return self._credential(name)
        return self._set(re.sub(r"\W", "_", name).upper(), secret, f"the {name} that was sent")

    def _credential(self, member: str) -> str:
        if self._keys.open:
            return self._keys.held[member]
        return self._set(f"{self._vendor.id}_{member}".upper(), "", f"the {member} of the sandbox {self._keys.sandbox}")

    def _request_token(self) -> str:
        # As the example in the vendor's OpenAPI document does, with this sandbox's credentials.
        interface = self._vendor.interface
        operation, _, member = interface.headers["authorization"].partition("=")[2].partition("/")
        endpoint = next(one for one in self._vendor.endpoints if one.operation.name == operation)
        step = next(one for one in interface.story if one.operation == operation)
        body = {**step.body, **{name: self._credential(name) for name in self._keys.held if name in step.body}}
        ask = f'curl -sS "$BASE"{endpoint.path} -H {quote(f"content-type: {step.media_type}")}'
        pattern = quote(rf's/.*"{member}" *: *"\([^"]*\)".*/\1/p')
        data = self.quoted(json_codec.dumps(body).decode())
        return self._set("TOKEN", "", "no token was given", f"{ask} --data-binary {data} | sed -n {pattern}")

    def _set(self, name: str, secret: str, needed: str, command: str = "") -> str:
        """The marker of the variable of a secret, which `command` prints, or which must be set before the script."""
        # A second secret with this name gets a number.
        if (name, secret) not in self._names:
            same = sum(known == name for known, _ in self._names)
            self._names[name, secret] = f"{name}_{same + 1}" if same else name
        variable = self._names[name, secret]
        line = f"{variable}=$({command})\n" if command else ""
        self.lines.setdefault(variable, f'{line}: "${{{variable}:?{"" if command else "set it to "}{needed}}}"')
        return f"{self._marker}{variable}."

    def quoted(self, text: str) -> str:
        """A text as one shell word."""
        parts = re.split(rf"{self._marker}(\w+)\.", text)
        words = (f'"${part}"' if number % 2 else quote(part) for number, part in enumerate(parts) if part)
        return "".join(words) or "''"

    def printed(self, text: str, encoding: str) -> str:
        """A command that prints a text, byte for byte."""
        if encoding == "utf-8" and not _CONTROL_CHARACTERS.search(text):
            return f"printf '%s' {self.quoted(text)}"
        parts = re.split(rf"{self._marker}(\w+)\.", text)
        escaped = (
            "".join(chr(byte) if byte in _UNESCAPED else f"\\{byte:03o}" for byte in part.encode(encoding, "replace"))
            for part in parts[::2]
        )
        return " ".join([f"printf '{'%s'.join(escaped)}'", *(f'"${name}"' for name in parts[1::2])])


def script(exchange: Exchange, vendor: Vendor, keys: Keys) -> str:
    """The script that repeats a request."""
    request, sent = exchange.request, exchange.sent
    variables = _Variables(exchange, vendor, keys)
    mask, comments = Mask(keys.sandbox, variables.replace), Mask(keys.sandbox)
    query = query_of(exchange, mask)
    target = variables.quoted(f"{path_of(exchange, mask)}{'?' if query else ''}{query}")
    method = "--head" if request.method == "HEAD" else f"-X {quote(request.method)}"
    headers = {name: value for name, value in mask.headers(request.headers).items() if name not in _OMITTED}
    options = []
    for name, value in headers.items():
        line = f"{name}: {value}" if value else f"{name};"  # curl's syntax for a header without a value
        is_plain = line.isascii() and not _CONTROL_CHARACTERS.search(line)
        options.append(f"-H {variables.quoted(line)}" if is_plain else f'-H "$({variables.printed(line, "latin-1")})"')
    body = ""
    if sent:
        if "content-type" not in headers:
            options.append("-H content-type:")  # otherwise curl declares a form
        options.append("--data-binary @-")
        text = text_of(sent)
        encoding = "latin-1" if text is None else "utf-8"
        body = f"{variables.printed(mask.body(sent.decode(encoding)), encoding)} | "
    curl = " \\\n  ".join([f'{body}curl -sS -i --globoff --path-as-is {method} "$BASE"{target}', *options])
    result = "which got no answer" if exchange.status is None else f"answered with {exchange.status}"
    return "\n".join([
        "#!/bin/sh",
        f"# {exchange.id} of the sandbox {keys.sandbox}, at {instant.seven_digits(exchange.at)}:",
        f"# {request.method} {path_of(exchange, comments)}, {result}.",
        "# Repeats it with curl; BASE may name another server.",
        "set -eu",
        f"BASE=${{BASE:-{quote(request.base)}}}",
        *variables.lines.values(),
        "",
        curl,
        "",
    ])  # fmt: skip
