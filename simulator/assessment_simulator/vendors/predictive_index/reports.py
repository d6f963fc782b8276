"""The files of a completed assessment: reports as PDF, in an archive of two where needed, and pattern images.

Types and parameters are documented. What a report says (always in English), what a pattern looks like, and that there
is neither before completion, is ours. An operation describes the file; the HTTP layer draws it.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, cast

from assessment_simulator.core.decision import Bundle, Decision, Document, Dot, Drawing, Label, Line, VendorResponse
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.results import File, Graph, Results, Score
from assessment_simulator.core.rules import Check, Rule
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.sources import Source, Standing, ours
from assessment_simulator.vendors.predictive_index import languages, results
from assessment_simulator.vendors.predictive_index.rules import Stages, known, language_notes
from assessment_simulator.vendors.predictive_index.sources import BODY, PATTERN_PAGE, REPORT_PAGE, STATUS
from assessment_simulator.vendors.predictive_index.states import COMPLETED, RECORD_KIND


def _public(request: VendorRequest, view: SandboxView) -> Mapping[str, Any]:
    """Return the representation of the assessment, which the rules have found to be completed."""
    return cast("Stored", view.get(RECORD_KIND, request.params["assessmentId"])).public


def _stages(kind: str, member: str, page: Source, parameters: tuple[tuple[str, str, str, Check], ...]) -> Stages:
    """Return the stages of a file: a known assessment, valid parameters (slug, place, statement, check), completion."""

    def is_completed(request: VendorRequest, view: SandboxView) -> bool:
        stored = view.get(RECORD_KIND, request.params["assessmentId"])
        return stored is not None and stored.status == COMPLETED

    return (
        known(f"pi.{kind}.known"),
        tuple(
            Rule(f"pi.{kind}.{slug}", place, statement, 400, Standing.DOCUMENTED, page, check,
                 status_basis=STATUS, body_basis=BODY)
            for slug, place, statement, check in parameters
        ),
        (Rule(f"pi.{kind}.complete", "path.assessmentId", f"there is no {kind} before the assessment is completed", 404,
              Standing.ASSUMED, ours(f"the address of the {member} is empty until then"), is_completed),),
    )  # fmt: skip


# Patterns

FORMATS: Mapping[str, str] = {"PNG": "image/png", "SVG": "image/svg+xml"}

_GRAPH_TITLES = dict(zip(results.GRAPHS, ("Self", "Self-Concept", "Synthesis"), strict=True))
_SELF, _CONCEPT, _SYNTHESIS = ((graph,) for graph in results.GRAPHS)
# The graphs of each pattern type, by its number and by its name.
PATTERN_TYPES: Mapping[str, tuple[str, ...]] = {
    "0": results.GRAPHS, "1": _SELF, "2": _CONCEPT, "3": _SYNTHESIS,
    "Complete": results.GRAPHS, "Full": results.GRAPHS,
    "Self": _SELF, "Self-Concept": _CONCEPT, "SelfConcept": _CONCEPT, "Synthesis": _SYNTHESIS,
}  # fmt: skip

PATTERN = _stages("pattern", "image", PATTERN_PAGE, (
    ("type", "path.patternType", "patternType must be 0 (Complete), 1 (Self), 2 (Self-Concept) or 3 (Synthesis)",
     lambda request, view: request.params["patternType"] in PATTERN_TYPES),
    ("format", "query.format", "format must be given, and be PNG or SVG",
     lambda request, view: request.query.get("format") in FORMATS),
))  # fmt: skip

_WIDTH, _MIDDLE, _SIGMA, _ROW, _TOP = 440, 210, 40, 26, 60
_PANEL = _TOP + _ROW * len(results.FACTORS)
_INK, _GRID, _FAINT = "#1d2b3a", "#c9d2dc", "#7a8794"
_COLOURS = dict(zip(results.FACTORS, ("#b3261e", "#b06000", "#1e6b3a", "#1a56a0", "#7a8794"), strict=True))


def get_pattern(request: VendorRequest, view: SandboxView) -> Decision:
    """Return the image of the graphs that were asked for, one under the other."""
    drawing = _pattern(_public(request, view), PATTERN_TYPES[request.params["patternType"]])
    return Decision(VendorResponse(200, drawing, media_type=FORMATS[request.query["format"]]))


def _pattern(public: Mapping[str, Any], graphs: tuple[str, ...]) -> Drawing:
    marks = tuple(
        mark for place, graph in enumerate(graphs) for mark in _panel(public[graph][0], graph, place * _PANEL)
    )
    title = f"Behavioral pattern: {', '.join(_GRAPH_TITLES[graph] for graph in graphs)}"
    return Drawing(title, _WIDTH, _PANEL * len(graphs) + _ROW // 2, marks)


def _panel(sigma: Mapping[str, float], graph: str, top: int) -> list[Line | Dot | Label]:
    """Draw the factors of one graph as dots on a line of sigmas, A to D joined and E beside them."""
    first, last = top + _TOP - _ROW // 2, top + _TOP + _ROW * len(results.FACTORS) - _ROW // 2
    marks: list[Line | Dot | Label] = [Label((16, top + 22), _GRAPH_TITLES[graph], 14, colour=_INK)]
    for step in range(-results.MAX_GIVEN, results.MAX_GIVEN + 1):
        x = _MIDDLE + step * _SIGMA
        marks.append(Line((x, first), (x, last), _GRID if step else _FAINT, 1 if step else 2))
        marks.append(Label((x, first - 4), f"{step:+d}" if step else "0", 9, "middle", _FAINT))
    points = {
        factor: (_MIDDLE + sigma[factor] * _SIGMA, top + _TOP + _ROW * row)
        for row, factor in enumerate(results.FACTORS)
    }
    joined = [points[factor] for factor in results.FACTORS[:4]]
    marks += [Line(start, end, _INK, 2) for start, end in pairwise(joined)]
    marks += [Dot(point, 7, _COLOURS[factor]) for factor, point in points.items()]
    for factor, (_, y) in points.items():
        marks.append(Label((24, y + 4), factor[0].upper(), 12, colour=_COLOURS[factor]))
    for factor, (_, y) in points.items():
        marks.append(Label((_WIDTH - 12, y + 4), results.formatted(sigma[factor]), 12, "end", _INK))
    return marks


# Reports

# The report types in the order of their numbers, which begin at 1.
REPORT_NAMES = ("PersonDetailReport", "PersonDevelopmentChart", "Placard", "ManagerDevelopmentChart",
                "ManagementStrategyGuide", "PlacardNexGen")  # fmt: skip
REPORT_TYPES: Mapping[str, str] = {
    word: name for number, name in enumerate(REPORT_NAMES, 1) for word in (str(number), name)
}
NOT_WORKING = "ManagementStrategyGuide"
GENDERS: Mapping[str, str] = {
    word: name for number, name in enumerate(("Unknown", "Male", "Female")) for word in (str(number), name)
}

_PRONOUNS = {"Unknown": ("They", "tend"), "Male": ("He", "tends"), "Female": ("She", "tends")}
_WORDS: Mapping[str, tuple[str, str, str]] = {
    "aSigma": ("Dominance", "look for agreement", "take the lead"),
    "bSigma": ("Extraversion", "think before speaking", "think aloud, with others"),
    "cSigma": ("Patience", "move at a quick pace", "move at a steady pace"),
    "dSigma": ("Formality", "bend rules where it helps", "keep to rules and plans"),
    "eSigma": ("Objectivity", "decide by feeling", "decide by fact"),
}
_ABOUT: Mapping[str, tuple[str, str]] = {
    "PersonDetailReport": ("Person detail report", "What the scores say of the taker, factor by factor."),
    "PersonDevelopmentChart": ("Person development chart", "Where the taker may grow."),
    "Placard": ("Placard", "The pattern at a glance."),
    "ManagerDevelopmentChart": ("Manager development chart", "Where the taker may grow as a manager."),
    "PlacardNexGen": ("Placard, next generation", "The pattern at a glance, in the newer form."),
}


REPORT = _stages("report", "report", REPORT_PAGE, (
    ("type", "path.reportType", "reportType must be 1 to 6, or the name of such a report",
     lambda request, view: request.params["reportType"] in REPORT_TYPES),
    ("working", "path.reportType", "ManagementStrategyGuide (5) is known not to work",
     lambda request, view: REPORT_TYPES.get(request.params["reportType"]) != NOT_WORKING),
    ("format", "query.format", "format must be given, and be PDF",
     lambda request, view: request.query.get("format") == "PDF"),
    ("gender", "query.gender", "gender must be given: Unknown or 0, Male or 1, Female or 2",
     lambda request, view: request.query.get("gender") in GENDERS),
    ("language", "query.languageLocale", "languageLocale must be a language tag such as en-US",
     lambda request, view: languages.TAG.fullmatch(request.query.get("languageLocale", "en-US")) is not None),
))  # fmt: skip


def get_report(request: VendorRequest, view: SandboxView) -> Decision:
    """Return the report that was asked for; two in an archive where the language needs a gender and none is chosen."""
    public = _public(request, view)
    report, gender = REPORT_TYPES[request.params["reportType"]], GENDERS[request.query["gender"]]
    language = request.query.get("languageLocale", "en-US")
    name, media_type = f"{report}-{public['assessmentId']}", "application/pdf"
    body: Document | Bundle
    if gender == "Unknown" and language.lower().partition("-")[0] in languages.GENDERED:
        genders = ("Male", "Female")
        body = Bundle(tuple((f"{name}-{one}.pdf", _document(public, report, one, language)) for one in genders))
        file, media_type = f"{name}.zip", "application/zip"
    else:
        body, file = _document(public, report, gender, language), f"{name}.pdf"
    headers = (("content-disposition", f'attachment; filename="{file}"'),)
    notes = language_notes("query.languageLocale", language)
    return Decision(VendorResponse(200, body, headers, media_type, notes=notes))


def _document(public: Mapping[str, Any], report: str, gender: str, language: str) -> Document:
    title, about = _ABOUT[report]
    number = public["patternNumber"]
    person = (
        ("Name", " ".join(filter(None, (public["firstName"], public["middleName"], public["lastName"])))),
        ("E-mail", public["email"]),
        ("Assessment", public["assessmentId"]),
        ("Completed", public["assessmentDateTime"]),
        ("Position", public["associatedPositionTitle"] or ""),
        ("Reference profile", f"{number} {results.profile(number)}"),
        ("Written of", gender),
        ("Language asked for", language),
    )
    factors = [("", *(factor[0].upper() for factor in results.FACTORS))]
    for heading, graph in zip((*_GRAPH_TITLES.values(), "Position"), results.SCORE_MEMBERS, strict=True):
        if public[graph]:
            sigma = public[graph][0]
            cells = (results.formatted(sigma[factor]) if factor in sigma else "" for factor in results.FACTORS)
            factors.append((heading, *cells))
    who, tend = _PRONOUNS[gender]
    words = tuple((name, f"{who} {tend} to {tendency}.") for name, tendency in _tendencies(public))
    graphs = results.GRAPHS if report == "PersonDetailReport" else _SYNTHESIS
    sections = (
        (about, person), ("Pattern", (_pattern(public, graphs),)), ("Factors", tuple(factors)), ("In words", words),
        ("How to read this report", _EXPLANATIONS),
    )  # fmt: skip
    return Document(
        f"PI Behavioral Assessment: {title}", sections, f"{person[0][1]}: {results.profile(number)}", "#1f3a5f",
        "Simulated report: it measures nobody, and is not affiliated with The Predictive Index.",
    )  # fmt: skip


# What a report says about its own numbers; the scale and the three graphs are publicly described.
_EXPLANATIONS = (
    (
        "Sigma scores",
        (
            "Each score says how far the answers lie from the average of all takers, in standard deviations: 0 is the "
            "average, and about two in three takers lie between -1 and +1."
        ),
    ),
    (
        "The graphs",
        (
            "Self is how the taker really is, Self-Concept how the taker thinks others expect them to be, and "
            "Synthesis, the mean of both, how others see the taker act."
        ),
    ),
    (
        "Reference profile",
        (
            "The profile whose typical Synthesis is nearest to the taker's. The simulator chooses it, and draws all "
            "scores that were not given."
        ),
    ),
)


def _tendencies(public: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each factor by name with what its Synthesis score means."""
    synthesis = public["synthesisSigmaScore"][0]
    return [(name, high if synthesis[factor] > 0 else low) for factor, (name, low, high) in _WORDS.items()]


def to_results(stored: Stored) -> Results | None:
    """Return the results of a completed assessment for people: sigma scores, the pattern, the reports."""
    public = stored.public
    if stored.status != COMPLETED:
        return None
    graphs, tendencies = [], dict(_tendencies(public))
    for graph, title in (*_GRAPH_TITLES.items(), ("positionSigmaScore", "Position")):
        sigma = (public[graph] or [{}])[0]
        scores = tuple(
            Score(f"{factor[0].upper()} {name}", sigma[factor],
                  text=tendencies[name] if graph == "synthesisSigmaScore" else None)
            for factor, (name, _, _) in _WORDS.items()
            if factor in sigma
        )  # fmt: skip
        if scores:
            graphs.append(Graph(title, "sigma", -results.MAX_GIVEN, results.MAX_GIVEN, scores))
    files = {"pattern.svg": File("Pattern", "image/svg+xml", _pattern(public, results.GRAPHS))}
    for report in REPORT_NAMES:
        if report != NOT_WORKING:
            document = _document(public, report, "Unknown", "en-US")
            files[f"{report}.pdf"] = File(_ABOUT[report][0], "application/pdf", document)
    number = public["patternNumber"]
    return Results(f"Pattern {number}: {results.profile(number)}", tuple(graphs), files)
