"""Makes the proxy of a server from its settings: hosts, certificates, and how its connections are served."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from time import monotonic

from assessment_simulator.core.vendor import Vendor
from assessment_simulator.intercept.proxy import Hosts, Intercept
from assessment_simulator.settings import Settings, data_folder, is_loopback

# The file of the authority's certificate.
AUTHORITY = "intercept-ca.pem"
# Seconds after which a server makes another certificate: half of a certificate's life.
_RENEW_AFTER = 15 * 86_400


def hosts_of(vendors: Mapping[str, Vendor], more: tuple[str, ...]) -> Hosts:
    """The hosts to answer for: those of the vendors, and more in the form HOST=VENDOR."""
    known = {host: vendor.id for vendor in vendors.values() for host in vendor.hosts}
    domains = frozenset(".".join(host.split(".")[-2:]) for host in known)
    return Hosts(known | dict(one.split("=") for one in more), domains)


class Certificates:
    """The TLS contexts of intercepted connections. `tell` gets a line if clients must trust another authority."""

    def __init__(self, folder: Path, hosts: Hosts, tell: Callable[[str], None]) -> None:
        from assessment_simulator.certificates import certify_hosts

        self._make = partial(certify_hosts, folder, hosts.table)
        files, is_replaced = self._make()
        self.authority = files.authority
        if is_replaced:
            tell(f"a new authority for more hosts replaced the one in {folder}: clients must trust the new one")
        self._context, self._made = _context(files.server), monotonic()

    def context(self) -> ssl.SSLContext:
        """The context for a connection that begins now."""
        if monotonic() - self._made > _RENEW_AFTER:
            self._context, self._made = _context(self._make()[0].server), monotonic()
        return self._context


def _context(file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.set_alpn_protocols(["http/1.1"])
    return context


def intercept(
    settings: Settings, hosts: Hosts, certificates: Certificates, protocol: Callable[[], asyncio.Protocol]
) -> Intercept:
    """The proxy of a server with these settings."""
    others = settings.intercept_others
    if others is None:
        others = "tunnel" if settings.access == "open" and is_loopback(settings.host) else "refuse"
    return Intercept(
        hosts, others == "tunnel", certificates.context, protocol, settings.request_timeout, settings.max_connections
    )


def authority_folder(settings: Settings) -> Path:
    """Where the authority of intercepted hosts lives."""
    return data_folder() if settings.tls_dir is None else Path(settings.tls_dir)
