"""The grades of real clients, as they were found, with the reasons: what tests compare with, and a page of it.

`python -m tests.clients.grades` grades them all and prints the page, `--write` writes it to docs/client-grades.md.
"""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assessment_contracts.clients.checking import BASE, client_runner, command_of
from assessment_contracts.clients.properties import PROPERTIES
from assessment_contracts.report import Report
from assessment_contracts.runner import PROFILES, Verdict
from tests.clients.environments import PYMETRICS_SDK, SOFT_SKILLS_SDK, environment
from tests.servers import ROOT

PAGE = ROOT / "docs" / "client-grades.md"
EXAMPLES = Path("contracts") / "assessment_contracts" / "examples"

_NO_LIMIT = "it sets no time limit, and waits for as long as the vendor does not answer"


@dataclass(frozen=True)
class Grade:
    """A client, what it is, and why it breaks what it breaks."""

    name: str
    about: str
    adapter: str | None = None
    node: str = ""
    venv: tuple[str, ...] = ()
    script: str = ""
    broken: Mapping[str, str] = field(default_factory=dict)
    """For each property that it breaks, by its id without `client.`, the reason."""

    def command(self) -> list[str]:
        """What drives it, from the repository; makes its environment where it needs one."""
        if self.adapter:
            return command_of(self.adapter, None)
        if self.node:
            return ["node", str(EXAMPLES / self.node)]
        name, *requirements = self.venv
        return [str(environment(name, *requirements)), "-X", "utf8", str(EXAMPLES / self.script)]

    def graded(self) -> Report:
        """The outcome of every contract."""
        began = time.monotonic()
        with client_runner(self.command(), PROFILES["default"], 110, None) as runner:
            outcomes = [runner.run(property) for property in PROPERTIES]
        return Report(self.name, BASE, "", outcomes, time.monotonic() - began)


# Every client that is graded, by its name.
GRADES = {
    grade.name: grade
    for grade in (
        Grade(
            "reference.py",
            "A small well-behaved client of both vendors, on requests; "
            "`assessment_contracts.examples.reference:Client`.",
            adapter="assessment_contracts.examples.reference:Client",
        ),
        Grade(
            "adapter.mjs",
            "A well-behaved client in JavaScript, on Node's own `fetch`, without packages.",
            node="adapter.mjs",
        ),
        Grade(
            "pymetrics-assessment-api-client 1.0.1",
            "pymetrics' published SDK for version 1 (PyPI), unmodified, as its README uses it.",
            venv=PYMETRICS_SDK,
            script="pymetrics_sdk_1.py",
            broken={
                "pymetrics.null_stays_null": "its models turn a null `results` or `reports` into an empty list",
                "pymetrics.unknown_status_is_reported": "its enumerations are closed: a new status raises ValueError, "
                "and with it the whole order is lost",
                "pymetrics.id_stays_one_segment": "ids are put into the path unescaped",
            },
        ),
        Grade(
            "pymetrics-soft-skills-sdk 1.0.2",
            "pymetrics' published SDK for version 2 (PyPI), unmodified; the twin package `openapi_client` in it, for "
            "`get_config` of the other fails in itself.",
            venv=SOFT_SKILLS_SDK,
            script="soft_skills_sdk.py",
            broken={
                "pymetrics.slow_answer_ends_in_an_error": _NO_LIMIT,
                "pymetrics.rate_limit_ends_in_an_error": "urllib3 sleeps for as long as Retry-After says, an hour too, "
                "before it tries a GET again; the caller hears nothing meanwhile",
            },
        ),
        Grade(
            "naive.py",
            "What many of us write first; `assessment_contracts.examples.naive:Client`. It is here to be caught.",
            adapter="assessment_contracts.examples.naive:Client",
            broken={
                "pymetrics.order_arrives_as_asked": "it leaves out members that are empty or false",
                "pymetrics.null_stays_null": 'it turns null into ""',
                "pymetrics.known_order_is_told_from_a_new_one": "it says `created` whatever the vendor said",
                "pymetrics.lapsed_token_is_renewed": "it asks for a token once in its life",
                "pymetrics.renewal_ends": "it takes the refusal for an order",
                "pymetrics.refusal_is_told_as_one": "it never looks at the status, and takes the error for an order",
                "pymetrics.answer_without_its_subject_is_an_error": "it takes whatever came for the order",
                "pymetrics.slow_answer_ends_in_an_error": _NO_LIMIT,
                "pymetrics.rate_limit_ends_in_an_error": "it asks thirty times at once, then takes the error for an "
                "order",
                "pymetrics.id_stays_one_segment": "ids are put into the path unescaped",
                "pymetrics.retry_after_is_honoured": "it asks again at once",
                "pymetrics.webhook_seen_twice_is_taken_twice": "it answers the second with 409",
                "pymetrics.webhooks_out_of_order_end_right": "it believes the last webhook to come",
                "pymetrics.forged_webhook_changes_nothing": "it believes whoever posts",
                "pymetrics.nonsense_is_not_asked_for_again": "it answers 500 to what it cannot parse",
                "predictive_index.seven_decimals_survive": "it cuts instants to six decimals",
                "predictive_index.empty_is_not_a_value": "it reports 0 where there is no pattern yet",
                "predictive_index.only_what_was_asked_is_changed": "it sends the whole assessment back",
                "predictive_index.lost_answer_makes_no_second_assessment": "it sends a POST again when no answer comes",
                "predictive_index.lost_assessment_is_found": "it looks for nothing, and crashes in the end",
                "predictive_index.maintenance_is_told_apart": "it takes the error for an assessment",
                "predictive_index.refusal_is_told_as_one": "it takes the error for an assessment",
                "predictive_index.answer_without_its_subject_is_an_error": "it takes whatever came for the assessment",
                "predictive_index.slow_answer_ends_in_an_error": _NO_LIMIT,
                "predictive_index.rate_limit_ends_in_an_error": "it asks thirty times at once, then takes the error "
                "for an assessment",
                "predictive_index.id_stays_one_segment": "ids are put into the path unescaped",
                "predictive_index.retry_after_is_honoured": "it asks again at once",
                "predictive_index.webhook_seen_twice_is_taken_twice": "it answers the second with 409",
                "predictive_index.webhooks_out_of_order_end_right": "it believes the last webhook to come",
                "predictive_index.forged_webhook_changes_nothing": "it believes whoever posts",
                "predictive_index.nonsense_is_not_asked_for_again": "it answers 500 to what it cannot parse",
                "predictive_index.members_of_the_form_may_vary": "it demands `assessmentSource`",
            },
        ),
    )
}  # fmt: skip


def found(report: Report) -> set[str]:
    """The ids of what failed, also as an advisory, without `client.`."""
    broken = [*report.of(Verdict.FAILED), *report.of(Verdict.ADVISORY)]
    return {one.property.id.removeprefix("client.") for one in broken}


def section(grade: Grade, report: Report) -> str:
    """A client's part of the page."""
    lines = [f"## {grade.name}", "", grade.about, "", f"**{report.grade}.**", ""]
    if broken := sorted(found(report)):
        lines += ["| violated | why |", "|---|---|"]
        lines += [f"| `client.{id}` | {grade.broken.get(id, 'to be looked into')} |" for id in broken]
        lines.append("")
    unclaimed = {one.property.feature for one in report.outcomes if one.verdict is Verdict.NOT_CLAIMED}
    if unclaimed:
        lines += [f"Not claimed: {', '.join(f'`{feature}`' for feature in sorted(unclaimed))}.", ""]
    return "\n".join(lines)


HEAD = """# The grades of real clients

What `assessment-simulator check client` finds of clients that exist, with the reasons. What is asked, and how to grade
your own client: [client-contracts.md](client-contracts.md). Written by `scripts/grades --write`; do not edit.
"""


def main(arguments: list[str]) -> None:
    """Grade them all."""
    page = "\n".join([HEAD, *(section(grade, grade.graded()) for grade in GRADES.values())])
    if "--write" in arguments:
        PAGE.write_text(page, "utf-8")
    else:
        sys.stdout.write(page)


if __name__ == "__main__":
    main(sys.argv[1:])
