"""Reports: PDF files about a completed assessment, and an archive of two where a language must know he from she.

Types, parameters and the archive are documented; what the reports say is ours, and always in English.
"""

from collections.abc import Mapping
from typing import Any, cast

from assessment_simulator.core.decision import Decision
from assessment_simulator.core.request import Bundle, Document, VendorRequest, VendorResponse
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.sources import Standing, ours
from assessment_simulator.vendors.predictive_index import languages, results
from assessment_simulator.vendors.predictive_index.patterns import is_complete
from assessment_simulator.vendors.predictive_index.rules import LANGUAGE, known
from assessment_simulator.vendors.predictive_index.sources import BODY, REPORT_PAGE, STATUS
from assessment_simulator.vendors.predictive_index.states import RECORD_KIND

NAMES = ("PersonDetailReport", "PersonDevelopmentChart", "Placard", "ManagerDevelopmentChart",
         "ManagementStrategyGuide", "PlacardNexGen")  # fmt: skip
"""The report types in the order of their numbers, which begin at 1."""
TYPES: Mapping[str, str] = {word: name for number, name in enumerate(NAMES, 1) for word in (str(number), name)}
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

_Rows = tuple[tuple[str, ...], ...]


def document(face: Mapping[str, Any], report: str, gender: str, language: str) -> Document:
    """What a report says of a completed assessment."""
    title, about = _ABOUT[report]
    sections = (
        (about, _taker(face, gender, language)),
        ("Factors", _factors(face)),
        ("In words", _sentences(face, gender)),
    )
    return Document(f"PI Behavioral Assessment: {title}", sections)


def _taker(face: Mapping[str, Any], gender: str, language: str) -> _Rows:
    number = face["patternNumber"]
    names = (face["firstName"], face["middleName"], face["lastName"])
    return (
        ("Name", " ".join(name for name in names if name)),
        ("E-mail", face["email"]),
        ("Assessment", face["assessmentId"]),
        ("Completed", face["assessmentDateTime"]),
        ("Position", face["associatedPositionTitle"] or ""),
        ("Reference profile", f"{number} {results.profile(number)}"),
        ("Written of", gender),
        ("Language asked for", language),
    )


def _factors(face: Mapping[str, Any]) -> _Rows:
    titles = ("Self", "Self-Concept", "Synthesis", "Position")
    lines = [(title, face[graph][0]) for title, graph in zip(titles, results.SHOWN, strict=True) if face[graph]]
    return (
        ("", *(factor[0].upper() for factor in results.FACTORS)),
        *((title, *(_cell(sigma, factor) for factor in results.FACTORS)) for title, sigma in lines),
    )


def _cell(sigma: Mapping[str, float], factor: str) -> str:
    return results.written(sigma[factor]) if factor in sigma else ""


def _sentences(face: Mapping[str, Any], gender: str) -> _Rows:
    who, tend = _PRONOUNS[gender]
    synthesis = face["synthesisSigmaScore"][0]
    return tuple(
        (name, f"{who} {tend} to {high if synthesis[factor] > 0 else low}.")
        for factor, (name, low, high) in _WORDS.items()
    )


def _is_type(call: VendorRequest, world: SandboxView) -> bool:
    return call.params["reportType"] in TYPES


def _works(call: VendorRequest, world: SandboxView) -> bool:
    return TYPES.get(call.params["reportType"]) != NOT_WORKING


def _is_pdf(call: VendorRequest, world: SandboxView) -> bool:
    return call.query.get("format") == "PDF"


def _is_gender(call: VendorRequest, world: SandboxView) -> bool:
    return call.query.get("gender") in GENDERS


def _is_language(call: VendorRequest, world: SandboxView) -> bool:
    tag = call.query.get("languageLocale")
    return tag is None or LANGUAGE.fullmatch(tag) is not None


def _rule(slug: str, place: str, statement: str, holds: Any) -> Rule:
    return Rule(
        f"pi.report.{slug}", place, statement, 400, Standing.DOCUMENTED, REPORT_PAGE, holds,
        status_basis=STATUS, body_basis=BODY,
    )  # fmt: skip


REPORT: tuple[tuple[Rule, ...], ...] = (
    known("pi.report.known"),
    (_rule("type", "path.reportType", "reportType must be 1 to 6, or the name of such a report", _is_type),
     _rule("working", "path.reportType", "ManagementStrategyGuide (5) is known not to work", _works),
     _rule("format", "query.format", "format must be given, and be PDF", _is_pdf),
     _rule("gender", "query.gender",
           "gender must be given: Unknown or 0, Male or 1, Female or 2", _is_gender),
     _rule("language", "query.languageLocale", "languageLocale must be a language tag such as en-US", _is_language)),
    (Rule("pi.report.complete", "path.assessmentId", "there is no report before the assessment is completed", 404,
          Standing.ASSUMED, ours("the address of the report is empty until then"), is_complete),),
)  # fmt: skip
"""The stages of GET …/reports/{reportType}."""


def make(call: VendorRequest, world: SandboxView) -> Decision:
    """The report that was asked for, for the edge to draw: two in an archive where one gender must be chosen."""
    # The rules have refused what is not there.
    face = cast("Stored", world.get(RECORD_KIND, call.params["assessmentId"])).public
    report, gender = TYPES[call.params["reportType"]], GENDERS[call.query["gender"]]
    language = call.query.get("languageLocale", "en-US")
    name = f"{report}-{face['assessmentId']}"
    notes = languages.note("query.languageLocale", language)
    if gender == "Unknown" and languages.has_gendered_pronouns(language):
        both = [(f"{name}-{one}.pdf", document(face, report, one, language)) for one in ("Male", "Female")]
        return Decision(
            VendorResponse(200, Bundle(tuple(both)), _attached(f"{name}.zip"), "application/zip", notes=notes)
        )
    wanted = document(face, report, gender, language)
    return Decision(VendorResponse(200, wanted, _attached(f"{name}.pdf"), "application/pdf", notes=notes))


def _attached(name: str) -> tuple[tuple[str, str], ...]:
    return (("content-disposition", f'attachment; filename="{name}"'),)
