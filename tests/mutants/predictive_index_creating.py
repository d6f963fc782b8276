"""The Predictive Index: who is let in, how it says no, and creating assessments."""

from tests.mutants.mutant import Mutant

_ACCESS = "vendors/predictive_index/access.py"
_ASSESSMENTS = "vendors/predictive_index/assessments.py"
_ERRORS = "vendors/predictive_index/errors.py"
_PEOPLE = "vendors/predictive_index/people.py"
_REPRESENTATIONS = "vendors/predictive_index/representations.py"
_RULES = "vendors/predictive_index/rules.py"

MUTANTS = (
    Mutant(
        "pi.key.forbidden", _ACCESS, "that is known and active\", 401,", "that is known and active\", 403,",
        "An unknown key is refused with 403 in place of 401.",
    ),
    Mutant(
        "pi.error.message", _ERRORS, '{"Message": message if isinstance(message, str) else message(request)}',
        '{"message": message if isinstance(message, str) else message(request)}',
        "The refusal of a key has a member message in place of Message.",
    ),
    Mutant(
        "pi.error.maintenance_number", _ERRORS, "503: 27}", "503: 503}",
        "The error of the maintenance has another number than 27.",
    ),
    Mutant(
        "pi.error.contextless", _ERRORS, '"context": None, ', "",
        "An error lacks the member context.",
    ),
    Mutant(
        "pi.error.no_parameters", _ERRORS, '"parameterErrors": items}', '"parameterErrors": items or None}',
        "parameterErrors is null in place of an empty array.",
    ),
    Mutant(
        "pi.error.number_text", _ERRORS, '"number": _NUMBERS[status],', '"number": str(_NUMBERS[status]),',
        "An error's number is a text.",
    ),
    Mutant(
        "pi.maintenance.ignored", _ACCESS, "lambda request, view: not view.config.maintenance",
        "lambda request, view: True",
        "Calls are answered during maintenance.",
    ),
    Mutant(
        "pi.rate.headless", _ACCESS, 'return () if limit is None else (("x-ratelimit-limit", str(limit)),)',
        "return ()",
        "No answer tells the limit.",
    ),
    Mutant(
        "pi.rate.endless", _ACCESS, "return limit is None or request.recent < limit", "return True",
        "The limit refuses nobody.",
    ),
    Mutant(
        "pi.create.ok", _ASSESSMENTS, "VendorResponse(201, shown", "VendorResponse(200, shown",
        "A creation is answered with 200 in place of 201.",
    ),
    Mutant(
        "pi.create.state_at_once", _ASSESSMENTS, 'sample = setting(config, flags.CREATED_STATE) == "sample"',
        "sample = False",
        "The answer to a creation shows 10 where the vendor's example shows 0.",
    ),
    Mutant(
        "pi.create.no_mail", _ASSESSMENTS, "    if notified:\n        administrator =",
        "    if False:\n        administrator =",
        "Nobody is mailed, though the request says so.",
    ),
    Mutant(
        "pi.create.unasked_mail", _ASSESSMENTS, "    if notified:\n        administrator =",
        "    if True:\n        administrator =",
        "The taker is mailed though the request does not say so.",
    ),
    Mutant(
        "pi.create.expires_late", _ASSESSMENTS, "request.now + config.invitation_days * instant.DAY",
        "request.now + (config.invitation_days + 1) * instant.DAY",
        "An invitation lives a day longer than the account says.",
    ),
    Mutant(
        "pi.create.never_expires", _ASSESSMENTS, '    if all(timer.operation != "expire" for timer in timers):\n',
        "    if False:\n",
        "An invitation does not expire on the day that it shows.",
    ),
    Mutant(
        "pi.create.day_begins", _RULES, "return instant.end_of_day(moment.at) if moment.date_only else moment.at",
        "return moment.at",
        "A date alone expires as its day begins.",
    ),
    Mutant(
        "pi.create.administrator_empty", _REPRESENTATIONS,
        "    if any(given(body.get(member)) for member in _ADMINISTRATOR):\n",
        "    if True:\n",
        "Where the request names nobody, nobody administers.",
    ),
    Mutant(
        "pi.create.administrator_swapped", _REPRESENTATIONS,
        "(user.email, user.phone, user.first_name, user.last_name)",
        "(user.email, user.phone, user.last_name, user.first_name)",
        "The API user's names change places.",
    ),
    Mutant(
        "pi.create.redirect_lost", _REPRESENTATIONS, '"redirectUrl": body.get("redirectUrl"),', '"redirectUrl": None,',
        "redirectUrl does not come back.",
    ),
    Mutant(
        "pi.create.gender_text", _PEOPLE, 'found["gender"] = int(gender)', 'found["gender"] = str(int(gender))',
        "gender is a text in place of a number.",
    ),
    Mutant(
        "pi.create.person_type_lowered", _PEOPLE,
        'found["personType"] = PERSON_TYPES.get(person_type, person_type)',
        'found["personType"] = PERSON_TYPES.get(person_type, person_type).lower()',
        "personType is written in small letters.",
    ),
    Mutant(
        "pi.create.position_lost", _REPRESENTATIONS, '"associatedPositionTitle": title,',
        '"associatedPositionTitle": None,',
        "associatedPositionTitle does not come back.",
    ),
    Mutant(
        "pi.create.names_trimmed", _PEOPLE, "texts = {member: body.get(member) for member in _TEXTS}",
        'texts = {member: (body.get(member) or "").strip() or None for member in _TEXTS}',
        "The taker's names lose their outer blanks.",
    ),
    Mutant(
        "pi.create.middle_name_lost", _PEOPLE, "texts = {member: body.get(member) for member in _TEXTS}",
        'texts = {**{member: body.get(member) for member in _TEXTS}, "middleName": None}',
        "middleName does not come back.",
    ),
    Mutant(
        "pi.custom_fields.lost", _REPRESENTATIONS, 'custom_fields(body.get("customFields") or (), config, {}),',
        "custom_fields((), config, {}),",
        "A custom field is not assigned though name and value are right.",
    ),
    Mutant(
        "pi.custom_fields.any_value", _REPRESENTATIONS, "or (field.values is not None and value not in field.values):",
        ":",
        "A value outside a custom field's list is assigned.",
    ),
    Mutant(
        "pi.custom_fields.unassigned", _REPRESENTATIONS,
        '        found.append({"fieldName": field.name, "fieldValue": value})\n',
        '        if value:\n            found.append({"fieldName": field.name, "fieldValue": value})\n',
        "Custom fields that are not assigned are left out.",
    ),
    Mutant(
        "pi.folder.default", _REPRESENTATIONS, '"folderPath": body.get("folderPath") or folder_name(folder),',
        '"folderPath": body.get("folderPath"),',
        "Without folderPath no folder is shown.",
    ),
    Mutant(
        "pi.face.member_gone", _REPRESENTATIONS,
        '    "scoringMethod", "patternNumber", "descriptiveReportUrl", "associatedPositionTitle",\n',
        '    "patternNumber", "descriptiveReportUrl", "associatedPositionTitle",\n',
        "An assessment lacks scoringMethod.",
    ),
    Mutant(
        "pi.face.order", _REPRESENTATIONS,
        '    "assessmentId", "firstName", "middleName", "lastName", "email", "assessmentDateTime",',
        '    "assessmentId", "firstName", "lastName", "middleName", "email", "assessmentDateTime",',
        "The members stand in another order than in the vendor's example.",
    ),
    Mutant(
        "pi.face.pending_address", _REPRESENTATIONS, '"descriptiveReportUrl": "", "patternFullUrl": "",',
        '"descriptiveReportUrl": None, "patternFullUrl": None,',
        "An address that is still to come is null in place of empty.",
    ),
    Mutant(
        "pi.face.pending_score", _REPRESENTATIONS, '"selfSigmaScore": None, "selfConceptSigmaScore": None,',
        '"selfSigmaScore": [], "selfConceptSigmaScore": [],',
        "A score that is still to come is an empty array in place of null.",
    ),
    Mutant(
        "pi.face.deleted_flag", _REPRESENTATIONS, '    "isDeleted": 0, "descriptiveReportPageUrl"',
        '    "isDeleted": False, "descriptiveReportPageUrl"',
        "isDeleted is a boolean in place of a number.",
    ),
    Mutant(
        "pi.face.password", _REPRESENTATIONS, '"assessmentPassword": request.random.digits(4),',
        '"assessmentPassword": "",',
        "assessmentPassword is empty.",
    ),
    Mutant(
        "pi.instant.six_digits", "core/instant.py", '.{at % SECOND:07d}Z"', '.{at % SECOND // MICROSECOND:06d}Z"',
        "Instants have six decimals in place of seven.",
    ),
    Mutant(
        "pi.instant.seventh_digit", "core/instant.py", '(fraction or "").ljust(7, "0")',
        '(fraction or "")[:6].ljust(7, "0")',
        "The seventh digit of an instant that was sent is lost.",
    ),
)  # fmt: skip
