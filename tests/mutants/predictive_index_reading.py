"""The Predictive Index: an assessment's life, its scores, reading, lists, changes, files."""

from tests.mutants.mutant import Mutant

_ASSESSMENTS = "vendors/predictive_index/assessments.py"
_EVALUATION = "vendors/predictive_index/odata/evaluation.py"
_LISTS = "vendors/predictive_index/odata/lists.py"
_OPTIONS = "vendors/predictive_index/odata/options.py"
_PARSER = "vendors/predictive_index/odata/parser.py"
_REPORTS = "vendors/predictive_index/reports.py"
_REPRESENTATIONS = "vendors/predictive_index/representations.py"
_RESULTS = "vendors/predictive_index/results.py"
_RULES = "vendors/predictive_index/rules.py"
_STATES = "vendors/predictive_index/states.py"

MUTANTS = (
    Mutant(
        "pi.state.numbers", _STATES, "= 0, 10, 20, 30, 40, 50, 60, 65", "= 0, 10, 30, 20, 40, 50, 60, 65",
        "Opened is 30 and Started is 20.",
    ),
    Mutant(
        "pi.move.again", _STATES, '    (STARTED, "complete"): COMPLETED,\n',
        '    (STARTED, "complete"): COMPLETED,\n    (COMPLETED, "start"): STARTED,\n',
        "A taker who has finished can start again.",
    ),
    Mutant(
        "pi.move.aborts_done", _STATES, '    | {(state, "abort"): ABORTED for state in _UNFINISHED},',
        '    | {(state, "abort"): ABORTED for state in (*_UNFINISHED, COMPLETED)},',
        "A completed assessment can be aborted.",
    ),
    Mutant(
        "pi.move.completes_expired", _STATES, '    (STARTED, "complete"): COMPLETED,\n',
        '    (STARTED, "complete"): COMPLETED,\n    (EXPIRED, "complete"): COMPLETED,\n',
        "An expired assessment can be completed.",
    ),
    Mutant(
        "pi.complete.no_scores", _REPRESENTATIONS, "scores[graph] and [scores[graph]] for graph", "None for graph",
        "A completed assessment has no scores.",
    ),
    Mutant(
        "pi.complete.no_pattern", _REPRESENTATIONS, '"patternNumber": results.pattern(scores["synthesisSigmaScore"]),',
        '"patternNumber": None,',
        "A completed assessment has no patternNumber.",
    ),
    Mutant(
        "pi.complete.bare_scores", _REPRESENTATIONS, "scores[graph] and [scores[graph]] for graph",
        "scores[graph] for graph",
        "A sigma score is an object in place of an array of one.",
    ),
    Mutant(
        "pi.complete.pattern_address", _REPRESENTATIONS, 'f"{own}/patterns/0?format=PNG"',
        'f"{own}/patterns/2?format=PNG"',
        "patternFullUrl leads to another pattern than 0.",
    ),
    Mutant(
        "pi.complete.report_address", _REPRESENTATIONS, '"descriptiveReportUrl": _report_url(public),', "",
        "descriptiveReportUrl stays empty.",
    ),
    Mutant(
        "pi.score.graphs_swapped", _RESULTS,
        '        "selfSigmaScore": own,\n        "selfConceptSigmaScore": concept,\n',
        '        "selfSigmaScore": concept,\n        "selfConceptSigmaScore": own,\n',
        "The scores of Self and Self-Concept change places.",
    ),
    Mutant(
        "pi.score.factors_swapped", _RESULTS, '        "selfSigmaScore": own,\n',
        '        "selfSigmaScore": {**own, "aSigma": own["bSigma"], "bSigma": own["aSigma"]},\n',
        "The factors A and B of Self change places.",
    ),
    Mutant(
        "pi.score.factor_lost", _RESULTS, '        "selfSigmaScore": own,\n',
        '        "selfSigmaScore": {factor: own[factor] for factor in FACTORS[:4]},\n',
        "The secondary factor E is missing.",
    ),
    Mutant(
        "pi.get.unknown", _RULES, 'Rule(id, "path.assessmentId", statement, 404,',
        'Rule(id, "path.assessmentId", statement, 400,',
        "An unknown assessment is refused with 400 in place of 404.",
    ),
    Mutant(
        "pi.list.wrapped", _LISTS, "VendorResponse(200, body, notes=tuple(notes))",
        'VendorResponse(200, {"value": body}, notes=tuple(notes))',
        "The list is an object in place of an array.",
    ),
    Mutant(
        "pi.list.last_lost", _LISTS,
        ("    body: list[Stored | Representation] = [representations.shown(stored, config) for stored in "
         "found[:limit]]\n"),
        ("    body: list[Stored | Representation] = [representations.shown(stored, config) for stored in "
         "found[:limit][:-1]]\n"),
        "The list lacks the newest assessment.",
    ),
    Mutant(
        "pi.list.endless", _LISTS, "limit = options.MAX_COUNT if flag is None else flag", "limit = options.MAX_COUNT",
        "A list holds more than 50 assessments.",
    ),
    Mutant(
        "pi.odata.less", _EVALUATION, "getattr(operator, name)", 'getattr(operator, {"lt": "le"}.get(name, name))',
        "lt keeps what is equal.",
    ),
    Mutant(
        "pi.odata.greater", _EVALUATION, "getattr(operator, name)", 'getattr(operator, {"ge": "gt"}.get(name, name))',
        "ge leaves out what is equal.",
    ),
    Mutant(
        "pi.odata.and", _EVALUATION, '_junction(name == "or",', "_junction(True,",
        "and joins as or does.",
    ),
    Mutant(
        "pi.odata.not", _EVALUATION, "None if (value := operand(row)) is None else not value", "operand(row)",
        "not changes nothing.",
    ),
    Mutant(
        "pi.odata.contains", _EVALUATION, "_BOOLEAN, operator.contains)", "_BOOLEAN, str.startswith)",
        "contains looks at the beginning only.",
    ),
    Mutant(
        "pi.odata.substring", _EVALUATION, "    start = max(start, 0)\n", "    start = max(start - 1, 0)\n",
        "substring counts from 1.",
    ),
    Mutant(
        "pi.odata.in", _EVALUATION, "return lambda row: operand(row) in node.values",
        "return lambda row: operand(row) not in node.values",
        "in keeps what is not in the list.",
    ),
    Mutant(
        "pi.odata.div", _EVALUATION, '"div": _quotient,', '"div": lambda one, other: one // other,',
        "div of integers rounds down in place of toward zero.",
    ),
    Mutant(
        "pi.odata.precedence", _PARSER, 'dict.fromkeys(("mul", *_DIVISIONS), 6)',
        'dict.fromkeys(("mul", *_DIVISIONS), 5)',
        "mul binds no tighter than add.",
    ),
    Mutant(
        "pi.odata.date", _EVALUATION, "lambda ticks: ticks - ticks % DAY", "lambda ticks: ticks",
        "date leaves the time of day.",
    ),
    Mutant(
        "pi.odata.count", _LISTS, "{len(rows)} match", "{len(found)} match",
        "$count counts the page in place of all that match.",
    ),
    Mutant(
        "pi.odata.quotes", _PARSER, 'text[1:-1].replace("\'\'", "\'")', "text[1:-1]",
        "A doubled quotation mark in a filter stays doubled.",
    ),
    Mutant(
        "pi.odata.top", _LISTS, "if query.top is None else query.top, limit",
        "if query.top is None else query.top + 1, limit",
        "$top gives one too many.",
    ),
    Mutant(
        "pi.odata.skip", _OPTIONS, '"$skip": ("skip", _number("skip.value")),',
        '"$skip": ("skip", lambda text, schema: 0),',
        "$skip skips nothing.",
    ),
    Mutant(
        "pi.odata.descending", _LISTS, "reverse=descends)", "reverse=False)",
        "$orderby heeds no desc.",
    ),
    Mutant(
        "pi.odata.second_order", _LISTS, "for member, descends in reversed(query.order):",
        "for member, descends in query.order[:1]:",
        "$orderby heeds its first member only.",
    ),
    Mutant(
        "pi.odata.select", _LISTS, "    if query.select is not None:\n", "    if False:\n",
        "$select leaves nothing out.",
    ),
    Mutant(
        "pi.odata.searchfields", _OPTIONS, '"searchfields": ("fields", _fields),',
        '"searchfields": ("fields", lambda text, surface: tuple(surface.members[name] for name in surface.sought)),',
        "$search looks into every member, whatever searchfields says.",
    ),
    Mutant(
        "pi.odata.unknown_option", _OPTIONS, 'elif name.startswith("$"):', "elif False:",
        "$expand and its like are ignored in place of refused.",
    ),
    Mutant(
        "pi.people.total", _LISTS, '"totalSearchResults": len(found)', '"totalSearchResults": len(page)',
        "totalSearchResults counts the page in place of all that was found.",
    ),
    Mutant(
        "pi.people.everybody", _LISTS,
        "found = _matching(query, request, view, ((person, _person(person, view)) for person in candidates))",
        "found = [(person, _person(person, view)) for person in candidates]",
        "A search for people finds everybody.",
    ),
    Mutant(
        "pi.people.names", _LISTS, "f\"{public['lastName']}, {public['firstName']}\"", 'public["firstName"]',
        "sortName does not begin with the last name.",
    ),
    Mutant(
        "pi.change.redirect", _REPRESENTATIONS, '"externalId", "folderPath", "redirectUrl",\n',
        '"externalId", "folderPath",\n',
        "A change of redirectUrl is ignored.",
    ),
    Mutant(
        "pi.change.clears", _REPRESENTATIONS, "with_person(public, values) | {member",
        'with_person(public, values) | {"redirectUrl": None} | {member',
        "A change of one member clears another.",
    ),
    Mutant(
        "pi.change.shown_only", _ASSESSMENTS,
        "record = Record(RECORD_KIND, stored.id, state, public, internal, representations.keys(public, old))",
        "record = Record(RECORD_KIND, stored.id, stored.status, old, stored.internal)",
        "A change is shown in its answer, and nowhere after.",
    ),
    Mutant(
        "pi.change.two_locators", _RULES,
        '("assessmentId" in request.params) != given(request.query.get("externalId"))',
        '("assessmentId" in request.params) or given(request.query.get("externalId"))',
        "A change with two locators is accepted.",
    ),
    Mutant(
        "pi.change.expiry", _ASSESSMENTS, "    if expires is not None and state not in ENDS:\n", "    if False:\n",
        "A later expirationDateTime is shown, but the assessment expires on the old day.",
    ),
    Mutant(
        "pi.change.custom_fields", _ASSESSMENTS, "representations.custom_fields(sent, config, values)",
        "representations.custom_fields(sent, config, {})",
        "A change of one custom field empties the others.",
    ),
    Mutant(
        "pi.change.not_back", _RULES,
        "return rule.check(request, view) or rule.check(request._replace(body=differing(request, view)), view)",
        "return rule.check(request, view)",
        "An expired assessment that was read cannot be sent back: its date is over.",
    ),
    Mutant(
        "pi.change.null_clears", _ASSESSMENTS, 'clears = setting(config, flags.PATCH_NULL) == "cleared"',
        "clears = True",
        "null in a change takes a value away, though no switch says so.",
    ),
    Mutant(
        "pi.change.null_silent", _ASSESSMENTS, "return values | people.gender_and_type(values), notes",
        "return values | people.gender_and_type(values), []",
        "null in a change is ignored without a note.",
    ),
    Mutant(
        "pi.change.late_silent", _ASSESSMENTS, '        notes.append(f"body.expirationDateTime was ignored',
        '        str(f"body.expirationDateTime was ignored',
        "A date that is sent after completion is ignored without a note.",
    ),
    Mutant(
        "pi.change.by_external_id", _RULES, 'return people.latest_assessment(request.query.get("externalId"), view)',
        "return next(iter(view.all(RECORD_KIND)), None)",
        "A change by externalId changes the oldest assessment, whose ever it is.",
    ),
    Mutant(
        "pi.archive.nothing", _ASSESSMENTS,
        "deleted=((RECORD_KIND, stored.id), (people.PERSON, person)) if is_last else ((RECORD_KIND, stored.id),),",
        "deleted=(),",
        "DELETE deletes nothing.",
    ),
    Mutant(
        "pi.archive.ghost", _ASSESSMENTS,
        "deleted=((RECORD_KIND, stored.id), (people.PERSON, person)) if is_last else ((RECORD_KIND, stored.id),),",
        'records=(Record(RECORD_KIND, stored.id, stored.status, {**stored.public, "isDeleted": 1}, stored.internal),),',
        "What is archived is still shown, with isDeleted 1.",
    ),
    Mutant(
        "pi.pattern.media_type", _REPORTS, '"SVG": "image/svg+xml"', '"SVG": "image/png"',
        "A pattern asked for as SVG is a PNG.",
    ),
    Mutant(
        "pi.pattern.numbers", _REPORTS, '"1": _SELF, "2": _CONCEPT,', '"1": _CONCEPT, "2": _SELF,',
        "Pattern 1 is Self-Concept and pattern 2 is Self.",
    ),
    Mutant(
        "pi.pattern.format", _REPORTS, 'request.query.get("format") in FORMATS',
        'request.query.setdefault("format", "PNG") in FORMATS',
        "A pattern is drawn though no format was given.",
    ),
    Mutant(
        "pi.report.format", _REPORTS, 'lambda request, view: request.query.get("format") == "PDF"',
        "lambda request, view: True",
        "A report is made though no format was given.",
    ),
    Mutant(
        "pi.report.archive", _REPORTS, 'if gender == "Unknown" and languages.has_gendered_pronouns(language):',
        "if False:",
        "In a language that must know he from she one report is made in place of two.",
    ),
    Mutant(
        "pi.report.media_type", _REPORTS, 'media_type = f"{report}-{public[\'assessmentId\']}", "application/pdf"',
        'media_type = f"{report}-{public[\'assessmentId\']}", "application/octet-stream"',
        "A report does not say that it is PDF.",
    ),
)  # fmt: skip
