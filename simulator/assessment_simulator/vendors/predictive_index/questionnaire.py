"""The candidate's questionnaire: one list of words, ticked twice, as the vendor's assessment is publicly described.

First the words for how others expect the candidate to be (the Self-Concept), then those for how the candidate really is
(the Self). The twenty words are ours, two for either end of each factor, and so is the arithmetic: a word moves its
factor by 1.2 sigma, up or down. The graph of a list that is left blank is random, from the sandbox's seed.
"""

from collections.abc import Mapping
from typing import Any

from assessment_simulator.core.questionnaire import Answers, Briefing, Part, Phase, Question, Questionnaire
from assessment_simulator.core.sandbox_view import Stored
from assessment_simulator.vendors.predictive_index import languages, states
from assessment_simulator.vendors.predictive_index.results import FACTORS

# Every word by its English name, which is its value in forms: the factor, and 1 or -1.
WORDS: Mapping[str, tuple[str, int]] = {
    "assertive": ("aSigma", 1), "outgoing": ("bSigma", 1), "patient": ("cSigma", 1), "precise": ("dSigma", 1),
    "logical": ("eSigma", 1), "modest": ("aSigma", -1), "reserved": ("bSigma", -1), "restless": ("cSigma", -1),
    "informal": ("dSigma", -1), "warm-hearted": ("eSigma", -1), "competitive": ("aSigma", 1),
    "persuasive": ("bSigma", 1), "steady": ("cSigma", 1), "careful": ("dSigma", 1), "factual": ("eSigma", 1),
    "cooperative": ("aSigma", -1), "thoughtful": ("bSigma", -1), "driven": ("cSigma", -1),
    "free-spirited": ("dSigma", -1), "instinctive": ("eSigma", -1),
}  # fmt: skip

# The words by language, in the order of `WORDS`.
TRANSLATIONS: Mapping[str, tuple[str, ...]] = {
    "en": tuple(WORDS),
    "de": (
        "selbstbewusst", "kontaktfreudig", "geduldig", "genau", "logisch", "bescheiden", "zurückhaltend",
        "rastlos", "ungezwungen", "warmherzig", "wetteifernd", "überzeugend", "beständig", "sorgfältig", "sachlich",
        "hilfsbereit", "nachdenklich", "umtriebig", "unkonventionell", "gefühlsgeleitet",
    ),
    "es": (
        "firme", "sociable", "paciente", "exigente con los detalles", "racional", "humilde", "de pocas palabras",
        "impaciente", "informal", "cordial", "con espíritu competitivo", "convincente", "constante", "prudente",
        "imparcial", "dispuesto a colaborar", "de carácter reflexivo", "dinámico", "de espíritu libre", "intuitivo",
    ),
    "ar": (
        "حازم", "اجتماعي", "صبور", "دقيق", "منطقي", "متواضع", "متحفظ", "لا يهدأ", "عفوي", "ودود", "محب للمنافسة",
        "مقنع", "ثابت", "حذر", "موضوعي", "متعاون", "متأمل", "مندفع", "متحرر من القيود", "يتبع حدسه",
    ),
}  # fmt: skip

# The title and the text of the two lists by language.
LISTS: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "en": (
        ("How others expect you to be", "Tick every word that tells how people around you expect you to act."),
        ("How you really are", "Tick every word that you yourself would say describes you."),
    ),
    "de": (
        ("Wie andere Sie erwarten", "Wählen Sie alle Wörter, die sagen, wie Ihr Umfeld Sie sich wünscht."),
        ("Wie Sie wirklich sind", "Wählen Sie alle Wörter, mit denen Sie selbst sich beschreiben würden."),
    ),
    "es": (
        ("Cómo esperan los demás que sea usted",
         "Marque todas las palabras que dicen cómo espera su entorno que usted se comporte."),
        ("Cómo es usted en realidad", "Marque todas las palabras con las que usted se describiría."),
    ),
    "ar": (
        ("كيف يتوقع الآخرون أن تكون", "ضع علامة على كل كلمة تعبّر عن السلوك الذي يتوقعه منك مَن حولك."),
        ("كيف أنت في الحقيقة", "ضع علامة على كل كلمة تصف بها نفسك."),
    ),
}  # fmt: skip

PHASES: Mapping[int, Phase] = {
    **dict.fromkeys((states.CREATED, states.SENT, states.OPENED), Phase.INVITED),
    states.STARTED: Phase.STARTED,
    states.COMPLETED: Phase.FINISHED,
    states.EXPIRED: Phase.EXPIRED,
    **dict.fromkeys((states.FAILED, states.ABORTED), Phase.CLOSED),
}
# The two lists in their order, and the graph that each leads to.
GRAPHS: Mapping[str, str] = {"expected": "selfConceptSigmaScore", "real": "selfSigmaScore"}
# By how many sigma a word moves its factor.
WEIGHT = 1.2


def to_results(answers: Answers) -> dict[str, Any]:
    """Return the scores of ticked words as the body of `complete`; none for a list that was left blank."""
    scores = {}
    for name, graph in GRAPHS.items():
        if answers.get(name):
            sums = dict.fromkeys(FACTORS, 0)
            for word in answers[name]:
                factor, direction = WORDS[word]
                sums[factor] += direction
            scores[graph] = {factor: round(WEIGHT * moved, 2) for factor, moved in sums.items()}
    return {"scores": scores} if scores else {}


def briefing(stored: Stored) -> Briefing:
    """Return what the candidate's page says about an assessment."""
    public, language = stored.public, stored.internal["language"]
    return Briefing(
        title="PI Behavioral Assessment",
        candidate=" ".join(filter(None, (public["firstName"], public["lastName"]))),
        phase=PHASES[stored.status],
        host=" ".join(filter(None, (public["administeredByFirstName"], public["administeredByLastName"]))),
        subject=public["associatedPositionTitle"] or "",
        until=stored.internal["expires"],
        language=language,
        language_name=languages.NAMES.get(language.lower(), language),
        redirect=public["redirectUrl"],
    )


# The page behind an assessmentUrl.
QUESTIONNAIRE = Questionnaire(
    "/Account/LoginPi", "a", briefing, {
        language: tuple(
            Part(title, text, (Question(name, title, tuple(zip(WORDS, words, strict=True)), many=True),))
            for name, (title, text) in zip(GRAPHS, LISTS[language], strict=True)
        )
        for language, words in TRANSLATIONS.items()
    }, to_results, "open", look="formal",
)  # fmt: skip
