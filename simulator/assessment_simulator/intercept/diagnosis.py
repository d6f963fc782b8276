"""`doctor -- COMMAND`: why the requests of a command arrive at the simulator, or do not."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

from assessment_simulator.intercept.proxy import Event

Check = tuple[Literal["ok", "note", "failed"], str, str]

# By what the client calls itself: where it reads the authorities that it trusts.
_STORES = (
    (r"python-requests|requests/", "REQUESTS_CA_BUNDLE"),
    (r"python|aiohttp|httpx|urllib", "SSL_CERT_FILE; `verify=` and a pinned certificate win over it"),
    (r"curl|libcurl", "CURL_CA_BUNDLE, and curl.cainfo in PHP (PHP_INI_SCAN_DIR)"),
    (r"wget", "ca_certificate in the file that WGETRC names"),
    (r"java", "javax.net.ssl.trustStore, in JAVA_TOOL_OPTIONS"),
    (r"node|undici|axios", "NODE_EXTRA_CA_CERTS"),
    (r"perl|lwp", "PERL_LWP_SSL_CA_FILE"),
    (r"go-http|ruby", "SSL_CERT_FILE"),
)
_EVERY_STORE = "SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, NODE_EXTRA_CA_CERTS or JAVA_TOOL_OPTIONS"


def diagnose(events: Sequence[Event], requests: int) -> Iterator[Check]:
    """What the connections of a command say, and what to do; `requests` is how many the sandbox has recorded."""
    seen = Counter(events)
    for event, count in seen.items():
        who = f"{count} connection{'s' if count > 1 else ''} {f'({event.client}) ' if event.client else ''}"
        if event.kind == "untrusted":
            stores = (store for name, store in _STORES if re.search(name, event.client, re.IGNORECASE))
            text = (
                f"{who}came for {event.host} and did not trust the certificate: the client must read the bundle of "
                f"authorities from {next(stores, _EVERY_STORE)}"
            )
            yield "failed", "trust", text
        elif event.kind == "h2":
            where = event.host or "a vendor's host"
            yield "failed", "protocol", f"{who}came for {where} over HTTP/2 only: allow HTTP/1.1 in the client"
        elif event.kind == "refused":
            remedy = f"--intercept-hosts {event.host}=VENDOR"
            yield "note", "host", f"{who}wanted {event.host}, which is not answered: {remedy}"
        elif event.kind == "tunnelled":
            yield "note", "host", f"{who}went on to {event.host}"
        else:
            yield "ok", "connection", f"{who}for {event.host}"
    answered = any(event.kind == "answered" for event in seen)
    if requests:
        yield "ok", "requests", f"{requests} arrived"
    elif answered:
        yield "failed", "requests", "none arrived, only connections: their paths are no vendor's, or the client left"
    elif not any(event.kind in ("untrusted", "h2") for event in seen):
        text = (
            "none arrived, and no connection came for a vendor's host: the command calls none, or ignores the proxy; "
            "set HTTPS_PROXY where it reads one, or its own option for a proxy"
        )
        yield "failed", "requests", text
