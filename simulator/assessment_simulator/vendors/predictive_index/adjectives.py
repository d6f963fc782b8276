"""The words to be ticked, each with the factor that it moves and which way, in the languages that there are here."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, int]] = {
    "assertive": ("aSigma", 1), "outgoing": ("bSigma", 1), "patient": ("cSigma", 1), "precise": ("dSigma", 1),
    "logical": ("eSigma", 1), "modest": ("aSigma", -1), "reserved": ("bSigma", -1), "restless": ("cSigma", -1),
    "informal": ("dSigma", -1), "warm-hearted": ("eSigma", -1), "competitive": ("aSigma", 1),
    "persuasive": ("bSigma", 1), "steady": ("cSigma", 1), "careful": ("dSigma", 1), "factual": ("eSigma", 1),
    "cooperative": ("aSigma", -1), "thoughtful": ("bSigma", -1), "driven": ("cSigma", -1),
    "free-spirited": ("dSigma", -1), "instinctive": ("eSigma", -1),
}  # fmt: skip
"""Every word by its English name: the factor, and 1 or -1."""

SHOWN: Mapping[str, tuple[str, ...]] = {
    "en": (
        "assertive", "outgoing", "patient", "precise", "logical", "modest", "reserved", "restless", "informal",
        "warm-hearted", "competitive", "persuasive", "steady", "careful", "factual", "cooperative", "thoughtful",
        "driven", "free-spirited", "instinctive",
    ),
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
"""The same words, in the same order, by language."""

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
"""The titles of the two lists and what is asked there, by language."""
