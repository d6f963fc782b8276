"""What serves both vendors: routes, sandboxes, commits, texts and numbers, clocks and tags."""

from tests.mutants.mutant import Mutant

_HTTP = "http/vendor_endpoint.py"
_LINKS = "core/links.py"
_MEMORY = "sandbox/memory.py"
_SANDBOX = "sandbox/sandbox.py"
_SANDBOXES = "sandbox/registry.py"
_STEERING = "core/outcome_tags.py"

MUTANTS = (
    Mutant(
        "server.verb", _HTTP, '"verb" if route.allowed else "route"', '"route"',
        "A known path with a wrong verb is answered with 404 in place of 405.",
    ),
    Mutant(
        "server.encoded", _HTTP, "if content_coding(headers):", 'if content_coding(headers) == "nothing":',
        "A compressed body is not refused as such, but read as if it were JSON.",
    ),
    Mutant(
        "server.any_key", _SANDBOXES, 'r"sim-([a-z0-9-]{1,64})"', 'r"(?:sim-)?([A-Za-z0-9_-]{1,64})"',
        "A key that was given to nobody opens something.",
    ),
    Mutant(
        "server.leak",
        _SANDBOX,
        "            seen = self.state.get(kind, id)\n",
        """            Sandbox.everybody = {**getattr(Sandbox, "everybody", {}), self.name: self}
            seen = self.state.get(kind, id)
            if seen is None and kind in ("order", "assessment"):
                others = (other.state.get(kind, id) for other in Sandbox.everybody.values())
                seen = next((other for other in others if other is not None), None)
""",
        "Who knows the id reads what belongs to another account.",
    ),
    Mutant(
        "server.listed_leak",
        _SANDBOX,
        "        return self.state.all(kind)\n",
        """        Sandbox.everybody = {**getattr(Sandbox, "everybody", {}), self.name: self}
        asked = Sandbox.everybody.values() if kind == "assessment" else (self,)
        return [one for other in asked for one in other.state.all(kind)]
""",
        "A list shows what belongs to other accounts.",
    ),
    Mutant(
        "server.refused_and_saved",
        "core/vendor.py",
        "        decision = Decision(refusal_response(vendor, violated, request, view))\n",
        """        decision = Decision(refusal_response(vendor, violated, request, view))
        if all(rule.id.endswith((".url", ".future", ".tag", ".email.empty")) for rule in violated):
            decision = operation.decide(request, view)._replace(response=decision.response)
""",
        "A call that was refused has created something nevertheless.",
    ),
    Mutant(
        "server.first_rule", "core/rules.py", "return tuple(rule for rule in stage if not rule.check(request, view))",
        "return (rule,)",
        "Of several broken rules one is named.",
    ),
    Mutant(
        "server.normalised",
        _HTTP,
        "return parse_query(body) if media_type == FORM else json_codec.loads(body)",
        'return parse_query(body) if media_type == FORM else json_codec.loads(__import__("unicodedata").normalize('
        '"NFC", body.decode()).encode())',
        "Texts come back with their accents composed.",
    ),
    Mutant(
        "server.rounded", "storage/json_codec.py", "return json.loads(data) if _LONG_NUMBER in",
        "return value if _LONG_NUMBER in",
        "A long whole number loses its last digits.",
    ),
    Mutant(
        "server.minute", _MEMORY, "now - instant.MINUTE < at", "now - instant.HOUR < at",
        "After a 429 the caller waits for an hour in place of a minute.",
    ),
    Mutant(
        "server.refused_counts", _SANDBOX,
        "if self.state.config.rate_limit is not None and request.method and decision.response.status != 429:",
        "if self.state.config.rate_limit is not None and request.method:",
        "A call that was refused for its number counts against the limit.",
    ),
    Mutant(
        "server.plus", "core/urls.py", 'text.decode("utf-8", "replace"), keep',
        'text.decode("utf-8", "replace").replace("+", "%2B"), keep',
        "A plus in a query stays a plus, though the vendor's client sends blanks so.",
    ),
    Mutant(
        "server.link_of_all", _LINKS, "        code.update(id)\n", "",
        "The link of one invitation opens every other, too.",
    ),
    Mutant(
        "server.link_for_ever", _LINKS, 'for part in ("link", *epoch))', 'for part in ("link",))',
        "Links from before a reset open the invitations that have their ids again.",
    ),
    Mutant(
        "steering.ignored", _STEERING, "tags = parse_tags(email)", "tags = OutcomeTags()",
        "Tags in an address choose no outcome.",
    ),
    Mutant(
        "steering.at_once", _STEERING, "int(delayed[1]) * _UNITS[delayed[2]]", "0",
        "+completes-in-10s completes at once.",
    ),
    Mutant(
        "steering.score", _STEERING, 'score = score or tag.removeprefix("score-")', "score = None",
        "+score-high and +score-low change no score.",
    ),
    Mutant(
        "steering.progress", _STEERING,
        "if operation is None and (after := instant.parse_duration(view.config.progress)) is not None:",
        "if (after := 0):",
        "An invitation does not complete by itself, whatever the settings say.",
    ),
)  # fmt: skip
