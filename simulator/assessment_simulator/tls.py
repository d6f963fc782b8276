"""The options of TLS: which files a server speaks it with, and how `ready` asks such a server."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from assessment_simulator.settings import from_environment

if TYPE_CHECKING:
    from ssl import SSLContext


def files(
    tls: str | None, folder: Path | None, cert: Path | None, key: Path | None, hosts: tuple[str | None, ...]
) -> dict[str, str | None]:
    """The settings that the options ask for; `hosts` are what the server is called besides this machine's names."""
    if tls == "local":
        if folder is None or cert is not None or key is not None:
            raise click.UsageError(
                "--tls local wants --tls-dir, where its authority stays, and no --tls-cert or --tls-key"
            )
        made = _certified(folder, hosts)
        return {"tls_cert": str(made), "tls_key": str(made)}
    if folder is not None:
        raise click.UsageError("--tls-dir is for --tls local alone")
    if (cert is None) != (key is None):
        raise click.UsageError("--tls-cert and --tls-key go together")
    if cert is None or key is None:
        return {}
    _check(cert, key)
    return {"tls_cert": str(cert), "tls_key": str(key)}


def listeners(ca: Path | None, *, insecure: bool) -> dict[str, Any]:
    """The settings that the options about listeners' certificates ask for."""
    if ca is not None:
        if insecure:
            raise click.UsageError("--webhook-insecure checks no certificate, so --webhook-ca is of no use beside it")
        from assessment_simulator.webhooks.ca_certificates import flaw_of_file

        flaw = flaw_of_file(str(ca))
        if flaw is not None:
            raise click.ClickException(f"--webhook-ca {ca}: {flaw}")
    return {"webhook_ca": None if ca is None else str(ca), "webhook_insecure": insecure}


def _certified(folder: Path, hosts: tuple[str | None, ...]) -> Path:
    try:
        from assessment_simulator.certificates import certify
    except ModuleNotFoundError as problem:
        if problem.name != "cryptography":
            raise
        raise click.ClickException(
            "--tls local needs the package cryptography: pip install 'assessment-simulator[tls]'"
        ) from None
    try:
        made = certify(folder, [host for host in hosts if host])
    except (OSError, ValueError) as problem:
        raise click.ClickException(f"--tls-dir {folder}: {problem}") from None
    click.echo(f"certificate authority: {made.authority.absolute()}", err=True)
    return made.server


def _check(cert: Path, key: Path) -> None:
    """See whether the files can be used, before anything is served."""
    import ssl

    try:
        # Without a password here, OpenSSL would ask the terminal for it.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")
    except (OSError, ValueError) as problem:
        raise click.ClickException(
            f"--tls-cert {cert}, --tls-key {key}: no certificate with its key, without a password: {problem}"
        ) from None


def trust(url: str, authority: Path | None, *, own: bool) -> "SSLContext | None":
    """Whom to trust for a URL: the authority that is given, or the usual ones.

    `own` is the server of this machine, asked whether it is well: it is trusted under whatever name its certificate was
    made for, and by the local authority where it has one.
    """
    if urlsplit(url).scheme != "https":
        return None
    import ssl

    folder = from_environment("tls_dir")
    if authority is None and own and folder:
        authority = Path(folder) / "ca.pem"
    context = ssl.create_default_context(cafile=authority)
    if own and authority is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def host_of(url: str | None) -> str | None:
    """The host of a URL."""
    with contextlib.suppress(ValueError):
        return urlsplit(url).hostname if url else None
    return None
