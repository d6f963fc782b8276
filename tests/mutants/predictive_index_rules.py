"""The Predictive Index: what is demanded of a creation, and who is assessed again."""

from tests.mutants.mutant import Mutant

_RULES = "vendors/predictive_index/rules.py"
_PEOPLE = "vendors/predictive_index/people.py"
_TAKERS = "vendors/predictive_index/takers.py"

MUTANTS = (
    Mutant(
        "pi.rule.media_type", _RULES, 'return call.media_type == "application/json"', "return True",
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
        "pi.rule.status", _RULES, 'f"body.{member}", statement, 400, standing, source, holds, hint)',
        'f"body.{member}", statement, 404, standing, source, holds, hint)',
        "A creation that breaks a rule is refused with 404 in place of 400.",
    ),
    Mutant(
        "pi.rule.names_required", _RULES, 'for m in ("firstName", "lastName", "email")', 'for m in ("email",)',
        "Somebody without a name is invited.",
    ),
    Mutant(
        "pi.rule.names_excluded", _RULES, "return required + excluded", "return required",
        "Names are accepted for somebody who is assessed again.",
    ),
    Mutant(
        "pi.rule.types", _RULES, '    _types() + _name_rules() + blank_rules("pi.create")',
        '    _name_rules() + blank_rules("pi.create")',
        "A number is taken for a name.",
    ),
    Mutant(
        "pi.rule.administrator", _RULES, 'blank_rules("pi.create") + _administrator_rules()',
        'blank_rules("pi.create")',
        "Half an administrator is accepted.",
    ),
    Mutant(
        "pi.rule.blank", _RULES, 'lambda text: text == "" or not is_blank(text)', 'lambda text: text != " "',
        "A name of two blanks is accepted.",
    ),
    Mutant(
        "pi.rule.blank_again", _RULES, "not given(value) or is_blank(value) or returning",
        "not given(value) or returning",
        "A blank name is refused in a re-assessment.",
    ),
    Mutant(
        "pi.rule.zone_hint", _RULES, "hint=_zone_hint", "hint=None",
        "A date-time without a zone is refused without a hint.",
    ),
    Mutant(
        "pi.rule.past", _RULES, "return at is None or at > call.now", "return True",
        "An invitation that has expired already is accepted.",
    ),
    Mutant(
        "pi.rule.expiration", _RULES, 'passes(lambda text: expiry(text) is not None)', "passes(bool)",
        "Any text is taken for a day.",
    ),
    Mutant(
        "pi.rule.position", _RULES,
        'FIELDS["associatedPositionTitle"].passes(world.config.positions.__contains__)(call, world)', "True",
        "A position that does not exist is accepted.",
    ),
    Mutant(
        "pi.rule.folder", _RULES, "passes(lambda text: folder_of(text, world.config) is not None)", "passes(bool)",
        "A folder that does not exist is accepted.",
    ),
    Mutant(
        "pi.rule.folder_name", _RULES, "if text and folder_name(path) == text", "if False",
        "A folder's name, which answers show, is refused.",
    ),
    Mutant(
        "pi.rule.gender", _RULES, '_one_of("gender", 0, 1, 2)', '_one_of("gender", *range(-1_000, 1_000))',
        "gender may be any number.",
    ),
    Mutant(
        "pi.rule.gender_two", _RULES, '_one_of("gender", 0, 1, 2)', '_one_of("gender", 0, 1)',
        "gender 2 is refused.",
    ),
    Mutant(
        "pi.rule.person_type", _RULES, "passes(_NAMES_AND_NUMBERS.__contains__)",
        "passes(lambda name: str(name).title() in _NAMES_AND_NUMBERS)",
        "personType may be written in any case.",
    ),
    Mutant(
        "pi.rule.person_type_space", _PEOPLE, '5: "Former Employee"}', '5: "FormerEmployee"}',
        "Former Employee is written without its blank.",
    ),
    Mutant(
        "pi.rule.notify", _RULES, '_one_of("notifyAssessmentAvailableUsingEmail", 0, 1)',
        '_one_of("notifyAssessmentAvailableUsingEmail", *range(-1_000, 1_000))',
        "notifyAssessmentAvailableUsingEmail may be any number.",
    ),
    Mutant(
        "pi.rule.webhook", _RULES, "return webhook_field(world.config).passes(is_web_url)(call, world)", "return True",
        "A webhook's address may be any text.",
    ),
    Mutant(
        "pi.rule.redirect", _RULES, 'FIELDS["redirectUrl"].passes(is_web_url)', 'FIELDS["redirectUrl"].passes(bool)',
        "redirectUrl may lack its protocol.",
    ),
    Mutant(
        "pi.rule.language", _RULES, "passes(lambda tag: LANGUAGE.fullmatch(tag) is not None)", "passes(bool)",
        "languageLocale may be any text.",
    ),
    Mutant(
        "pi.again.external_id", _PEOPLE,
        'return assessed_as(body.get("externalId"), world) or known_as(body.get("externalPersonId"), world)',
        'return known_as(body.get("externalPersonId"), world)',
        "A known externalId leads to nobody.",
    ),
    Mutant(
        "pi.again.external_person_id", _PEOPLE,
        'return assessed_as(body.get("externalId"), world) or known_as(body.get("externalPersonId"), world)',
        'return assessed_as(body.get("externalId"), world)',
        "A known externalPersonId leads to nobody.",
    ),
    Mutant(
        "pi.again.other_person",
        _PEOPLE,
        "    known = person(world, id)\n    new =",
        '    known = {**person(world, id), "assessmentUserId": call.random.uuid()}\n    return {}, known\n    new =',
        "Somebody who is assessed again gets another assessmentUserId.",
    ),
    Mutant(
        "pi.again.kinds_lost", _PEOPLE, "    known = person(world, id)\n",
        "    known = {**person(world, id), **UNKNOWN}\n",
        "A person's next assessment shows gender 0 and Unknown.",
    ),
    Mutant(
        "pi.again.kinds_ignored", _PEOPLE, "new = {**known, **kinds(call.body)}", "new = {**known}",
        "A re-assessment that names a gender does not change the taker's.",
    ),
    Mutant(
        "pi.again.reading", _PEOPLE, 'if reading == "externalId":', "if True:",
        "pi.external_id_match is not heeded.",
    ),
    Mutant(
        "pi.taker.one_assessment", _TAKERS, ", *(_updated(one, new) for one in stored if one is not None))", ",)",
        "A changed name is shown in one of the person's assessments only.",
    ),
    Mutant(
        "pi.taker.index", _TAKERS, "stored.internal, indexes.new_keys(old, face))", "stored.internal)",
        "A filter by a person's new id finds one of the person's assessments only.",
    ),
    Mutant(
        "pi.again.by_email", _PEOPLE,
        'return assessed_as(body.get("externalId"), world) or known_as(body.get("externalPersonId"), world)',
        """same = (one.id for one in world.all(PERSON) if body.get("email") and one.public["email"] == body["email"])
    return (assessed_as(body.get("externalId"), world) or known_as(body.get("externalPersonId"), world)
            or next(same, None))""",
        "Two takers with one address are taken for one.",
    ),
    Mutant(
        "pi.again.mismatch", _PEOPLE, "    if assessed is None or not given(named):\n", "    if True:\n",
        "externalId and externalPersonId of two people are accepted together.",
    ),
)  # fmt: skip
