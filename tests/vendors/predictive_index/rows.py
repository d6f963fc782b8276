"""Every rule of the vendor, kept once and broken once: plain data, to be played in a fake sandbox or over HTTP.

Dates lie far in the past or the future, so that the rows hold on any clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

ABSENT: Final = "ABSENT"
"""In a patch: the member is left out."""
FIRST: Final = "FIRST"
"""In a path: the id of the first assessment that was created before."""
LAST: Final = "LAST"
"""The same of the last one."""

PATH: Final = "/api/v1/behavioralassessments"
VALID: Final[Mapping[str, Any]] = {"firstName": "Sam", "lastName": "Flynn", "email": "sam@example.com"}


@dataclass(frozen=True)
class Try:
    """One request: `patch`, for POST laid over `VALID`, or the text `raw`, in a sandbox with `config` changed.

    `recent` calls were made during the last minute.
    """

    patch: Mapping[str, Any] = field(default_factory=dict)
    raw: str | None = None
    media_type: str = "application/json"
    method: str = "POST"
    path: str = PATH
    with_key: bool = True
    config: Mapping[str, Any] = field(default_factory=dict)
    recent: int = 0
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """The body as JSON values."""
        whole = {**VALID, **self.patch} if self.method == "POST" else self.patch
        return {name: value for name, value in whole.items() if value != ABSENT}

    @property
    def accepted(self) -> int:
        """The status of the answer when the request is accepted."""
        return {"POST": 201, "DELETE": 204}.get(self.method, 200)


@dataclass(frozen=True)
class Row:
    """One rule: a request that keeps it and one that breaks it, both after the bodies `before` were posted.

    `actions` were done to the first assessment then.
    """

    rule: str
    kept: Try
    broken: Try
    before: tuple[Mapping[str, Any], ...] = ()
    actions: tuple[str, ...] = ()


def patched(rule: str, kept: Mapping[str, Any], broken: Mapping[str, Any], *before: Mapping[str, Any]) -> Row:
    return Row(f"pi.create.{rule}", Try(kept), Try(broken), before)


def valued(rule: str, member: str, *pairs: tuple[Any, Any], base: Mapping[str, Any] | None = None) -> list[Row]:
    """A row for each pair of a good and a bad value of one member."""
    return [patched(rule, {**(base or {}), member: kept}, {**(base or {}), member: broken}) for kept, broken in pairs]


def switched(rule: str, switch: str, value: Any, kept: Mapping[str, Any], broken: Mapping[str, Any]) -> Row:
    config = {"behaviour": {switch: value}}
    return Row(f"pi.create.{rule}", Try(kept, config=config), Try(broken, config=config))


BOTH_IDS = {**VALID, "externalId": "a-1", "externalPersonId": "p-1"}
OTHER = {**VALID, "externalId": "a-2", "externalPersonId": "p-2"}
NO_PERSON_ID = {**VALID, "externalId": "a-3"}
NAMELESS = {"firstName": ABSENT, "lastName": ABSENT, "email": ABSENT}
AGAIN = {**NAMELESS, "externalId": "a-1"}
PERSON_AGAIN = {**NAMELESS, "externalPersonId": "p-1"}
ADMINISTRATOR = {
    "administeredByFirstName": "Rita", "administeredByLastName": "Recruiter", "administeredByEmail": "rita@example.com",
}  # fmt: skip


TYPES = [
    *valued("first_name.type", "firstName", ("Sam", 1)),
    *valued("middle_name.type", "middleName", ("Kevin", True), (None, {})),
    *valued("last_name.type", "lastName", ("Flynn", ["Flynn"])),
    *valued("email.type", "email", ("sam@example.com", {"at": "example.com"})),
    *valued("expiration.type", "expirationDateTime", ("2999-12-31", 2999)),
    *valued("administered_by.first_name.type", "administeredByFirstName", ("Rita", 1), base=ADMINISTRATOR),
    *valued("administered_by.last_name.type", "administeredByLastName", ("Recruiter", False), base=ADMINISTRATOR),
    *valued("administered_by.email.type", "administeredByEmail", ("rita@example.com", []), base=ADMINISTRATOR),
    *valued("administered_by.phone.type", "administeredByPhone", ("+1 781-235-8872", 17812358872), base=ADMINISTRATOR),
    *valued("position.type", "associatedPositionTitle", ("Software Engineer", ["Software Engineer"])),
    *valued("gender.type", "gender", (2, "2"), (1.0, True), (None, 0.5), (0, "")),
    *valued("person_type.type", "personType", ("Employee", 4)),
    switched("person_type.type", "pi.person_type", "numbers", {"personType": 4}, {"personType": "Employee"}),
    *valued("webhook.type", "assessmentStatusWebHook", (None, 80)),
    switched("webhook.type", "pi.webhook_member", "assessmentStatusWebHookUrl",
             {"assessmentStatusWebHook": 80}, {"assessmentStatusWebHookUrl": 80}),
    *valued("language.type", "languageLocale", ("fr-CA", 33)),
    *valued("notify.type", "notifyAssessmentAvailableUsingEmail", (1, True)),
    *valued("external_id.type", "externalId", ("894", 894)),
    *valued("external_person_id.type", "externalPersonId", ("894", [894])),
    *valued("folder.type", "folderPath", (None, {})),
    *valued("redirect.type", "redirectUrl", (None, False)),
    *valued("custom_fields.type", "customFields", ([], {"Favorite Color": "Blue"})),
]  # fmt: skip

NAMES = [
    patched("first_name.required", {}, {"firstName": ABSENT}),
    patched("first_name.required", AGAIN, {"firstName": ""}, BOTH_IDS),
    patched("last_name.required", {}, {"lastName": None}),
    patched("last_name.required", PERSON_AGAIN, {"lastName": ABSENT, "externalPersonId": "new"}, BOTH_IDS),
    patched("email.required", {}, {"email": ABSENT}),
    patched("email.required", AGAIN, {**NAMELESS, "externalId": ""}, BOTH_IDS),
    patched("first_name.excluded", AGAIN, {**AGAIN, "firstName": "Sam"}, BOTH_IDS),
    patched("first_name.excluded", {**AGAIN, "firstName": ""}, {**PERSON_AGAIN, "firstName": "Sam"}, BOTH_IDS),
    patched("first_name.excluded", {**AGAIN, "firstName": "\u00a0 "}, {**AGAIN, "firstName": " Sam"}, BOTH_IDS),
    patched("email.excluded", {**PERSON_AGAIN, "email": " \t"}, {**AGAIN, "email": "not-an-address"}, BOTH_IDS),
    patched("first_name.blank", {**AGAIN, "firstName": "  "}, {**PERSON_AGAIN, "externalPersonId": "new",
            "firstName": "  "}, BOTH_IDS),
    patched("middle_name.excluded", {**AGAIN, "middleName": None}, {**AGAIN, "middleName": "Kevin"}, BOTH_IDS),
    patched("last_name.excluded", {**PERSON_AGAIN, "lastName": ""}, {**AGAIN, "lastName": "Flynn"}, BOTH_IDS),
    patched("email.excluded", {**AGAIN, "email": None}, {**AGAIN, "email": "sam@example.com"}, BOTH_IDS),
    patched("external_person_id.match", {**AGAIN, "externalPersonId": "p-1"}, {**AGAIN, "externalPersonId": "p-2"},
            BOTH_IDS, OTHER),
    patched("external_person_id.match", {**AGAIN, "externalId": "a-3", "externalPersonId": "p-3"},
            {**AGAIN, "externalPersonId": "nobody's"}, BOTH_IDS, NO_PERSON_ID),
    patched("external_person_id.match", {**AGAIN, "externalPersonId": ""},
            {**AGAIN, "externalId": "a-3", "externalPersonId": "p-1"}, BOTH_IDS, NO_PERSON_ID),
]  # fmt: skip


def _without(member: str) -> dict[str, Any]:
    return {**ADMINISTRATOR, member: ABSENT}


ADMINISTERED_BY = [
    patched("administered_by.first_name.required", ADMINISTRATOR, _without("administeredByFirstName")),
    patched("administered_by.first_name.required", {"administeredByLastName": ""}, {"administeredByLastName": "R"}),
    patched("administered_by.last_name.required", {"administeredByEmail": None}, _without("administeredByLastName")),
    patched("administered_by.last_name.required", {}, {**ADMINISTRATOR, "administeredByLastName": ""}),
    patched("administered_by.email.required", {"administeredByPhone": ""}, {"administeredByPhone": "+1 781-235-8872"}),
    patched("administered_by.email.required", ADMINISTRATOR, {**ADMINISTRATOR, "administeredByEmail": None}),
]

_NAMES = {"first_name": "firstName", "middle_name": "middleName", "last_name": "lastName", "email": "email"}
BLANKS = [
    *(
        patched(f"{slug}.blank", {member: "Kevin"}, {member: blank})
        for slug, member in _NAMES.items()
        for blank in ("  ", "\t", "\u00a0", "\u3000\u2003", "\r\n", "\u200b")
    ),
    patched("middle_name.blank", {"middleName": ""}, {"middleName": " "}),
    *(
        patched(f"administered_by.{slug}.blank", ADMINISTRATOR, {**ADMINISTRATOR, member: blank})
        for slug, member in (
            ("first_name", "administeredByFirstName"), ("last_name", "administeredByLastName"),
            ("email", "administeredByEmail"),
        )
        for blank in (" ", "\u00a0\t")
    ),
]  # fmt: skip

WEBHOOK = "https://user:pass%40word@hooks.example.com:8443/pi?a=1"
VALUES = [
    *valued("expiration.format", "expirationDateTime",
            ("2999-01-31", "31.01.2999"), ("2999-01-31T23:59:59.0123456Z", "2999-01-31T23:59:59.01234567Z"),
            ("9999-12-31", "2999-02-29"), (None, ""), ("2999-01-31T23:59:59+14:00", "9999-12-31T23:59:59-01:00")),
    *valued("expiration.future", "expirationDateTime",
            ("2999-12-31", "2015-01-31"), ("2999-01-31T00:00:00Z", "2015-01-31T23:59:59.0123456Z")),
    *valued("position.exists", "associatedPositionTitle", ("Software Engineer", "Software engineer"), (None, "")),
    *valued("gender.value", "gender", (0, 3), (2.0, -1), (1, 1e308)),
    *valued("person_type.value", "personType", (None, ""), *(
        (name, name.lower()) for name in ("Unknown", "Candidate", "Other", "Employee", "Former Employee")
    )),
    *(
        switched("person_type.value", "pi.person_type", "numbers", {"personType": number}, {"personType": number + 5})
        for number in (1, 5)
    ),
    *valued("webhook.url", "assessmentStatusWebHook",
            (WEBHOOK, "hooks.example.com"), (None, "ftp://example.com/"), (WEBHOOK, "")),
    switched("webhook.url", "pi.webhook_member", "assessmentStatusWebHookUrl",
             {"assessmentStatusWebHookUrl": WEBHOOK}, {"assessmentStatusWebHookUrl": "http://"}),
    *valued("language.tag", "languageLocale", ("en-US", "en_US"), ("zu-ZA", ""), ("zh-Hant-TW", "English (US)"),
            ("de-1996-u-co-phonebk-x-ours", "en-US\n")),
    *valued("notify.value", "notifyAssessmentAvailableUsingEmail", (1, 2), (0, -1)),
    *valued("folder.exists", "folderPath", ("\\Example Company\\Some Folder", "\\Some Folder"),
            ("Some Folder", "Example Company\\Some Folder"), ("\\Example Company", "")),
    *valued("redirect.url", "redirectUrl", ("http://www.predictiveindex.com", "www.predictiveindex.com"),
            (None, "javascript://example.com/%0Aalert(1)")),
    *valued("custom_fields.items", "customFields",
            ([{"fieldName": "Favorite Color", "fieldValue": "Blue"}], ["Blue"]),
            ([{"fieldName": "Favorite ood", "fieldValue": "Pizza"}, {}], [{}, None])),
]  # fmt: skip

ACCESS = [
    Row("pi.access.key", Try(), Try(with_key=False)),
    Row("pi.access.key", Try(method="GET"), Try(method="GET", with_key=False)),
    Row("pi.access.maintenance", Try(), Try(config={"maintenance": True})),
    Row("pi.access.rate", Try(config={"rate_limit": 2}, recent=1), Try(config={"rate_limit": 2}, recent=2)),
    Row("pi.create.media_type", Try(), Try(media_type="application/xml")),
    Row("pi.create.media_type", Try(), Try(media_type="")),
    Row("pi.create.body.json", Try(), Try(raw="{'firstName': 'Sam'}")),
    Row("pi.create.body.json", Try(), Try(raw="")),
    Row("pi.create.body.object", Try(), Try(raw="[]")),
    Row("pi.create.body.object", Try(), Try(raw="null")),
    Row("pi.get.known", Try(method="GET", path=f"{PATH}/{FIRST}"), Try(method="GET", path=f"{PATH}/nobody"), (VALID,)),
]

ROWS: list[Row] = [*ACCESS, *TYPES, *NAMES, *BLANKS, *ADMINISTERED_BY, *VALUES]
"""Every rule that the vendor judges itself."""
