"""`rules`, `routes`, `openapi` and `http-file`: the commands that print what the program knows of the APIs."""

import json
import sys

import click

from assessment_simulator.cli.options import SANDBOX, URL, server_url


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, as the control API lists it.")
def rules(as_json: bool) -> None:
    """Print the rule catalogue."""
    from assessment_simulator.app import VENDORS
    from assessment_simulator.control.server import catalogue

    listed = catalogue(VENDORS)
    if as_json:
        click.echo(json.dumps(listed, indent=2))
        return
    width = max(len(rule["id"]) for rule in listed)
    for rule in listed:
        status = "" if rule["status_standing"] == rule["standing"] else f" (status {rule['status_standing']})"
        click.echo(f"{rule['id']:{width}}  {rule['status']}  {rule['standing'] + status:31}  {rule['statement']}")


@click.command()
def routes() -> None:
    """Print the vendors' endpoints."""
    from assessment_simulator.app import VENDORS

    for vendor in VENDORS.values():
        click.echo(vendor.title)
        for endpoint in vendor.endpoints:
            click.echo(f"  {endpoint.method:6} {endpoint.path:48} {endpoint.summary}")


@click.command()
@click.argument("vendor", type=click.Choice(["pymetrics", "predictive-index", "control"]))
def openapi(vendor: str) -> None:
    """Print an OpenAPI 3.1 document: that of a vendor, or that of the control API."""
    from assessment_simulator.app import documents

    document = documents().get(vendor)
    text = json.dumps(document, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:  # the escape that the stream would print is none of JSON's
        text = json.dumps(document, indent=2)
    click.echo(text)


@click.command("http-file")
@URL
@SANDBOX
@click.argument("vendor", type=click.Choice(["pymetrics", "predictive-index"]))
def http_file(url: str | None, sandbox: str, vendor: str) -> None:
    """Print the requests of a vendor's document as a .http file, which editors can send."""
    from assessment_simulator import http_file as requests_file
    from assessment_simulator.app import documents

    click.echo(requests_file.http_file(documents().get(vendor), server_url(url), sandbox), nl=False)
