"""Webhooks: what is told, to whom, how often and when."""

from tests.mutants.mutant import Mutant

_ASSESSMENTS = "vendors/predictive_index/assessments.py"
_DELIVERY = "core/retry_schedule.py"
_CLIENT = "webhooks/client.py"
_SIGNED = "vendors/pymetrics/webhooks.py"
_WEBHOOKS = "vendors/predictive_index/webhooks.py"

MUTANTS = (
    Mutant(
        "webhook.silent", _ASSESSMENTS, "webhooks.events(request, view, record) if reached == COMPLETED else (),",
        "(),",
        "Nobody is told of a completion.",
    ),
    Mutant(
        "webhook.every_end", _ASSESSMENTS, "webhooks.events(request, view, record) if reached == COMPLETED else (),",
        "webhooks.events(request, view, record) if reached in ENDS else (),",
        "Expiry and abortion are told, too.",
    ),
    Mutant(
        "webhook.at_start", _ASSESSMENTS, "webhooks.events(request, view, record) if reached == COMPLETED else (),",
        "webhooks.events(request, view, record) if reached in (30, COMPLETED) else (),",
        "The start is told, too.",
    ),
    Mutant(
        "webhook.at_creation", _ASSESSMENTS, 'created = setting(config, flags.WEBHOOK_ON) != "completion"',
        "created = True",
        "The creation is told, too.",
    ),
    Mutant(
        "webhook.refused_move", _ASSESSMENTS,
        'return Decision(VendorResponse(409, {"detail": f"cannot {action}: the assessment is {state}{end}"}))',
        ('refused = VendorResponse(409, {"detail": f"cannot {action}: the assessment is {state}{end}"})\n     '
         '   return Decision(refused, webhook_events=webhooks.events(request, view, stored))'),
        "A move that was refused is told nevertheless.",
    ),
    Mutant(
        "webhook.before_commit",
        "sandbox/memory.py",
        "    state.save(saved, now)\n",
        """    if deliveries:
        import asyncio

        asyncio.get_running_loop().call_later(0.4, state.save, saved, now)
    else:
        state.save(saved, now)
""",
        "The listener is told before the assessment is complete to whoever reads it.",
    ),
    Mutant(
        "webhook.twice",
        _CLIENT,
        "                answer = await self._post(request, named, confirm)\n",
        "                await self._post(request, named, confirm)\n"
        "                answer = await self._post(request, named, confirm)\n",
        "Each try is posted twice.",
    ),
    Mutant(
        "webhook.state_text", _WEBHOOKS, '"assessmentState": record.status}',
        '"assessmentState": STATE_MACHINE.states[record.status]}',
        "The form names the state in place of its number.",
    ),
    Mutant(
        "webhook.old_state", _WEBHOOKS, '"assessmentState": record.status}', '"assessmentState": 30}',
        "The form tells the state before the completion.",
    ),
    Mutant(
        "webhook.no_external_id", _WEBHOOKS, 'if given(record.public["externalId"]):', "if False:",
        "The form lacks externalId.",
    ),
    Mutant(
        "webhook.json", _WEBHOOKS, 'if setting(view.config, WEBHOOK_FORMAT) == "json":', "if True:",
        "The webhook is JSON in place of a form.",
    ),
    Mutant(
        "webhook.media_type", _WEBHOOKS, 'FORM = "application/x-www-form-urlencoded"', 'FORM = "text/plain"',
        "The form does not say that it is one.",
    ),
    Mutant(
        "webhook.no_default", _WEBHOOKS, "url = own or view.config.default_webhook_url", "url = own",
        "The account's default address is never called.",
    ),
    Mutant(
        "webhook.default_wins", _WEBHOOKS, "url = own or view.config.default_webhook_url",
        "url = view.config.default_webhook_url or own",
        "The account's default address is called in place of the assessment's own.",
    ),
    Mutant(
        "webhook.anonymous", _WEBHOOKS, "if authorization is not None:", "if False:",
        "User and password of the address are not sent.",
    ),
    Mutant(
        "webhook.undecoded", "core/urls.py", "unquote_to_bytes(user) +", "user.encode() +",
        "An escaped @ in the user's name is sent as it is escaped.",
    ),
    Mutant(
        "webhook.eight_tries", _DELIVERY, "MAX_ATTEMPTS = 9", "MAX_ATTEMPTS = 8",
        "The vendor gives up after eight tries in place of nine.",
    ),
    Mutant(
        "webhook.ten_tries", _DELIVERY, "MAX_ATTEMPTS = 9", "MAX_ATTEMPTS = 10",
        "The vendor tries a tenth time.",
    ),
    Mutant(
        "webhook.even_gaps", _DELIVERY, "return INITIAL_BACKOFF << (attempts - 1)", "return INITIAL_BACKOFF * 8",
        "The gaps between tries do not grow.",
    ),
    Mutant(
        "webhook.long_gaps", _DELIVERY, "INITIAL_BACKOFF = 3_375 *", "INITIAL_BACKOFF = 6_750 *",
        "The tries take two days in place of one.",
    ),
    Mutant(
        "webhook.again_400", _DELIVERY, "STATUSES = frozenset({408,", "STATUSES = frozenset({400, 408,",
        "A 400 is tried again.",
    ),
    Mutant(
        "webhook.again_501", _DELIVERY, "STATUSES = frozenset({408,", "STATUSES = frozenset({501, 408,",
        "A 501 is tried again.",
    ),
    Mutant(
        "webhook.final_503", _DELIVERY, "500, 502, 503, 504})", "500, 502, 504})",
        "A 503 is final.",
    ),
    Mutant(
        "webhook.final_429", _DELIVERY, "STATUSES = frozenset({408, 429,", "STATUSES = frozenset({408,",
        "A 429 is final.",
    ),
    Mutant(
        "webhook.final_408", _DELIVERY, "STATUSES = frozenset({408, 429,", "STATUSES = frozenset({429,",
        "A 408 is final.",
    ),
    Mutant(
        "webhook.only_200", _DELIVERY, "if 200 <= self.answer.status < 300:", "if self.answer.status == 200:",
        "A 204 does not count as delivered.",
    ),
    Mutant(
        "webhook.redirect",
        _CLIENT,
        "                answer = await self._post(request, named, confirm)\n",
        """                answer = await self._post(request, named, confirm)
                where = {name.lower(): value for name, value in answer.headers}.get("location")
                if 300 <= answer.status < 400 and where:
                    answer = await self._post(WebhookRequest(where, request.headers, request.body), named, confirm)
""",
        "A redirect is followed.",
    ),
    Mutant(
        "webhook.signature", _SIGNED, 'f"{event.id}.{timestamp}.".encode() + body', 'f"{event.id}.".encode() + body',
        "The extension's signature does not cover the time stamp.",
    ),
    Mutant(
        "webhook.extension_silent", _SIGNED, "    if not url:\n", "    if True:\n",
        "The extension tells nobody.",
    ),
)  # fmt: skip
