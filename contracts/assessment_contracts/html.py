"""The report as one page that needs nothing else: no script, no font, no network."""

import re
from html import escape

from assessment_contracts.report import Report, problem, shown, source
from assessment_contracts.runner import Outcome, Verdict

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #8886 }
code, pre { font: .875rem/1.45 ui-monospace, monospace; overflow-wrap: anywhere }
pre { white-space: pre-wrap; padding: .8rem; border: 1px solid #8886 }
.failed { font-weight: bold }
.number { text-align: right }
"""
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
<main>
<h1>{title}</h1>
<p>{grade}. Run against <code>{base}</code> on {date}, in {seconds:.1f} seconds.</p>
{failures}
<h2>All contracts</h2>
<table>
<thead><tr><th scope="col">Verdict</th><th scope="col">Contract</th><th scope="col">Expected</th>
<th scope="col">Standing</th><th scope="col" class="number">Examples</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</main>
</html>
"""


_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What a page cannot hold."""


def html(report: Report) -> str:
    """The whole page."""
    failed = [*report.of(Verdict.FAILED), *report.of(Verdict.ADVISORY)]
    failures = "\n".join(_failure(outcome, report) for outcome in failed)
    whole = _PAGE.format(
        title=escape(report.title), style=_STYLE, grade=escape(report.grade), base=escape(report.base),
        date=escape(report.date), seconds=report.seconds, failures=failures,
        rows="\n".join(_row(outcome) for outcome in report.outcomes),
    )  # fmt: skip
    return _UNFIT.sub("\ufffd", whole)


def _row(outcome: Outcome) -> str:
    property = outcome.property
    why = f"<br><small>{escape(outcome.reason)}</small>" if outcome.reason else ""
    return (
        f'<tr><td class="{outcome.verdict.value.replace(" ", "-")}">{escape(outcome.verdict)}{why}</td>'
        f"<td><code>{escape(property.id)}</code></td><td>{escape(property.statement)}</td>"
        f'<td>{escape(property.standing)}</td><td class="number">{outcome.examples or ""}</td></tr>'
    )


def _failure(outcome: Outcome, report: Report) -> str:
    property, drawn = outcome.property, outcome.failure.drawn if outcome.failure else ""
    example = f"<h3>Smallest example</h3><pre>{escape(report.masked(drawn)[:4_000])}</pre>" if drawn else ""
    asked = shown(outcome, report)
    curl = f"<h3>As a curl script</h3><pre>{escape(asked)}</pre>" if asked else ""
    return (
        f"<section><h2>{outcome.verdict.capitalize()}: <code>{escape(property.id)}</code></h2>"
        f"<p>{escape(property.statement)}. {escape(property.why)}</p>"
        f"<p>Source: {escape(source(property))}</p>"
        f"<h3>What happened</h3><pre>{escape(problem(outcome, report))}</pre>{example}{curl}</section>"
    )
