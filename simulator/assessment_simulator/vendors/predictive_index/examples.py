"""For each rule a request that it accepts and one that it refuses: its page sends both and shows what came of them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from assessment_simulator.core.rules import Json
from assessment_simulator.core.schema import Example, Step
from assessment_simulator.vendors.predictive_index.odata.entity_schemas import PEOPLE_ROOT
from assessment_simulator.vendors.predictive_index.odata.parser import MAX_LENGTH
from assessment_simulator.vendors.predictive_index.rules import FIELDS

_ABSENT: Any = object()
_PERSON = {"firstName": "Grace", "lastName": "Hopper", "email": "grace@example.com"}
_IDS = {"externalId": "a-1", "externalPersonId": "p-1"}
_OTHER = Step("create_assessment", {
    "firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com", "externalId": "a-2",
    "externalPersonId": "p-2",
})  # fmt: skip
_AGAIN = Step("create_assessment", {"externalPersonId": "p-1"})
_CREATE = Step("create_assessment", _PERSON)
_ONE = {"assessmentId": "=create_assessment/assessmentId"}
_UNKNOWN = {"assessmentId": "00000000-0000-4000-8000-000000000000"}
_CHANGE = Step("change_assessment", {"gender": 1}, params=_ONE)
_RITA = {
    "administeredByFirstName": "Rita", "administeredByLastName": "Recruiter", "administeredByEmail": "rita@example.com",
}  # fmt: skip
_WRONG: Mapping[Json, Any] = {Json.STRING: 42, Json.INTEGER: "1", Json.ARRAY: {"Favorite Color": "Blue"}}
# A value of each member that is valid, and by rule one that is not.
_GOOD: Mapping[str, Any] = {
    **_PERSON, **_RITA, "middleName": "Brewster", "administeredByPhone": "+1 555 0100",
    "expirationDateTime": "2026-12-31", "associatedPositionTitle": "Software Engineer", "gender": 2,
    "personType": "Employee", "assessmentStatusWebHook": "https://client.example/hook", "languageLocale": "en-US",
    "notifyAssessmentAvailableUsingEmail": 1, "externalId": "a-1", "externalPersonId": "p-1",
    "folderPath": "\\Example Company\\Some Folder", "redirectUrl": "https://client.example/done",
    "customFields": [{"fieldName": "Favorite Color", "fieldValue": "Blue"}],
}  # fmt: skip
_BAD: Mapping[str, tuple[str, Any]] = {
    "expiration.format": ("expirationDateTime", "31.12.2026"),
    "expiration.future": ("expirationDateTime", "2025-12-31"),
    "position.exists": ("associatedPositionTitle", "Software engineer"),
    "gender.value": ("gender", 3),
    "person_type.value": ("personType", "employee"),
    "webhook.url": ("assessmentStatusWebHook", "client.example/hook"),
    "language.tag": ("languageLocale", "en_US"),
    "notify.value": ("notifyAssessmentAvailableUsingEmail", 2),
    "folder.exists": ("folderPath", "\\Some Folder"),
    "redirect.url": ("redirectUrl", "client.example/done"),
    "custom_fields.items": ("customFields", ["Blue"]),
    **{f"{FIELDS[name].slug}.blank": (name, " ") for name in (*_PERSON, "middleName", *_RITA)},
    **{f"{FIELDS[name].slug}.required": (name, _ABSENT) for name in _RITA},
    **{f"{field.slug}.type": (name, _WRONG[field.type]) for name, field in FIELDS.items()},
}  # fmt: skip
_NAME = f"{PEOPLE_ROOT}/assessmentUser/firstName"
_LONG = f"email eq '{'x' * MAX_LENGTH}'"
# By the last words of a rule's id: an option of the lists, with a value that is valid and one that is not.
_OPTIONS: Mapping[str, tuple[str, str, str]] = {
    "option.known": ("", "$top=1", "$expand=true"),
    "filter.size": ("$filter", "email eq 'grace@example.com'", _LONG),
    "filter.syntax": ("$filter", "gender eq 2", "gender = 2"),
    "filter.member": ("$filter", "firstName eq 'Grace'", "first_name eq 'Grace'"),
    "filter.type": ("$filter", "gender eq 2", "gender eq 'Female'"),
    "orderby.syntax": ("$orderby", "lastName desc", "lastName down"),
    "orderby.member": ("$orderby", "lastName", "surname"),
    "top.value": ("$top", "10", "-1"),
    "skip.value": ("$skip", "10", "ten"),
    "count.value": ("$count", "true", "yes"),
    "select.member": ("$select", "firstName,lastName", "firstName,"),
    "search.text": ("$search", "hopper", ""),
    "searchfields.member": ("searchfields", "email,lastName", "email,gender"),
}
_SEARCHES: Mapping[str, tuple[str, str, str]] = {
    **{name: row for name, row in _OPTIONS.items() if name.partition(".")[0] in ("top", "skip", "search")},
    "option.known": ("", "$top=1", "$select=email"),
    "filter.size": ("$filter", f"{_NAME} eq 'Grace'", _LONG),
    "filter.syntax": ("$filter", f"{_NAME} eq 'Grace'", f"{_NAME} = 'Grace'"),
    "filter.member": ("$filter", f"{_NAME} eq 'Grace'", "firstName eq 'Grace'"),
    "filter.type": ("$filter", f"{_NAME} eq 'Grace'", f"{_NAME} eq 1"),
    "searchfields.member": ("searchfields", _NAME, "firstName"),
}


def _over(step: Step, body: Mapping[str, Any]) -> Step:
    return replace(step, body={name: value for name, value in body.items() if value is not _ABSENT})


def _value(step: Step, member: str, bad: Any) -> Example:
    """A good and a bad value of a member, beside those that go with it."""
    body = dict(step.body) if step.operation == "create_assessment" else {}
    other = {name: f"Other {value}" for name, value in _RITA.items()} if member.startswith("administeredBy") else {}
    body |= _RITA if other else {}
    return Example(_over(step, {**body, member: _GOOD[member]}), _over(step, {**body, **other, member: bad}))


def _query(operation: str, row: tuple[str, str, str]) -> Example:
    option, *values = row
    good, bad = (dict([(option, value)] if option else [value.split("=", 1)]) for value in values)
    return Example(Step(operation, query=good), Step(operation, query=bad))


def _drawn(prefix: str, step: Step, bad: Mapping[str, Step]) -> dict[str, Example]:
    """Examples of a pattern or report: those with another request, an unknown id, and an assessment not completed."""
    found = {f"{prefix}.{slug}": Example(step, other) for slug, other in bad.items()}
    unknown = replace(step, params={**step.params, **_UNKNOWN})
    return {
        **found, f"{prefix}.known": Example(step, unknown), f"{prefix}.complete": Example(step, step, between=(_OTHER,))
    }  # fmt: skip


def examples() -> Mapping[str, Example]:
    """The examples by the ids of the rules."""
    read, archive = Step("get_assessment", params=_ONE), Step("archive_assessment", params=_ONE)
    listed, named = Step("list_assessments"), replace(_CREATE, body={**_PERSON, **_IDS})
    pattern = Step("get_pattern", params={**_ONE, "patternType": "0"}, query={"format": "PNG"})
    asked = {"format": "PDF", "gender": "Female"}
    report = Step("get_report", params={**_ONE, "reportType": "PersonDetailReport"}, query=asked)
    of_type = {kind: replace(report, params={**_ONE, "reportType": kind}) for kind in ("5", "7")}
    found = {
        "pi.http.route": Example(listed, replace(listed, path="/api/v1/assessments")),
        "pi.http.verb": Example(read, replace(read, method="PUT")),
        "pi.http.encoding": Example(_CREATE, replace(_CREATE, headers={"content-encoding": "gzip"})),
        "pi.http.size": Example(_CREATE, replace(_CREATE, raw=" " * 1_048_577)),
        "pi.access.key": Example(listed, replace(listed, headers={"api-key": None})),
        "pi.access.maintenance": Example(listed, listed, changed={"maintenance": True}),
        "pi.access.rate": Example(listed, listed, changed={"rate_limit": 1}, between=(listed,)),
        "pi.get.known": Example(read, replace(read, params=_UNKNOWN)),
        "pi.archive.known": Example(archive, archive),
        "pi.create.external_person_id.match": Example(
            _over(_CREATE, _IDS), _over(_CREATE, {**_IDS, "externalPersonId": "p-2"}), before=(named, _OTHER)
        ),
        "pi.change.locator": Example(_CHANGE, replace(_CHANGE, query={"externalId": "application-42"})),
        "pi.change.known": Example(_CHANGE, replace(_CHANGE, params=_UNKNOWN)),
        **{
            f"pi.change.{slug}.free": Example(
                _over(_CHANGE, {member: "new"}), replace(_over(_CHANGE, {member: taken}), params={**_ONE}),
                before=(_OTHER, named),
            )
            for slug, member, taken in (
                ("external_id", "externalId", "a-2"), ("external_person_id", "externalPersonId", "p-2"),
            )
        },
        **_drawn("pi.pattern", pattern, {
            "type": replace(pattern, params={**_ONE, "patternType": "4"}), "format": replace(pattern, query={}),
        }),
        **_drawn("pi.report", report, {
            "type": of_type["7"], "working": of_type["5"], "format": replace(report, query={"gender": "Female"}),
            "gender": replace(report, query={"format": "PDF"}),
            "language": replace(report, query={**asked, "languageLocale": "en_US"}),
        }),
        **{f"pi.list.{slug}": _query("list_assessments", row) for slug, row in _OPTIONS.items()},
        **{f"pi.search.{slug}": _query("search_people", row) for slug, row in _SEARCHES.items()},
    }  # fmt: skip
    for prefix, step in (("pi.create", _CREATE), ("pi.change", _CHANGE)):
        found |= {
            f"{prefix}.media_type": Example(step, replace(step, media_type="application/x-www-form-urlencoded")),
            f"{prefix}.body.json": Example(step, replace(step, raw="{'firstName': 'Grace'}")),
            f"{prefix}.body.object": Example(step, replace(step, body=[step.body])),
            **{f"{prefix}.{slug}": _value(step, member, bad) for slug, (member, bad) in _BAD.items()},
        }
    for name in (*_PERSON, "middleName"):
        slug = FIELDS[name].slug
        found[f"pi.create.{slug}.excluded"] = Example(
            _AGAIN, _over(_AGAIN, {**_AGAIN.body, name: _GOOD[name]}), before=(named,)
        )
        if name in _PERSON:
            found[f"pi.create.{slug}.required"] = Example(_CREATE, _over(_CREATE, {**_PERSON, name: _ABSENT}))
    return found
