"""The languages of the assessment, and those whose reports need to know he from she.

The vendor publishes 68 languages by name (Assessment Settings), of which twelve names could be read; the others, and
every tag, are assumed. So is the list of languages with gendered pronouns: the page on reports says that there are
some, and that English has been neutral since October 2018. Nothing is refused for not being here.
"""

from collections.abc import Mapping

READ: Mapping[str, str] = {
    "en-US": "English (US)", "af-ZA": "Afrikaans", "sq-AL": "Albanian (Albania)", "ar-001": "Arabic (International)",
    "hy-AM": "Armenian (Armenia)", "eu-ES": "Basque", "bg-BG": "Bulgarian", "ca-ES": "Catalan",
    "zh-CN": "Chinese (People's Republic of China)", "zh-TW": "Chinese (Taiwan)", "hr-HR": "Croatian (Croatia)",
    "cs-CZ": "Czech",
}  # fmt: skip
"""The languages that the page names, as far as it could be read."""

PUBLISHED: Mapping[str, str] = {
    **READ, "da-DK": "Danish", "nl-NL": "Dutch", "en-GB": "English (UK)", "et-EE": "Estonian", "fi-FI": "Finnish",
    "fr-CA": "French (Canada)", "fr-FR": "French (France)", "ka-GE": "Georgian", "de-DE": "German", "el-GR": "Greek",
    "he-IL": "Hebrew", "hi-IN": "Hindi", "hu-HU": "Hungarian", "is-IS": "Icelandic", "id-ID": "Indonesian",
    "it-IT": "Italian", "ja-JP": "Japanese", "ko-KR": "Korean", "lv-LV": "Latvian", "lt-LT": "Lithuanian",
    "ms-MY": "Malay", "nb-NO": "Norwegian", "pl-PL": "Polish", "pt-BR": "Portuguese (Brazil)",
    "pt-PT": "Portuguese (Portugal)", "ro-RO": "Romanian", "ru-RU": "Russian", "sr-RS": "Serbian", "sk-SK": "Slovak",
    "sl-SI": "Slovenian", "es-MX": "Spanish (Mexico)", "es-ES": "Spanish (Spain)", "sv-SE": "Swedish", "th-TH": "Thai",
    "tr-TR": "Turkish", "uk-UA": "Ukrainian", "vi-VN": "Vietnamese", "zu-ZA": "Zulu",
}  # fmt: skip
"""Every language that is taken for published, by its tag."""

GENDERED = frozenset("ar bg ca cs de el es fr he hr it lt lv nl pl pt ro ru sk sl sr uk".split())
"""The languages in which a report about nobody in particular cannot be written."""

_KNOWN = {tag.lower(): name for tag, name in PUBLISHED.items()}


def name(tag: str) -> str:
    """The language's English name; the tag itself where it is not known."""
    return _KNOWN.get(tag.lower(), tag)


def is_published(tag: str) -> bool:
    """Whether a well-formed tag is taken for one of the vendor's languages."""
    return tag.lower() in _KNOWN


def has_gendered_pronouns(tag: str) -> bool:
    """Whether a report in that language is written of a man or of a woman."""
    return tag.lower().partition("-")[0] in GENDERED


def note(place: str, tag: str) -> tuple[str, ...]:
    """What is to be noted of a well-formed tag that was accepted."""
    if is_published(tag):
        return ()
    return (f"{place} {tag[:40]} is not among the languages that the vendor is known to publish; it was accepted",)
