"""Where the listener for webhooks listens, and the address under which a server reaches it."""

import re
from urllib.parse import urlsplit

from assessment_simulator.core.urls import is_web_url
from assessment_simulator.settings import PREFIX

HOST, URL = f"{PREFIX}LISTENER_HOST", f"{PREFIX}LISTENER_URL"
_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::(\d{1,5}))?", re.ASCII)
_PLAIN = re.compile(r"([^\s\[\]:/]+)(?::(\d{1,5}))?", re.ASCII)
_IPV6 = re.compile(r"[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", re.ASCII)


def bind_address(text: str) -> tuple[str, int]:
    """Host and port of HOST or HOST:PORT, an IPv6 address in brackets or bare; port 0 takes a free one."""
    if _IPV6.fullmatch(text):
        return text, 0
    found = _BRACKETED.fullmatch(text) or _PLAIN.fullmatch(text)
    if found is None or int(found[2] or 0) > 65_535:
        raise ValueError(f"{HOST} is {text!r}; give an address of this machine, such as 0.0.0.0, [::] or 0.0.0.0:9000")
    return found[1], int(found[2] or 0)


def address_of(host: str, port: int) -> str:
    """The base address of a listener on this machine, as this machine itself reaches it."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104  it is compared
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def advertised(text: str, port: int) -> str:
    """The base address that was given for a listener on `port`, with that port where http is given without one."""
    parts = urlsplit(text) if is_web_url(text) else None
    if parts is None or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{URL} is {text!r}; give a base address, such as http://host.docker.internal")
    if parts.scheme == "http" and parts.port is None:
        parts = parts._replace(netloc=f"{parts.netloc.rstrip(':')}:{port}")
    return parts.geturl().rstrip("/")


def advice(server: str, listener: str, why: str) -> str:
    """What to do where a server cannot reach a listener."""
    policy = "; or allow that address with the server's --webhook-hosts" if "refused by policy" in why else ""
    return (
        f"the server at {server} cannot reach this machine's listener for webhooks at {listener}: {why}. Set {URL} to "
        "the listener's address as that server sees it, such as http://host.docker.internal, and "
        f"{HOST}=0.0.0.0 so that the listener takes connections from there{policy}"
    )
