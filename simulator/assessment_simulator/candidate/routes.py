"""Handlers of the candidate's pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from assessment_simulator.candidate.i18n import ENGLISH, TEXTS, direction, primary
from assessment_simulator.core import instant
from assessment_simulator.core.decision import VendorResponse
from assessment_simulator.core.questionnaire import Briefing, Phase, Questionnaire, flaw
from assessment_simulator.core.request import MISSING, Credential, VendorRequest
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.core.text import lower_uuid
from assessment_simulator.core.urls import FORM, is_web_url
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.asgi import named_headers
from assessment_simulator.http.base_url import BaseUrl, proxy_info
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.routing import form_fields, route
from assessment_simulator.http.templating import HEADERS, render
from assessment_simulator.sandbox.registry import Sandboxes
from assessment_simulator.sandbox.sandbox import Sandbox

# Template and status by phase.
_PAGES: Mapping[Phase, tuple[str, int]] = {
    Phase.INVITED: ("invited", 200),
    Phase.STARTED: ("started", 200),
    Phase.FINISHED: ("already", 200),
    Phase.EXPIRED: ("expired", 410),
    Phase.CLOSED: ("closed", 410),
}
# The template after a step, by phase and the query parameter `then`.
_AFTERWARDS = {(Phase.STARTED, "left"): "left", (Phase.FINISHED, "done"): "done"}
# The vendor's action by the value of the button.
_ACTIONS = {"start": "start", "finish": "complete"}
_MAX_TAG = 35  # characters of a language tag (BCP 47 recommends that implementations support 35)


@dataclass(frozen=True, slots=True)
class _Link:
    """An opened link: the sandbox and invitation that it leads to, and the page's language.

    `base` is the server's address. `path` begins with `prefix`; `query` holds the parameters that the page's own links
    keep.
    """

    vendor: Vendor
    exercise: Questionnaire
    sandbox: Sandbox
    id: str
    language: str
    base: str
    prefix: str
    path: str
    query: Mapping[str, str]

    @property
    def briefing(self) -> Briefing | None:
        """The invitation as the candidate sees it now; None where it does not exist (any more)."""
        stored = self.sandbox.get(self.vendor.record_kind, self.id)
        return None if stored is None else self.exercise.briefing(stored)

    def address(self, **more: str) -> str:
        """The page's own address, without the host, with further parameters."""
        query = urlencode({**self.query, **more})
        return f"{self.path}?{query}" if query else self.path

    async def run(self, action: str, body: Any = MISSING) -> VendorResponse:
        """Perform an action through the vendor's operation, and wait until its changes are durable."""

        def at_time(now: int, random: SeededRandom, recent: int) -> VendorRequest:
            return VendorRequest(action, now, random, self.base, params={"id": self.id}, body=body)

        reply = self.sandbox.handle(self.vendor, self.vendor.actions[action], at_time)
        await self.sandbox.settled()
        return reply

    def page(self, briefing: Briefing | None, name: str = "unknown", status: int = 404, **more: Any) -> Response:
        """Render one of the templates in the page's language; without a briefing the link is unknown."""
        parts, language = self.exercise.parts, self.language
        until = instant.seven_digits(briefing.until) if briefing and briefing.until is not None else None
        # Only web addresses are followed: pymetrics accepts any scheme, and others run in this page or leave the
        # browser.
        redirect = briefing.redirect if briefing and briefing.redirect and is_web_url(briefing.redirect) else None
        context: dict[str, Any] = {
            "lang": language, "dir": direction(language), "w": TEXTS[language], "vendor": self.vendor.title,
            "here": self.address(), "away": self.address(then="left"), "briefing": briefing, "look": self.exercise.look,
            "parts": self.exercise.parts_of(briefing.kind if briefing else "", language),
            "untranslated": briefing is not None and language == ENGLISH and primary(briefing.language) not in parts,
            "languages": [
                (tag, texts["language"], direction(tag), self.address(lang=tag))
                for tag, texts in TEXTS.items()
                if tag in parts
            ],
            "until": until and (until, f"{until[:10]} {until[11:16]} UTC"),
            "redirect": redirect, "host": urlsplit(redirect).hostname if redirect else None,
            "late": False, "detail": "",
        }  # fmt: skip
        return render(f"candidate/{name}.html", status, prefix=self.prefix, **{**context, **more})


class CandidatePages:
    """The pages behind all vendors' links."""

    def __init__(self, sandboxes: Sandboxes, address: BaseUrl) -> None:
        self._sandboxes = sandboxes
        self._address = address

    def routes(self) -> list[Route]:
        """One route for each vendor that has a questionnaire."""
        routes = []
        for vendor in self._sandboxes.vendors.values():
            if vendor.questionnaire is not None:
                show, submit = (partial(one, vendor, vendor.questionnaire) for one in (self._show, self._submit))
                routes.append(route(vendor.questionnaire.path, {"GET": show, "POST": submit}))
        return routes

    async def _open(self, vendor: Vendor, exercise: Questionnaire, request: Request) -> _Link:
        """Find what the link leads to; a link that is not genuine leads to an empty sandbox."""
        query, scope = request.query_params, request.scope
        # The ticket is `<sandbox>.<seal>.<id>`, in the path or in the query, as the vendor's links have it.
        in_path = request.path_params.get(exercise.ticket)
        ticket = query.get(exercise.ticket, "") if in_path is None else in_path
        name, _, rest = ticket.partition(".")
        seal, _, id = rest.partition(".")
        id = lower_uuid(id)
        sandbox = await self._sandboxes.find_by(Credential("link", name, seal, id))
        await sandbox.fire_due_timers()  # so that the page shows what timers that are due have changed
        # The language that was chosen on the page goes before the one that the inviter chose.
        language = query.get("lang", "")[:_MAX_TAG]
        stored = sandbox.get(vendor.record_kind, id)
        chosen = primary(language or (exercise.briefing(stored).language if stored else ENGLISH))
        kept = ({} if in_path is not None else {exercise.ticket: ticket}) | ({"lang": language} if language else {})
        prefix = proxy_info(scope).prefix
        return _Link(
            vendor, exercise, sandbox, id, chosen if chosen in exercise.parts else ENGLISH,
            self._address.of(scope, named_headers(scope)), prefix, prefix + quote(scope["path"]), kept,
        )  # fmt: skip

    async def _show(self, vendor: Vendor, exercise: Questionnaire, request: Request) -> Response:
        link = await self._open(vendor, exercise, request)
        briefing = link.briefing
        if briefing and briefing.phase is Phase.INVITED and exercise.opening_action:
            if "prefetch" in request.headers.get("sec-purpose", request.headers.get("purpose", "")):
                # The person has not opened the link yet. After a 503 the browser requests it again when they do.
                return Response(status_code=503, headers=HEADERS)
            if request.method != "HEAD":
                await link.run(exercise.opening_action)
                briefing = link.briefing
        await link.sandbox.settled()
        if briefing is None:
            return link.page(None)
        name, status = _PAGES[briefing.phase]
        return link.page(
            briefing, _AFTERWARDS.get((briefing.phase, request.query_params.get("then", "")), name), status
        )

    async def _submit(self, vendor: Vendor, exercise: Questionnaire, request: Request) -> Response:
        link = await self._open(vendor, exercise, request)
        briefing = link.briefing
        if briefing is None:
            return link.page(None)
        try:
            action, body = _read_form(request, link)
        except Problem as problem:
            return link.page(briefing, "unfit", problem.status, detail=problem.detail)
        reply = await link.run(action, body)
        if reply.status == 200:
            address = link.address(then="done") if action == "complete" else link.address()
            return RedirectResponse(address, 303, HEADERS)
        # Refused: meanwhile the invitation was finished or closed, or it is gone.
        briefing = link.briefing
        if briefing is None:
            return link.page(None, late=True)
        name, status = _PAGES[briefing.phase]
        return link.page(briefing, name, 409 if status == 200 else status, late=True)


def _read_form(request: Request, link: _Link) -> tuple[str, Any]:
    """The action that the form asks for and its body; raises `Problem` 400 for an invalid form, 422 for its answers."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Problem(400, f"this page takes a form, sent as {FORM}")
    fields: dict[str, list[str]] = {}
    for name, value in form_fields(request.state.body):
        fields.setdefault(name, []).append(value)
    buttons = fields.pop("do", [])
    if len(buttons) != 1 or buttons[0] not in _ACTIONS:
        raise Problem(400, f"the field do must be there once, and be one of {', '.join(_ACTIONS)}")
    action = _ACTIONS[buttons[0]]
    if action != "complete":
        if fields:
            raise Problem(422, f"{action} takes no answers")
        return action, MISSING
    briefing = link.briefing
    wrong = flaw(fields, link.exercise.parts_of(briefing.kind if briefing else "", link.language))
    if wrong:
        raise Problem(422, wrong)
    return action, link.exercise.to_results(fields) or MISSING
