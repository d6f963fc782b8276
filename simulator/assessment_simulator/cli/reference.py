"""`rules`, `routes`, `openapi` and `http-file`: the commands that print what the program knows of the APIs."""

import asyncio
import json
import sys
import textwrap

import click

from assessment_simulator.cli.options import SANDBOX, URL, server_url
from assessment_simulator.core.sources import Standing


@click.command()
@click.argument("id", required=False)
@click.option("--vendor", type=click.Choice(["pymetrics", "predictive-index"]), help="Only the rules of this vendor.")
@click.option("--standing", type=click.Choice([one.value for one in Standing]), help="Only the rules of this standing.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, as the control API shows it.")
def rules(id: str | None, vendor: str | None, standing: str | None, as_json: bool) -> None:
    """Print the rule catalogue, or the rule ID with a request that it accepts and one that it refuses.

    Both requests are run in a sandbox that nothing else sees.
    """
    from assessment_simulator.app import VENDORS
    from assessment_simulator.control.server import catalogue

    listed = [
        rule
        for rule in catalogue(VENDORS)
        if id in (None, rule["id"])
        and vendor in (None, rule["vendor"].replace("_", "-"))
        and standing in (None, rule["standing"])
    ]
    if id is not None:
        if not listed:
            raise click.ClickException(f"there is no such rule {id!r}; `rules` without an id lists all")
        _print_rule(id, as_json=as_json)
        return
    if as_json:
        click.echo(json.dumps(listed, indent=2))
        return
    width = max((len(rule["id"]) for rule in listed), default=0)
    for rule in listed:
        status = "" if rule["status_standing"] == rule["standing"] else f" (status {rule['status_standing']})"
        click.echo(f"{rule['id']:{width}}  {rule['status']}  {rule['standing'] + status:31}  {rule['statement']}")


def _print_rule(id: str, *, as_json: bool) -> None:
    from assessment_simulator.app import VENDORS
    from assessment_simulator.control.rules import facts, shown, written

    rule = asyncio.run(shown(VENDORS, id))
    if as_json:
        click.echo(json.dumps(rule, indent=2))
        return
    click.echo(id)
    for name, text in facts(rule):
        click.echo(f"  {name:20} {text}")
    for name in ("accepted", "refused"):
        for part, heading in (("request", f"{name}:"), ("answer", "the response:")):
            click.echo(f"\n{heading}\n{textwrap.indent(written(rule[name], part), '  ')}")


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
