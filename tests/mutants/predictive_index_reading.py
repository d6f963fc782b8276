"""The Predictive Index: an assessment's life, its scores, reading, lists, changes, files."""

from tests.mutants.mutant import Mutant

_STATES = "vendors/predictive_index/states.py"
_RULES = "vendors/predictive_index/rules.py"
_FACES = "vendors/predictive_index/faces.py"
_RESULTS = "vendors/predictive_index/results.py"
_MOVING = "vendors/predictive_index/assessments.py"
_LISTING = "vendors/predictive_index/listing.py"
_OPTIONS = "vendors/predictive_index/odata/options.py"
_ASKING = "vendors/predictive_index/odata/evaluation.py"
_FUNCTIONS = "vendors/predictive_index/odata/functions.py"
_NUMBERS = "vendors/predictive_index/odata/numbers.py"
_PARSER = "vendors/predictive_index/odata/parser.py"
_LEXER = "vendors/predictive_index/odata/lexer.py"
_SEARCH = "vendors/predictive_index/search.py"
_CHANGES = "vendors/predictive_index/changes.py"
_DEMANDS = "vendors/predictive_index/change_rules.py"
_PATTERNS = "vendors/predictive_index/patterns.py"
_REPORTS = "vendors/predictive_index/reports.py"

MUTANTS = (
    Mutant(
        "pi.state.numbers", _STATES, "= 0, 10, 20, 30, 40, 50, 60, 65", "= 0, 10, 30, 20, 40, 50, 60, 65",
        "Opened is 30 and Started is 20.",
    ),
    Mutant(
        "pi.move.again", _STATES, '    (STARTED, "start"): STARTED,\n',
        '    (STARTED, "start"): STARTED,\n    (COMPLETED, "start"): STARTED,\n',
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
        "pi.complete.no_scores", _FACES, "scores[graph] and [scores[graph]] for graph", "None for graph",
        "A completed assessment has no scores.",
    ),
    Mutant(
        "pi.complete.no_pattern", _FACES, '"patternNumber": results.pattern(scores["synthesisSigmaScore"]),',
        '"patternNumber": None,',
        "A completed assessment has no patternNumber.",
    ),
    Mutant(
        "pi.complete.bare_scores", _FACES, "scores[graph] and [scores[graph]] for graph", "scores[graph] for graph",
        "A sigma score is an object in place of an array of one.",
    ),
    Mutant(
        "pi.complete.pattern_address", _FACES, 'f"{own}/patterns/0?format=PNG"', 'f"{own}/patterns/2?format=PNG"',
        "patternFullUrl leads to another pattern than 0.",
    ),
    Mutant(
        "pi.complete.report_address", _FACES, '"descriptiveReportUrl": _report(own, face["gender"]),', "",
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
        "pi.get.unknown", _RULES, 'return (Rule(id, "path.assessmentId", statement, 404,',
        'return (Rule(id, "path.assessmentId", statement, 400,',
        "An unknown assessment is refused with 400 in place of 404.",
    ),
    Mutant(
        "pi.list.wrapped", _LISTING, "[_chosen(one, query, config) for one in found[:most]]",
        '{"value": [_chosen(one, query, config) for one in found[:most]]}',
        "The list is an object in place of an array.",
    ),
    Mutant(
        "pi.list.last_lost", _LISTING, "for one in found[:most]]", "for one in found[:most][:-1]]",
        "The list lacks the newest assessment.",
    ),
    Mutant(
        "pi.list.endless", _LISTING, "most = odata.MOST if limit is None else limit", "most = odata.MOST",
        "A list holds more than 50 assessments.",
    ),
    Mutant(
        "pi.odata.less", _ASKING, "getattr(operator, name)", 'getattr(operator, {"lt": "le"}.get(name, name))',
        "lt keeps what is equal.",
    ),
    Mutant(
        "pi.odata.greater", _ASKING, "getattr(operator, name)", 'getattr(operator, {"ge": "gt"}.get(name, name))',
        "ge leaves out what is equal.",
    ),
    Mutant(
        "pi.odata.and", _ASKING, '_junction(node.operator == "or",', "_junction(True,",
        "and joins as or does.",
    ),
    Mutant(
        "pi.odata.not", _ASKING, "return None if value is None else not value", "return value",
        "not changes nothing.",
    ),
    Mutant(
        "pi.odata.contains", _FUNCTIONS, "Type.TRUTH, operator.contains)", "Type.TRUTH, str.startswith)",
        "contains looks at the beginning only.",
    ),
    Mutant(
        "pi.odata.substring", _FUNCTIONS, "    start = max(start, 0)\n", "    start = max(start - 1, 0)\n",
        "substring counts from 1.",
    ),
    Mutant(
        "pi.odata.in", _ASKING, "return lambda row: part(row) in node.values",
        "return lambda row: part(row) not in node.values",
        "in keeps what is not in the list.",
    ),
    Mutant(
        "pi.odata.div", _NUMBERS, '"div": _quotient,', '"div": lambda one, other: one // other,',
        "div of integers rounds down in place of toward zero.",
    ),
    Mutant(
        "pi.odata.precedence", _PARSER, 'dict.fromkeys(("mul", *DIVIDING), 6)', 'dict.fromkeys(("mul", *DIVIDING), 5)',
        "mul binds no tighter than add.",
    ),
    Mutant(
        "pi.odata.date", _FUNCTIONS, "lambda ticks: ticks - ticks % DAY", "lambda ticks: ticks",
        "date leaves the time of day.",
    ),
    Mutant(
        "pi.odata.count", _LISTING, "{len(every)} match", "{len(found)} match",
        "$count counts the page in place of all that match.",
    ),
    Mutant(
        "pi.odata.quotes", _LEXER, "text[1:-1].replace(\"''\", \"'\")", "text[1:-1]",
        "A doubled quotation mark in a filter stays doubled.",
    ),
    Mutant(
        "pi.odata.top", _LISTING,
        "if query.top is None else query.top, most", "if query.top is None else query.top + 1, most",
        "$top gives one too many.",
    ),
    Mutant(
        "pi.odata.skip", _OPTIONS, '"$skip": ("skip", _count("skip.value")),',
        '"$skip": ("skip", lambda text, surface: 0),',
        "$skip skips nothing.",
    ),
    Mutant(
        "pi.odata.descending", _LISTING, "reverse=descending)", "reverse=False)",
        "$orderby heeds no desc.",
    ),
    Mutant(
        "pi.odata.second_order", _LISTING, "for member, descending in reversed(query.order):",
        "for member, descending in query.order[:1]:",
        "$orderby heeds its first member only.",
    ),
    Mutant(
        "pi.odata.select", _LISTING, "    if query.select is None:\n", "    if True:\n",
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
        "pi.people.total", _SEARCH, '"totalSearchResults": len(found)', '"totalSearchResults": len(page)',
        "totalSearchResults counts the page in place of all that was found.",
    ),
    Mutant(
        "pi.people.everybody", _SEARCH, "found = listing.fits(query, call, world, rows)", "found = [*rows]",
        "A search for people finds everybody.",
    ),
    Mutant(
        "pi.people.names", _SEARCH, 'f"{face[\'lastName\']}, {face[\'firstName\']}"', 'face["firstName"]',
        "sortName does not begin with the last name.",
    ),
    Mutant(
        "pi.change.redirect", _FACES,
        '"externalId", "folderPath", "redirectUrl",\n',
        '"externalId", "folderPath",\n',
        "A change of redirectUrl is ignored.",
    ),
    Mutant(
        "pi.change.clears", _FACES,
        "of_taker(face, new) | {member", 'of_taker(face, new) | {"redirectUrl": None} | {member',
        "A change of one member clears another.",
    ),
    Mutant(
        "pi.change.shown_only", _CHANGES,
        "record = Record(RECORD_KIND, stored.id, state, face, facts, indexes.new_keys(old, face))",
        "record = Record(RECORD_KIND, stored.id, stored.status, old, stored.internal)",
        "A change is shown in its answer, and nowhere after.",
    ),
    Mutant(
        "pi.change.two_locators", _DEMANDS, '("assessmentId" in call.params) != given(call.query.get("externalId"))',
        '("assessmentId" in call.params) or given(call.query.get("externalId"))',
        "A change with two locators is accepted.",
    ),
    Mutant(
        "pi.change.expiry", _CHANGES,
        'timers=(Timer("expire", stored.id, expires, VENDOR_ID, call.base_url),) if alive else (),',
        "timers=(),",
        "A later expirationDateTime is shown, but the assessment expires on the old day.",
    ),
    Mutant(
        "pi.change.custom_fields", _CHANGES, "faces.custom_fields(sent, config, values)",
        "faces.custom_fields(sent, config, {})",
        "A change of one custom field empties the others.",
    ),
    Mutant(
        "pi.change.not_back", _DEMANDS,
        "return holds(call, world) or holds(call._replace(body=differing(call, world)), world)",
        "return holds(call, world)",
        "An expired assessment that was read cannot be sent back: its date is over.",
    ),
    Mutant(
        "pi.change.null_clears", _CHANGES, 'clears = setting(config, PATCH_NULL) == "cleared"', "clears = True",
        "null in a change takes a value away, though no switch says so.",
    ),
    Mutant(
        "pi.change.null_silent", _CHANGES, "return new | people.kinds(new), notes",
        "return new | people.kinds(new), ()",
        "null in a change is ignored without a note.",
    ),
    Mutant(
        "pi.change.late_silent", _CHANGES, "notes.of_body(sent, config) + ignored + over",
        "notes.of_body(sent, config) + ignored",
        "A date that is sent after completion is ignored without a note.",
    ),
    Mutant(
        "pi.change.by_external_id", _DEMANDS, 'return people.find(call.query.get("externalId"), world) if id is None',
        "return next(iter(world.all(RECORD_KIND)), None) if id is None",
        "A change by externalId changes the oldest assessment, whose ever it is.",
    ),
    Mutant(
        "pi.archive.nothing", _CHANGES,
        "deleted=((RECORD_KIND, stored.id), *(() if others else ((people.PERSON, person),))),",
        "deleted=(),",
        "DELETE deletes nothing.",
    ),
    Mutant(
        "pi.archive.ghost", _CHANGES,
        "deleted=((RECORD_KIND, stored.id), *(() if others else ((people.PERSON, person),))),",
        'records=(Record(RECORD_KIND, stored.id, stored.status, {**stored.public, "isDeleted": 1}, stored.internal),),',
        "What is archived is still shown, with isDeleted 1.",
    ),
    Mutant(
        "pi.pattern.media_type", _PATTERNS, '"SVG": "image/svg+xml"', '"SVG": "image/png"',
        "A pattern asked for as SVG is a PNG.",
    ),
    Mutant(
        "pi.pattern.numbers", _PATTERNS, '"1": _SELF, "2": _CONCEPT,', '"1": _CONCEPT, "2": _SELF,',
        "Pattern 1 is Self-Concept and pattern 2 is Self.",
    ),
    Mutant(
        "pi.pattern.format", _PATTERNS, 'return call.query.get("format") in FORMATS',
        'return call.query.setdefault("format", "PNG") in FORMATS',
        "A pattern is drawn though no format was given.",
    ),
    Mutant(
        "pi.report.format", _REPORTS, 'return call.query.get("format") == "PDF"', "return True",
        "A report is made though no format was given.",
    ),
    Mutant(
        "pi.report.archive", _REPORTS, 'if gender == "Unknown" and languages.has_gendered_pronouns(language):',
        "if False:",
        "In a language that must know he from she one report is made in place of two.",
    ),
    Mutant(
        "pi.report.media_type", _REPORTS, '_attached(f"{name}.pdf"), "application/pdf"',
        '_attached(f"{name}.pdf"), "application/octet-stream"',
        "A report does not say that it is PDF.",
    ),
)  # fmt: skip
