"""The candidate's pages over HTTP: content, steps, translations, and refused input."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import httpx2
import pytest

from assessment_simulator.app import VENDORS
from assessment_simulator.candidate.i18n import TEXTS, direction, primary
from assessment_simulator.http.templating import POLICY, TEMPLATES
from tests.server import LIMIT, PERSON, PI, ROOT, assessment, order, problem
from tests.servers import CONTROL, Listener, Sandbox, Server

BOTH = pytest.mark.parametrize("vendor", ["pymetrics", "predictive_index"])
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Invited:
    """An invitation and the page behind its link."""

    def __init__(self, sandbox: Sandbox, id: str, link: str) -> None:
        self.sandbox, self.id, self.link = sandbox, id, link

    def look(self, headers: Mapping[str, str] | None = None, **query: str) -> httpx2.Response:
        return self.sandbox.http.get(httpx2.URL(self.link).copy_merge_params(query), headers=headers)

    def send(self, do: str, **answers: Any) -> httpx2.Response:
        return self.sandbox.http.post(self.link, data={"do": do, **answers})

    @property
    def status(self) -> Any:
        return self.sandbox.control_json("GET", f"/invitations/{self.id}")["status"]

    def act(self, action: str) -> None:
        self.sandbox.control_json("POST", f"/invitations/{self.id}/{action}")


def pymetrics(sandbox: Sandbox, **more: Any) -> Invited:
    made = order(sandbox, **more)
    return Invited(sandbox, made["id"], made["invite_link"])


def predictive_index(sandbox: Sandbox, **more: Any) -> Invited:
    made = assessment(sandbox, **more)
    return Invited(sandbox, made["assessmentId"], made["assessmentUrl"])


def invited(sandbox: Sandbox, vendor: str, redirect: str | None = None) -> Invited:
    if vendor == "pymetrics":
        return pymetrics(sandbox, **({"candidate_redirect_url": redirect} if redirect else {}))
    return predictive_index(sandbox, **({"redirectUrl": redirect} if redirect else {}))


# Once the page was opened, started and finished.
STATUSES: Mapping[str, tuple[Any, Any, Any]] = {
    "pymetrics": ("Not Started", "In Progress", "Completed"), "predictive_index": (20, 30, 40),
}  # fmt: skip


def shown(answer: httpx2.Response, status: int, *words: str) -> str:
    """The page that an answer must be; it must show the words."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    text = unescape(answer.text)
    assert [word for word in words if word not in text] == [], text
    return text


# From the link to the end.


@BOTH
def test_candidate_starts_and_finishes(sandbox: Sandbox, listener: Listener, vendor: str) -> None:
    sandbox.control_json("PATCH", "/config", {"webhook_url": listener.url, "default_webhook_url": listener.url})
    opened, started, finished = STATUSES[vendor]
    one = invited(sandbox, vendor)
    shown(one.look(), 200, "You are invited", "This is a simulation")
    assert one.status == opened
    answer = one.send("start")
    assert (answer.status_code, answer.headers["location"]) == (303, one.link.removeprefix(sandbox.url))
    assert one.status == started
    shown(one.look(), 200, "Your assessment", "Exit")
    shown(one.look(then="left"), 200, "You have left", "stays started", "Continue")
    assert one.status == started
    answer = one.send("finish")
    assert answer.status_code == 303
    assert one.status == finished
    shown(sandbox.http.get(answer.headers["location"]), 200, "Thank you, you have finished")
    page = shown(one.look(), 200, "You have finished already")
    assert "<form" not in page
    received = listener.wait_for(2 if vendor == "pymetrics" else 1)
    assert one.id in received[-1].body.decode()


@BOTH
def test_then_parameter_does_not_override_the_phase(sandbox: Sandbox, vendor: str) -> None:
    one = invited(sandbox, vendor, "https://ats.example/")
    for then in ("done", "left"):
        assert "ats.example" not in shown(one.look(then=then), 200, "You are invited")


def test_first_get_opens_a_pi_link_but_prefetch_and_head_do_not(sandbox: Sandbox) -> None:
    for sent in (0, 1):
        one = predictive_index(sandbox, notifyAssessmentAvailableUsingEmail=sent)
        before = one.status
        assert before == 10 * sent
        for headers in ({"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}):
            assert one.look(headers).status_code == 503
        assert sandbox.http.head(one.link).status_code == 200
        assert sandbox.http.options(one.link).status_code == 204
        assert one.status == before
        for _ in range(2):
            shown(one.look(), 200)
            assert one.status == 20


def test_get_does_not_change_a_pymetrics_order_and_a_pending_one_can_be_started(sandbox: Sandbox) -> None:
    sandbox.control_json("PATCH", "/config", {"behaviour": {"pymetrics.initial_status": "Pending"}})
    one = pymetrics(sandbox)
    shown(one.look(), 200, "You are invited")
    shown(one.look({"Sec-Purpose": "prefetch"}), 200)
    assert one.status == "Pending"
    assert one.send("start").status_code == 303
    assert one.status == "In Progress"


# Content and language.


def test_pi_page_shows_administrator_position_and_expiry(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"})
    one = predictive_index(
        sandbox, associatedPositionTitle="Software Engineer", administeredByFirstName="Ann",
        administeredByLastName="Other", administeredByEmail="ann@example.com",
    )  # fmt: skip
    shown(
        one.look(), 200, "The Predictive Index", "PI Behavioral Assessment", "Grace Hopper", "Ann Other",
        "Software Engineer", "2026-01-11 00:00 UTC", "English (US)",
    )  # fmt: skip


def test_pymetrics_page_shows_assessment_candidate_and_requisition(sandbox: Sandbox) -> None:
    one = pymetrics(sandbox, requisition_title="Engineer")
    shown(one.look(), 200, "pymetrics Mercury", "Core games", "Ada Lovelace", "Engineer")


@pytest.mark.parametrize(
    ("asked", "language", "way", "words"),
    [
        ("en-US", "en", "ltr", ("You are invited", "English (US)")),
        ("de-DE", "de", "ltr", ("Sie sind eingeladen", "German")),
        ("es-MX", "es", "ltr", ("Tiene una invitación", "Spanish (Mexico)")),
        ("ar-001", "ar", "rtl", ("لديك دعوة", "Arabic (International)")),
        ("ja-JP", "en", "ltr", ("You are invited", "Japanese", "not available in that language")),
        ("he-IL", "en", "ltr", ("You are invited", "Hebrew", "not available in that language")),
        ("tlh", "en", "ltr", ("You are invited", "(tlh)", "not available in that language")),
    ],
)
def test_pi_page_uses_the_language_of_the_invitation_and_links_to_others(
    sandbox: Sandbox, asked: str, language: str, way: str, words: tuple[str, ...]
) -> None:
    one = predictive_index(sandbox, languageLocale=asked)
    page = shown(one.look(), 200, *words, "English", "Deutsch", "Español", "العربية")
    assert f'<html lang="{language}" dir="{way}">' in page
    (german,) = re.findall(r'href="([^"]*)" lang="de"', page)
    page = shown(sandbox.http.get(german), 200, "Sie sind eingeladen")
    assert "auf Englisch" not in page
    answer = sandbox.http.post(german, data={"do": "start"})
    assert answer.headers["location"].endswith("&lang=de")


def test_any_lang_parameter_is_accepted(sandbox: Sandbox) -> None:
    link = predictive_index(sandbox).link.partition("&lang")[0]
    for tag in ("", "x", "DE", "de_AT", "<script>", "../../../etc/passwd", "d" * 10_000, "\x00"):
        page = shown(sandbox.http.get(f"{link}&{httpx2.QueryParams({'lang': tag})}"), 200)
        assert ('lang="de"' in page.partition("<head>")[0]) == (tag in ("DE", "de_AT"))
        assert "<script>" not in page


# Answers.


def test_scores_come_from_the_answers(sandbox: Sandbox) -> None:
    one, other = predictive_index(sandbox), pymetrics(sandbox)
    for each in (one, other):
        each.send("start")
    assert one.send("finish", expected=["patient", "steady"], real=["assertive", "competitive"]).status_code == 303
    seen = sandbox.pi.get(f"{PI}/{one.id}").json()
    neutral = dict.fromkeys(("aSigma", "bSigma", "cSigma", "dSigma", "eSigma"), 0)
    assert seen["selfConceptSigmaScore"] == [{**neutral, "cSigma": 2.4}]
    assert seen["selfSigmaScore"] == [{**neutral, "aSigma": 2.4}]
    answers = {"first_balloon": "9", "next_balloon": "5", "after_square": "star", "circles": "2", "handed_over": "8"}
    assert other.send("finish", **answers, given_back="fair").status_code == 303
    assert scores(sandbox, other, "pymetrics") == [100]


def scores(sandbox: Sandbox, one: Invited, vendor: str) -> list[float]:
    if vendor == "pymetrics":
        return [sandbox.pymetrics.get(f"/mercury/getOrder/{one.id}").json()["results"][0]["score"]]
    own = sandbox.pi.get(f"{PI}/{one.id}").json()["selfSigmaScore"][0]
    return list(own.values())


INVALID_FORMS: dict[str, tuple[bytes, Mapping[str, str], int]] = {
    "not a form": (b"{}", {"Content-Type": "application/json"}, 400),
    "a file": (b"--x\r\n\r\n--x--", {"Content-Type": "multipart/form-data; boundary=x"}, 400),
    "nothing": (b"", {}, 400),
    "no button": (b"circles=2", FORM, 400),
    "two buttons": (b"do=start&do=finish", FORM, 400),
    "script as a button": (b"do=%3Cscript%3Ealert(1)%3C%2Fscript%3E", FORM, 400),
    "invalid percent encoding": (b"do=finish&circles=%FF", FORM, 400),
    "invalid UTF-8": (b"do=finish&circles=\xff\xfe", FORM, 400),
    "too many fields": (b"do=finish" + b"&a=1" * 1_001, FORM, 400),
    "unknown question": (b"do=finish&score=100", FORM, 422),
    "script as a question": (b"do=finish&%3Cscript%3E=1", FORM, 422),
    "answers with the start": (b"do=start&circles=2", FORM, 422),
    "an answer out of range": (b"do=finish&circles=9", FORM, 422),
    "two answers": (b"do=finish&circles=1&circles=2", FORM, 422),
    "an empty answer": (b"do=finish&circles=", FORM, 422),
    "an unknown choice": (b"do=finish&after_square=%3Cb%3E", FORM, 422),
}


@pytest.mark.parametrize(("body", "headers", "status"), INVALID_FORMS.values(), ids=INVALID_FORMS)
def test_invalid_form_is_refused_and_changes_nothing(
    sandbox: Sandbox, body: bytes, headers: Mapping[str, str], status: int
) -> None:
    one = pymetrics(sandbox)
    one.act("start")
    answer = sandbox.http.post(one.link, content=body, headers=headers)
    shown(answer, status, "Nothing was saved")
    assert "<script>" not in answer.text
    assert one.status == "In Progress"


def test_form_over_1_mib_is_refused(sandbox: Sandbox) -> None:
    answer = pymetrics(sandbox).send("start", x="x" * LIMIT)
    assert (answer.status_code, "over 1 MiB" in answer.text) == (413, True)
    assert answer.headers["content-type"].startswith("text/html")


# Finished, expired, closed and unknown invitations.


@BOTH
def test_second_submission_is_refused_and_the_first_answers_count(sandbox: Sandbox, vendor: str) -> None:
    one = invited(sandbox, vendor, "https://ats.example/done?a=1&b=2")
    one.send("start")
    assert one.send("start").status_code == 303
    one.send("finish")
    before = scores(sandbox, one, vendor)
    for do in ("finish", "start"):
        shown(one.send(do), 409, "You have finished already", "your first answers count", "ats.example")
    assert scores(sandbox, one, vendor) == before


ENDED = [
    ("pymetrics", "expire", "This invitation has expired"),
    ("predictive_index", "expire", "This invitation has expired"),
    ("pymetrics", "reject", "This invitation is closed"),
    ("predictive_index", "abort", "This invitation is closed"),
]


@pytest.mark.parametrize(("vendor", "action", "words"), ENDED)
def test_expired_or_closed_invitation_refuses_steps(sandbox: Sandbox, vendor: str, action: str, words: str) -> None:
    one = invited(sandbox, vendor, "https://ats.example/")
    one.act(action)
    page = shown(one.look(), 410, words)
    assert "was not saved" not in page
    assert "<form" not in page
    for do in ("start", "finish"):
        shown(one.send(do), 410, words, "was not saved")


def test_submission_at_the_expiry_is_refused(sandbox: Sandbox) -> None:
    sandbox.control_json("POST", "/clock", {"freeze": "2026-01-01T00:00:00Z"})
    one = predictive_index(sandbox)
    one.send("start")
    sandbox.control_json("POST", "/clock", {"freeze": "2026-01-11T00:00:00Z"})
    shown(one.send("finish", real=["patient"]), 410, "This invitation has expired", "was not saved")
    assert one.status == 50


def test_extended_invitation_is_open_again(sandbox: Sandbox) -> None:
    one = predictive_index(sandbox)
    one.act("expire")
    shown(one.look(), 410)
    later = {"expirationDateTime": "2099-01-01"}
    assert sandbox.pi.request("PATCH", f"{PI}/{one.id}", json=later).status_code == 200
    shown(one.look(), 200, "You are invited", "2099-01-01 23:59 UTC")


UNKNOWN = "This link is not valid"


@BOTH
def test_link_that_is_not_genuine_is_unknown(sandbox: Sandbox, vendor: str) -> None:
    one, others = invited(sandbox, vendor), [pymetrics(sandbox, application="2"), predictive_index(sandbox)]
    seal = one.link.split(f"{sandbox.name}.")[1].partition(".")[0]
    for wrong in (
        one.link.replace(seal, "0" * 24), one.link.replace(seal, ""), one.link.replace(one.id, "no-such"),
        one.link.replace(sandbox.name, "nobody"), one.link.replace(f"{sandbox.name}.{seal}.", ""),
        one.link.replace(one.id, "%00%0A%F0%9F%98%80"), one.link.replace(one.id, "x" * 10_000),
        one.link.replace(f"{sandbox.name}.{seal}.{one.id}", "a.b"), f"{sandbox.url}/Account/LoginPi",
        f"{sandbox.url}/Account/LoginPi?a=", *(one.link.replace(one.id, each.id) for each in others),
    ):  # fmt: skip
        shown(sandbox.http.get(wrong), 404, UNKNOWN)
        shown(sandbox.http.post(wrong, data={"do": "finish"}), 404, UNKNOWN)
    assert {each.status for each in (one, *others)} <= {0, "Not Started"}
    shown(one.look(), 200)


@BOTH
def test_link_from_before_a_reset_is_unknown(sandbox: Sandbox, vendor: str) -> None:
    before = invited(sandbox, vendor)
    sandbox.control_json("POST", "/reset")
    shown(before.look(), 404, UNKNOWN)
    if vendor == "pymetrics":
        sandbox.pymetrics = sandbox.renewed()
    after = invited(sandbox, vendor)
    assert after.id == before.id
    shown(before.look(), 404, UNKNOWN)
    shown(before.send("finish"), 404, UNKNOWN)
    shown(after.look(), 200)


def test_page_of_an_unknown_link_is_translated(http: httpx2.Client) -> None:
    shown(http.get("/Account/LoginPi?lang=de-DE"), 404, "Dieser Link ist ungültig")


def test_archived_invitation_is_unknown(sandbox: Sandbox) -> None:
    one = predictive_index(sandbox)
    assert sandbox.pi.request("DELETE", f"{PI}/{one.id}").status_code == 204
    shown(one.look(), 404)
    shown(one.send("start"), 404)


# Redirects.


@BOTH
@pytest.mark.parametrize(
    "redirect", ["https://ats.example/done?a=1&b='2'#c", "http://ats.example:8080/ü", "HTTPS://ats.example/;url=x"]
)
def test_finished_candidate_is_redirected(sandbox: Sandbox, vendor: str, redirect: str) -> None:
    one = invited(sandbox, vendor, redirect)
    one.send("start")
    page = shown(sandbox.http.get(one.send("finish").headers["location"]), 200, "Thank you", "Redirecting to")
    assert f'<meta http-equiv="refresh" content="0; url={redirect}">' in page
    page = shown(one.look(), 200, "Continue to", "ats.example", f'href="{redirect}"')
    assert "refresh" not in page


@pytest.mark.parametrize(
    "redirect", ["javascript://ats.example/%0aalert(1)", "data://x/text/html,<script>alert(1)</script>", "ftp://x/y"]
)
def test_redirect_with_another_scheme_is_neither_followed_nor_linked(sandbox: Sandbox, redirect: str) -> None:
    one = pymetrics(sandbox, candidate_redirect_url=redirect)
    one.send("start")
    page = shown(sandbox.http.get(one.send("finish").headers["location"]), 200, "Thank you")
    assert redirect.partition(":")[0] + ":" not in page
    assert "refresh" not in page
    assert redirect.partition(":")[0] + "://" not in shown(one.look(), 200)


# Hostile input, other origins, closed access.

HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}{% raw %}", "\u202egnihton", "👩‍🚀🇩🇪",
    "x" * 10_000, "'\"`<!--", "</title><h1>",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_escaped(sandbox: Sandbox, name: str) -> None:
    administrator = dict.fromkeys(("administeredByFirstName", "administeredByLastName"), name)
    for one in (
        pymetrics(sandbox, candidate={"email": "a@b.c", "first_name": name, "last_name": name}, requisition_title=name),
        predictive_index(sandbox, firstName=name, lastName=name, **administrator, administeredByEmail="a@example.com"),
    ):
        page = one.look()
        assert f"<bdi>{name} {name}</bdi>" in shown(page, 200)
        for danger in ("<script>alert", "<img src=x", "</title><h1>", "<!--", ">49"):
            assert danger not in page.text


@BOTH
@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}])
def test_cross_origin_form_is_refused(sandbox: Sandbox, vendor: str, headers: Mapping[str, str]) -> None:
    one = invited(sandbox, vendor)
    before = one.status
    for do in ("start", "finish"):
        answer = sandbox.http.post(one.link, data={"do": do}, headers=headers)
        shown(answer, 403, "a page of another site sent this")
    assert one.status == before
    assert sandbox.http.get(one.link, headers=headers).status_code == 200  # a link in another site's mail is a link


def test_other_methods_return_405(sandbox: Sandbox) -> None:
    one = pymetrics(sandbox)
    for verb in ("PUT", "PATCH", "DELETE"):
        answer = sandbox.http.request(verb, one.link)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    assert one.status == "Not Started"


def test_link_needs_no_credentials_in_closed_access(closed: Server) -> None:
    with httpx2.Client(base_url=closed.url, trust_env=False) as http:
        key = http.post(ROOT, json={}, headers=CONTROL).json()["credentials"]["predictive_index"]["api_key"]
        made = http.post(PI, json=PERSON, headers={"api-key": key}).json()
        page = shown(http.get(made["assessmentUrl"]), 200, "You are invited")
        assert http.get(unescape(re.findall(r'"([^"]*ui\.css[^"]*)"', page)[0])).status_code == 200
        assert http.post(made["assessmentUrl"], data={"do": "start"}).status_code == 303
        assert http.post(made["assessmentUrl"], data={"do": "finish"}).status_code == 303
        shown(http.get("/pymetrics/invite/guess"), 404)
        for near in ("/Account/LoginPi/", "/Account", "/pymetricsx"):
            problem(http.get(near), 401)


def test_pages_are_not_in_the_journal(sandbox: Sandbox) -> None:
    one = predictive_index(sandbox)
    before = sandbox.control_json("GET", "/journal")
    one.look()
    one.send("start")
    assert sandbox.control_json("GET", "/journal") == before


# Translations.


def test_english_is_the_first_of_several_languages() -> None:
    assert next(iter(TEXTS)) == "en"
    assert len(TEXTS) > 3


@pytest.mark.parametrize("language", TEXTS)
def test_every_language_translates_every_text(language: str) -> None:
    texts = TEXTS[language]
    assert texts.keys() == TEXTS["en"].keys()
    assert all(text.strip() for text in texts.values())
    if language != "en":
        assert {key for key, text in texts.items() if text == TEXTS["en"][key]} <= {"title"}


def test_templates_use_every_text_and_no_other() -> None:
    source = "".join(path.read_text() for path in (TEMPLATES / "candidate").iterdir())
    assert set(re.findall(r"\bw\.(\w+)", source)) | {"language"} == TEXTS["en"].keys()


def test_every_language_of_a_questionnaire_is_translated() -> None:
    for vendor in VENDORS.values():
        assert vendor.questionnaire
        assert {"en"} <= set(vendor.questionnaire.parts) <= TEXTS.keys()


@pytest.mark.parametrize(
    ("tag", "language", "written"),
    [("de-AT", "de", "ltr"), ("AR-001", "ar", "rtl"), ("he_IL", "he", "rtl"), ("en", "en", "ltr"), ("", "", "ltr")],
)
def test_language_tag_gives_primary_language_and_direction(tag: str, language: str, written: str) -> None:
    assert primary(tag) == language
    assert direction(language) == written
