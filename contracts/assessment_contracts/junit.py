"""The report as JUnit XML, for CI."""

from xml.etree.ElementTree import Element, SubElement, tostring

from assessment_contracts.report import Report, fit, problem, told
from assessment_contracts.runner import Outcome, Verdict


def junit(report: Report) -> bytes:
    """One test case for each property; what was not asked, or is not claimed, counts as skipped."""
    verdicts = [outcome.verdict for outcome in report.outcomes]
    broken = verdicts.count(Verdict.BROKEN)
    skipped = len(verdicts) - broken - verdicts.count(Verdict.HELD)
    root = Element("testsuites")
    suite = SubElement(
        root, "testsuite", name=report.title, tests=str(len(verdicts)), failures=str(broken), errors="0",
        skipped=str(skipped), time=f"{report.seconds:.3f}", timestamp=report.date,
    )  # fmt: skip
    for outcome in report.outcomes:
        _add(suite, outcome, report)
    made: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def _add(suite: Element, outcome: Outcome, report: Report) -> None:
    property = outcome.property
    case = SubElement(suite, "testcase", classname=property.vendor, name=property.id, time=f"{outcome.seconds:.3f}")
    if outcome.verdict is Verdict.BROKEN:
        SubElement(case, "failure", message=fit(problem(outcome, report))[:500]).text = fit(told(outcome, report))
    elif outcome.verdict is not Verdict.HELD:
        SubElement(case, "skipped", message=fit(f"{outcome.verdict}: {outcome.reason}"))
