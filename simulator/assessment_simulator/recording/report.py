"""The report of a comparison: for a terminal, as JUnit's XML, and as a page."""

from collections import Counter
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from assessment_simulator.recording.comparison import AGREES, COULD_NOT, DIFFERS, NOT_EXERCISED, Comparison, Verdict

_ORDER = (DIFFERS, COULD_NOT, AGREES, NOT_EXERCISED)
_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;width:100%}"
    "td,th{border-bottom:1px solid #ccc;padding:.4rem .6rem .4rem 0;text-align:left;vertical-align:top}"
    "td:last-child{overflow-wrap:anywhere}td:nth-child(2){white-space:nowrap}ul{margin:0;padding-left:1.2rem}"
    ".differs{color:#a00000}.agrees{color:#006020}.not,.could{color:#555}code{font-size:.9em}"
)


def _sorted(found: Comparison) -> list[Verdict]:
    return sorted(found.verdicts.values(), key=lambda one: (_ORDER.index(one.state), one.id))


def counts(found: Comparison) -> str:
    """How many rules and operations have each state."""
    counted = Counter(verdict.state for verdict in found.verdicts.values())
    return ", ".join(f"{counted[state]} {state}" for state in _ORDER)


def notes(found: Comparison) -> Iterator[str]:
    """What a reader must know besides the verdicts."""
    for flag, value, fewer in found.flags:
        yield f"would agree in {fewer} more place{'s' if fewer > 1 else ''}: behaviour flag {flag} = {value!r}"
    if found.tolerance.shapes:
        places = ", ".join(f"{operation} {place}" for operation, place in sorted(found.tolerance.shapes))
        yield f"not compared, because repeated answers differ there: {places}"
    for place, reason in found.tolerance.exclusions.items():
        yield f"excluded{'' if place in found.tolerance.used else ' (nothing was there)'}: {place}: {reason}"


def lines(found: Comparison) -> Iterator[str]:
    """The report for a terminal; rules that were not exercised are counted only."""
    for verdict in _sorted(found):
        if verdict.state != NOT_EXERCISED:
            yield f"{verdict.state:15} {verdict.id} ({verdict.calls} call{'s' if verdict.calls != 1 else ''})"
            yield from (f"                {text}" for text in dict.fromkeys(verdict.notes))
    yield from notes(found)
    yield counts(found)


def junit(found: Comparison) -> bytes:
    """The report as JUnit's XML: a case for each rule and operation."""
    counted = Counter(verdict.state for verdict in found.verdicts.values())
    suite = Element(
        "testsuite", name="assessment-simulator compare", tests=str(len(found.verdicts)), errors="0",
        failures=str(counted[DIFFERS]), skipped=str(counted[NOT_EXERCISED] + counted[COULD_NOT]),
    )  # fmt: skip
    for verdict in _sorted(found):
        case = SubElement(suite, "testcase", classname="compare", name=verdict.id)
        if verdict.state == DIFFERS:
            SubElement(case, "failure", message=_xml(verdict.notes[0])).text = _xml("\n".join(verdict.notes))
        elif verdict.state != AGREES:
            SubElement(case, "skipped", message=_xml("; ".join([verdict.state, *verdict.notes])))
    return bytes(tostring(suite, encoding="utf-8", xml_declaration=True))


def _xml(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "?" for letter in text)


def page(found: Comparison, heads: list[str]) -> str:
    """The report as a page without scripts; `heads` are its first lines, the first of them its title."""
    rows = "".join(
        f"<tr><td><code>{escape(one.id)}</code></td><td class={one.state.split()[0]}>{one.state}</td>"
        f"<td>{one.calls}</td><td>{_list(dict.fromkeys(one.notes))}</td></tr>"
        for one in _sorted(found)
    )
    title, *more = map(escape, [*heads, *notes(found), counts(found)])
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>{''.join(f'<p>{text}</p>' for text in more)}"
        f"<table><tr><th>rule or operation<th>verdict<th>calls<th>what differs, or why not</tr>{rows}</table></html>\n"
    )


def _list(texts: Mapping[str, Any]) -> str:
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>" if texts else ""
