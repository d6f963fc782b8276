"""The Predictive Index: what is demanded of a creation, and who is assessed again."""

from tests.mutants.mutant import Mutant

_ASSESSMENTS = "vendors/predictive_index/assessments.py"
_PEOPLE = "vendors/predictive_index/people.py"
_REPRESENTATIONS = "vendors/predictive_index/representations.py"
_RULES = "vendors/predictive_index/rules.py"

MUTANTS = (
    Mutant(
        "pi.rule.media_type", _RULES, 'lambda request, view: request.media_type == "application/json"',
        "lambda request, view: True",
        "A body that calls itself a form or XML is read as JSON.",
    ),
    Mutant(
        "pi.rule.media_type_status", _RULES, "must be application/json\", 415,", "must be application/json\", 400,",
        "A wrong content type is refused with 400 in place of 415.",
    ),
    Mutant(
        "pi.rule.body_status", _RULES, '"the body must be a JSON object", 400,',
        '"the body must be a JSON object", 415,',
        "A body that is a list is refused with 415 in place of 400.",
    ),
    Mutant(
        "pi.rule.status", _RULES, "id, place, statement, 400, Standing.DOCUMENTED",
        "id, place, statement, 404, Standing.DOCUMENTED",
        "A creation that breaks a rule is refused with 404 in place of 400.",
    ),
    Mutant(
        "pi.rule.names_required", _RULES, 'for m in ("firstName", "lastName", "email")\n',
        'for m in ("email",)\n',
        "Somebody without a name is invited.",
    ),
    Mutant(
        "pi.rule.names_excluded", _RULES, "        for m in _NAMES\n", "        for m in ()\n",
        "Names are accepted for somebody who is assessed again.",
    ),
    Mutant(
        "pi.rule.types", _RULES, '    _TYPE_RULES + _NAME_RULES + _blank',
        '    _NAME_RULES + _blank',
        "A number is taken for a name.",
    ),
    Mutant(
        "pi.rule.administrator", _RULES, ' + _ADMINISTRATOR_RULES + (*_VALUES',
        ' + (*_VALUES',
        "Half an administrator is accepted.",
    ),
    Mutant(
        "pi.rule.blank", _RULES, 'lambda text, request, view: text == "" or not is_blank(text)',
        'lambda text, request, view: text != " "',
        "A name of two blanks is accepted.",
    ),
    Mutant(
        "pi.rule.blank_again", _RULES, "not given(value) or is_blank(value) or not _reassesses",
        "not given(value) or not _reassesses",
        "A blank name is refused in a re-assessment.",
    ),
    Mutant(
        "pi.rule.zone_hint", _RULES, "hint=_zone_hint", "hint=None",
        "A date-time without a zone is refused without a hint.",
    ),
    Mutant(
        "pi.rule.past", _RULES, "(at := expiry(text)) is None or at > request.now", "True",
        "An invitation that has expired already is accepted.",
    ),
    Mutant(
        "pi.rule.expiration", _RULES, "lambda text, request, view: expiry(text) is not None",
        "lambda text, request, view: bool(text)",
        "Any text is taken for a day.",
    ),
    Mutant(
        "pi.rule.position", _RULES, "title in view.config.positions", "True",
        "A position that does not exist is accepted.",
    ),
    Mutant(
        "pi.rule.folder", _RULES, "find_folder(text, view.config) is not None", "bool(text)",
        "A folder that does not exist is accepted.",
    ),
    Mutant(
        "pi.rule.folder_name", _REPRESENTATIONS, "if text and folder_name(path) == text", "if False",
        "A folder's name, which answers show, is refused.",
    ),
    Mutant(
        "pi.rule.gender", _RULES, "number in (0, 1, 2)", "-1_000 < number < 1_000",
        "gender may be any number.",
    ),
    Mutant(
        "pi.rule.gender_two", _RULES, "number in (0, 1, 2)", "number in (0, 1)",
        "gender 2 is refused.",
    ),
    Mutant(
        "pi.rule.person_type", _RULES, "value in PERSON_TYPES or value in PERSON_TYPES.values()",
        "value in PERSON_TYPES or str(value).title() in PERSON_TYPES.values()",
        "personType may be written in any case.",
    ),
    Mutant(
        "pi.rule.person_type_space", _PEOPLE, '5: "Former Employee"}', '5: "FormerEmployee"}',
        "Former Employee is written without its blank.",
    ),
    Mutant(
        "pi.rule.notify", _RULES, "number in (0, 1)))", "-1_000 < number < 1_000))",
        "notifyAssessmentAvailableUsingEmail may be any number.",
    ),
    Mutant(
        "pi.rule.webhook", _RULES, '_value("assessmentStatusWebHook", lambda url, request, view: is_web_url(url))',
        '_value("assessmentStatusWebHook", lambda url, request, view: True)',
        "A webhook's address may be any text.",
    ),
    Mutant(
        "pi.rule.redirect", _RULES, '_value("redirectUrl", lambda url, request, view: is_web_url(url))',
        '_value("redirectUrl", lambda url, request, view: bool(url))',
        "redirectUrl may lack its protocol.",
    ),
    Mutant(
        "pi.rule.language", _RULES, "languages.TAG.fullmatch(tag) is not None", "bool(tag)",
        "languageLocale may be any text.",
    ),
    Mutant(
        "pi.again.external_id", _PEOPLE,
        '    return person or by_external_person_id(body.get("externalPersonId"), view)\n',
        '    return by_external_person_id(body.get("externalPersonId"), view)\n',
        "A known externalId leads to nobody.",
    ),
    Mutant(
        "pi.again.external_person_id", _PEOPLE,
        '    return person or by_external_person_id(body.get("externalPersonId"), view)\n',
        "    return person\n",
        "A known externalPersonId leads to nobody.",
    ),
    Mutant(
        "pi.again.other_person", _PEOPLE, "    known = find(id, view)\n",
        '    return {}, {**find(id, view), "assessmentUserId": request.random.uuid()}\n    known = find(id, view)\n',
        "Somebody who is assessed again gets another assessmentUserId.",
    ),
    Mutant(
        "pi.again.kinds_lost", _PEOPLE, "    known = find(id, view)\n", "    known = {**find(id, view), **DEFAULTS}\n",
        "A person's next assessment shows gender 0 and Unknown.",
    ),
    Mutant(
        "pi.again.kinds_ignored", _PEOPLE, "changed = {**known, **gender_and_type(body)}", "changed = {**known}",
        "A re-assessment that names a gender does not change the taker's.",
    ),
    Mutant(
        "pi.again.reading", _PEOPLE, 'if reading == "externalId":', "if True:",
        "pi.external_id_match is not heeded.",
    ),
    Mutant(
        "pi.taker.one_assessment", _ASSESSMENTS, "if assessment is not None and other != except_for:", "if False:",
        "A changed name is shown in one of the person's assessments only.",
    ),
    Mutant(
        "pi.taker.index", _ASSESSMENTS, "index = representations.keys(public, old)", "index = ()",
        "A filter by a person's new id finds one of the person's assessments only.",
    ),
    Mutant(
        "pi.again.by_email", _PEOPLE,
        '    return person or by_external_person_id(body.get("externalPersonId"), view)\n',
        """    same = (one.id for one in view.all(PERSON) if body.get("email") and one.public["email"] == body["email"])
    return person or by_external_person_id(body.get("externalPersonId"), view) or next(same, None)\n""",
        "Two takers with one address are taken for one.",
    ),
    Mutant(
        "pi.again.mismatch", _PEOPLE, "    if person is None or not given(named):\n", "    if True:\n",
        "externalId and externalPersonId of two people are accepted together.",
    ),
)  # fmt: skip
