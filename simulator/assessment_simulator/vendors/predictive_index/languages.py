"""The languages of the assessment, and those whose reports need to know whether the taker is a man or a woman.

The vendor publishes 68 languages by name (Assessment Settings), of which twelve names could be read; the others, and
every tag, are assumed. So is the list of languages with gendered pronouns: the page on reports says that there are
some, and that English has been neutral since October 2018. A language that is missing here is accepted with a note.
"""

import re
from collections.abc import Mapping

# RFC 5646, section 2.1, without the grandfathered tags: well-formed, known or not.
TAG = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?"
    r"(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*(?:-[a-wy-z\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?"
    r"|x(?:-[a-z\d]{1,8})+",
    re.ASCII | re.IGNORECASE,
)

PUBLISHED = {
    # Read on the page:
    "en-US": "English (US)", "af-ZA": "Afrikaans", "sq-AL": "Albanian (Albania)", "ar-001": "Arabic (International)",
    "hy-AM": "Armenian (Armenia)", "eu-ES": "Basque", "bg-BG": "Bulgarian", "ca-ES": "Catalan",
    "zh-CN": "Chinese (People's Republic of China)", "zh-TW": "Chinese (Taiwan)", "hr-HR": "Croatian (Croatia)",
    "cs-CZ": "Czech",
    # Assumed:
    "da-DK": "Danish", "nl-NL": "Dutch", "en-GB": "English (UK)", "et-EE": "Estonian", "fi-FI": "Finnish",
    "fr-CA": "French (Canada)", "fr-FR": "French (France)", "ka-GE": "Georgian", "de-DE": "German", "el-GR": "Greek",
    "he-IL": "Hebrew", "hi-IN": "Hindi", "hu-HU": "Hungarian", "is-IS": "Icelandic", "id-ID": "Indonesian",
    "it-IT": "Italian", "ja-JP": "Japanese", "ko-KR": "Korean", "lv-LV": "Latvian", "lt-LT": "Lithuanian",
    "ms-MY": "Malay", "nb-NO": "Norwegian", "pl-PL": "Polish", "pt-BR": "Portuguese (Brazil)",
    "pt-PT": "Portuguese (Portugal)", "ro-RO": "Romanian", "ru-RU": "Russian", "sr-RS": "Serbian", "sk-SK": "Slovak",
    "sl-SI": "Slovenian", "es-MX": "Spanish (Mexico)", "es-ES": "Spanish (Spain)", "sv-SE": "Swedish", "th-TH": "Thai",
    "tr-TR": "Turkish", "uk-UA": "Ukrainian", "vi-VN": "Vietnamese", "zu-ZA": "Zulu",
}  # fmt: skip
# The English name of every language that is taken for published, by its tag in lower case.
NAMES: Mapping[str, str] = {tag.lower(): name for tag, name in PUBLISHED.items()}

# The languages in which a report has to be written of a man or of a woman.
GENDERED = frozenset("ar bg ca cs de el es fr he hr it lt lv nl pl pt ro ru sk sl sr uk".split())
