"""The candidate's pages, behind the invitations' links. They belong to the server; what they ask is the vendor's.

Looking changes nothing, but for one thing that the vendor says of itself: opening some links is a step of its own, and
is then a VendorRequest like any other. Each form leads to a VendorRequest too, and then redirects to the current page.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from assessment_simulator.candidate.i18n import ENGLISH, direction, primary, spoken, words
from assessment_simulator.core import instant
from assessment_simulator.core.questionnaire import Answers, Briefing, Phase, Questionnaire, flaw
from assessment_simulator.core.request import MISSING, VendorRequest, VendorResponse
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.core.text import lower_uuid
from assessment_simulator.core.urls import is_web_url
from assessment_simulator.core.vendor import Credential, Vendor
from assessment_simulator.http.asgi import named_headers
from assessment_simulator.http.base_url import Address
from assessment_simulator.http.proxy_headers import seen
from assessment_simulator.http.routing import route
from assessment_simulator.http.templating import HEADERS, render
from assessment_simulator.http.vendor_endpoint import FORM
from assessment_simulator.sandbox.registry import Sandboxes
from assessment_simulator.sandbox.sandbox import Sandbox

_PAGES: Mapping[Phase, tuple[str, int]] = {
    Phase.INVITED: ("invited", 200),
    Phase.STARTED: ("started", 200),
    Phase.FINISHED: ("already", 200),
    Phase.EXPIRED: ("expired", 410),
    Phase.CLOSED: ("closed", 410),
}
"""The page that each phase shows, and its status."""
_SPECIAL = {(Phase.STARTED, "left"): "left", (Phase.FINISHED, "done"): "done"}
"""The pages that tell of what was done just now, by phase and `then` in the query."""
_STEPS = {"start": "start", "finish": "complete"}
"""What the buttons say, and the action that each is."""
_LONGEST_TAG = 35
_MOST_FIELDS = 1_000


class Unfit(Exception):
    """A form that cannot be meant; nothing was done."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Visit(NamedTuple):
    """A candidate at a page: the sandbox and invitation that the link leads to, and the language of the page."""

    vendor: Vendor
    exercise: Questionnaire
    sandbox: Sandbox
    id: str
    language: str
    here: str
    """The page's own address, without the host."""
    prefix: str
    """What every path in a link begins with."""

    @property
    def briefing(self) -> Briefing | None:
        """What is to be told, as things are now; None where there is no such invitation (any more)."""
        stored = self.sandbox.get(self.vendor.kind, self.id)
        return None if stored is None else self.exercise.about(stored)

    def step(self, action: str, base: str, body: Any = MISSING) -> VendorResponse:
        """Do an action, by the door that every call goes through."""

        def ask(now: int, draw: SeededRandom, recent: int) -> VendorRequest:
            return VendorRequest(action, now, draw, base, params={"id": self.id}, body=body)

        return self.sandbox.call(self.vendor, self.vendor.actions[action], ask)


class Candidate:
    """The pages behind all vendors' links."""

    def __init__(self, sandboxes: Sandboxes, address: Address) -> None:
        self._sandboxes = sandboxes
        self._address = address

    def routes(self) -> list[Route]:
        """The routes for Starlette: one page for each vendor that has an exercise."""
        return [
            route(
                vendor.exercise.path,
                {
                    "GET": partial(self._look, vendor, vendor.exercise),
                    "POST": partial(self._step, vendor, vendor.exercise),
                },
            )
            for vendor in self._sandboxes.vendors.values()
            if vendor.exercise
        ]

    async def _look(self, vendor: Vendor, exercise: Questionnaire, request: Request) -> Response:
        """The page as things are now."""
        visit = await self._visit(vendor, exercise, request)
        briefing = visit.briefing
        if briefing and briefing.phase is Phase.INVITED and exercise.opening:
            if _is_in_advance(request):
                # Nobody has opened the link yet: the browser shall ask again when somebody does.
                return Response(status_code=503, headers=HEADERS)
            if request.method != "HEAD":  # which shows what a GET would answer, and opens nothing
                visit.step(exercise.opening, self._base(request))
                await visit.sandbox.settled()
                briefing = visit.briefing
        await visit.sandbox.settled()
        if briefing is None:
            return _page(visit, None, "unknown", 404)
        name, status = _PAGES[briefing.phase]
        special = _SPECIAL.get((briefing.phase, request.query_params.get("then", "")))
        return _page(visit, briefing, special or name, status)

    async def _step(self, vendor: Vendor, exercise: Questionnaire, request: Request) -> Response:
        """Start or finish, and lead on to the page as it is then."""
        visit = await self._visit(vendor, exercise, request)
        briefing = visit.briefing
        if briefing is None:
            return _page(visit, None, "unknown", 404)
        try:
            button, answers = _form(request)
            body = _body(visit, button, answers)
        except Unfit as unfit:
            return _page(visit, briefing, "unfit", unfit.status, detail=unfit.detail)
        reply = visit.step(_STEPS[button], self._base(request), body)
        await visit.sandbox.settled()
        if reply.status == 200:
            more = {"then": "done"} if button == "finish" else {}
            return RedirectResponse(_with(visit.here, more), 303, HEADERS)
        return self._refused(visit)

    def _refused(self, visit: Visit) -> Response:
        """What to tell whom a step was refused: by now the invitation has come to an end, or is gone."""
        briefing = visit.briefing
        if briefing is None:
            return _page(visit, None, "unknown", 404)
        page, status = _PAGES[briefing.phase]
        return _page(visit, briefing, page, 409 if status == 200 else status, late=True)

    async def _visit(self, vendor: Vendor, exercise: Questionnaire, request: Request) -> Visit:
        """Who comes by this link, and where it leads; a link that is not genuine leads to no sandbox."""
        asked = request.query_params
        in_path = request.path_params.get(exercise.ticket)
        ticket = asked.get(exercise.ticket, "") if in_path is None else in_path
        name, _, rest = ticket.partition(".")
        seal, _, id = rest.partition(".")
        id = lower_uuid(id)
        sandbox = await self._sandboxes.find(Credential("link", name, seal, id))
        await sandbox.catch_up()  # nobody shall see what a late timer has left undone
        language = asked.get("lang", "")[:_LONGEST_TAG]
        kept = ({} if in_path is not None else {exercise.ticket: ticket}) | ({"lang": language} if language else {})
        stored = sandbox.get(vendor.kind, id)
        wished = language or (exercise.about(stored).language if stored else ENGLISH)
        chosen = primary(wished) if primary(wished) in exercise.parts else ENGLISH
        here = _with(seen(request.scope).prefix + quote(request.scope["path"]), kept)
        return Visit(vendor, exercise, sandbox, id, chosen, here, seen(request.scope).prefix)

    def _base(self, request: Request) -> str:
        return self._address.of(request.scope, named_headers(request.scope))


def _is_in_advance(request: Request) -> bool:
    """Whether a browser asks before anybody does, to have the page at hand."""
    return "prefetch" in request.headers.get("sec-purpose", request.headers.get("purpose", ""))


def _form(request: Request) -> tuple[str, Answers]:
    """The button that was pressed, and the answers beside it."""
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != FORM:
        raise Unfit(400, f"this page takes a form, sent as {FORM}")
    try:
        fields = parse_qs(
            request.state.body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except ValueError as problem:
        raise Unfit(400, f"the form cannot be read: {problem}"[:200]) from None
    buttons = fields.pop("do", [])
    if len(buttons) != 1 or buttons[0] not in _STEPS:
        raise Unfit(400, f"the field do must be there once, and be one of {', '.join(_STEPS)}")
    return buttons[0], fields


def _body(visit: Visit, button: str, answers: Answers) -> Any:
    """The body of the action; only who finishes answers anything."""
    if button != "finish":
        if answers:
            raise Unfit(422, f"{button} takes no answers")
        return MISSING
    problem = flaw(answers, visit.exercise.parts[visit.language])
    if problem:
        raise Unfit(422, problem)
    return visit.exercise.outcome(answers) or MISSING


def _with(address: str, more: Mapping[str, str]) -> str:
    """An address with more in its query."""
    if not more:
        return address
    return f"{address}{'&' if '?' in address else '?'}{urlencode(more)}"


def _page(visit: Visit, briefing: Briefing | None, name: str, status: int, **more: Any) -> Response:
    """One of the candidate's pages, in the visit's language."""
    own, language = words(visit.language), visit.language
    redirect = briefing.redirect if briefing else None
    context = {
        "lang": language,
        "dir": direction(language),
        "w": own,
        "vendor": visit.vendor.title,
        "here": visit.here,
        "away": _with(visit.here, {"then": "left"}),
        "briefing": briefing,
        "unspoken": briefing is not None and language == ENGLISH and not _is_spoken(briefing.language, visit),
        "languages": _languages(visit),
        "until": _moment(briefing.until) if briefing and briefing.until is not None else None,
        "parts": visit.exercise.parts[language],
        # One vendor takes any scheme here. No other is followed: it would run in this page, or leave the browser.
        "redirect": redirect if redirect and is_web_url(redirect) else None,
        "host": urlsplit(redirect).hostname if redirect and is_web_url(redirect) else None,
        "late": False,
        "detail": "",
    }
    return render(f"candidate/{name}.html", status, prefix=visit.prefix, **{**context, **more})


def _is_spoken(tag: str, visit: Visit) -> bool:
    return primary(tag) in visit.exercise.parts


def _languages(visit: Visit) -> list[tuple[str, str, str, str]]:
    """The languages to choose from: tag, name in itself, direction, and the address of the page in it."""
    base, _, query = visit.here.partition("?")
    kept = {name: values[-1] for name, values in parse_qs(query).items() if name != "lang"}
    return [
        (tag, words(tag)["language"], direction(tag), _with(base, {**kept, "lang": tag}))
        for tag in spoken()
        if tag in visit.exercise.parts
    ]


def _moment(at: int) -> tuple[str, str]:
    """An instant as a machine reads it, and as people do."""
    text = instant.seven_digits(at)
    return text, f"{text[:10]} {text[11:16]} UTC"
