"""Notes about accepted bodies and filters: what no document names, and what was ignored."""

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from assessment_simulator.core.config import Config
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.text import PLUS, address_note, ignored, meant, plain, plus_is_suspect, raw_value
from assessment_simulator.vendors.predictive_index import languages
from assessment_simulator.vendors.predictive_index.behaviour_flags import WEBHOOK_MEMBER
from assessment_simulator.vendors.predictive_index.rules import FIELDS, webhook_field

_MOST = 5
_OFFSET = re.compile(r"[+-]\d\d:\d\d$", re.ASCII)
_INSTANT_WITH_OFFSET = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d", re.ASCII)
_NAME = "a folder's name was accepted; the documents ask for its full path"
_UTC = "no document names an offset; it was converted to UTC"


def of_body(body: Mapping[str, Any], config: Config) -> tuple[str, ...]:
    """The notes about the body of a creation or a change."""
    tag, date, folder = body.get("languageLocale"), body.get("expirationDateTime"), body.get("folderPath")
    return (
        *_unknown_members(body, config),
        *((f"body.folderPath: {_NAME}",) if folder and folder not in config.folders else ()),
        *(() if tag is None else languages.note("body.languageLocale", tag)),
        *address_note("body.email", body.get("email")),
        *address_note("body.administeredByEmail", body.get("administeredByEmail")),
        *((f"body.expirationDateTime: {_UTC}",) if date and _OFFSET.search(date) and "T" in date else ()),
        *_dropped_fields(body.get("customFields") or (), config),
    )


def _unknown_members(body: Mapping[str, Any], config: Config) -> list[str]:
    webhook = webhook_field(config).path[0]
    known = [webhook if name == "assessmentStatusWebHook" else name for name in FIELDS]
    other = next(one for one in WEBHOOK_MEMBER.values if one != webhook)
    strange = [name for name in body if name not in known][:_MOST]
    return [
        f"body.{name} was ignored: {WEBHOOK_MEMBER.id} is {webhook}, so the address is read from that member"
        if name == other
        else ignored("body", name, known)
        for name in strange
    ]


def _dropped_fields(items: Any, config: Config) -> list[str]:
    """The custom fields of a body that are not assigned, by name, at most five."""
    last = {item["fieldName"]: at for at, item in enumerate(items) if isinstance(item.get("fieldName"), str)}
    found = (_dropped(f"body.customFields[{at}]", item, last, at, config) for at, item in enumerate(items))
    return [*islice((note for note in found if note is not None), _MOST)]


def _dropped(place: str, item: Mapping[str, Any], last: Mapping[str, int], at: int, config: Config) -> str | None:
    name, value = item.get("fieldName"), item.get("fieldValue")
    if not isinstance(name, str):
        other = next((one for one in item if meant(one, ["fieldName"])), None)
        hint = f"; did you mean fieldName instead of {plain(other)}?" if other else ""
        return f"{place} was not assigned: it has no text as fieldName{hint}"
    field = next((one for one in config.custom_fields if one.name == name), None)
    if field is None:
        right = meant(name, [one.name for one in config.custom_fields])
        hint = f"; did you mean {plain(right)}?" if right else ""
        return f"{place} was not assigned: the account has no custom field {plain(name)}{hint}"
    if last[name] != at:
        return f"{place} was not assigned: {plain(name)} is given again later"
    if value is None:
        other = next((one for one in item if meant(one, ["fieldValue"])), None)
        return f"{place} was not assigned: did you mean fieldValue instead of {plain(other)}?" if other else None
    if not isinstance(value, str):
        return f"{place} was not assigned: the value of {plain(name)} must be a text"
    if field.values is not None and value not in field.values:
        return f"{place} was not assigned: {plain(name)} cannot be {plain(value)}"
    return None


def of_filter(call: VendorRequest, *, found: bool) -> tuple[str, ...]:
    """The notes about the `$filter` and `$search` of an accepted list; `found` says whether it has anything."""
    notes = []
    for name, quoted in (("$filter", True), ("$search", False)):
        if plus_is_suspect(raw_value(call.raw_query, name), quoted=quoted, certain=not found and quoted):
            notes.append(f"query.{name}: {PLUS}")
    if _INSTANT_WITH_OFFSET.search(call.query.get("$filter", "")):
        notes.append(f"query.$filter: {_UTC}")
    return tuple(notes)


def plus_hint(call: VendorRequest) -> str | None:
    """The hint for a refused `$filter` in which a `+` was probably meant as a plus: that of an offset, for example."""
    raw = raw_value(call.raw_query, "$filter")
    broken_offset = re.search(r"T\d\d:[\d:.]+ \d\d:\d\d", call.query.get("$filter", ""))
    return PLUS if "+" in raw and (broken_offset or plus_is_suspect(raw, quoted=True)) else None
