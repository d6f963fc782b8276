"""The login of the pages in closed access: its cookie, sessions, and limits of wrong tokens."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from assessment_simulator.http.auth import AttemptLimiter, Session
from tests.browser import WIDTHS, chromium, visit, wants_chromium
from tests.server import ROOT, problem
from tests.servers import Server, served

TOKEN = "the-control-token ü"
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="module")
def closed() -> Iterator[Server]:
    with Server("--access", "closed", environ={"SIMULATOR_CONTROL_TOKEN": TOKEN}) as server:
        yield server


@pytest.fixture
def http(closed: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=closed.url, trust_env=False) as client:
        yield client


def enter(http: httpx2.Client, token: str = TOKEN, following: str = "/") -> httpx2.Response:
    return http.post("/login", data={"token": token, "next": following})


@pytest.mark.parametrize(
    "path", ["/", "/?a=1&b=%2F", "/nope", "/_simulator/docs", "/_simulator/docs?of=control", "/_simulator/rules"]
)
def test_browser_without_the_cookie_is_redirected_to_the_login_and_back(http: httpx2.Client, path: str) -> None:
    answer = http.get(path, headers=BROWSER)
    assert answer.status_code == 303
    login = urlsplit(answer.headers["location"])
    assert (login.netloc, login.path, parse_qs(login.query)) == ("", "/login", {"next": [path]})
    assert enter(http, following=path).headers["location"] == path


@pytest.mark.parametrize("path", [ROOT, "/_simulator", "/_simulator/rulesx", "/_simulator/docs/x"])
def test_control_api_and_forms_do_not_redirect_to_the_login(http: httpx2.Client, path: str) -> None:
    problem(http.get(path, headers=BROWSER), 401, "Authorization: Bearer")
    problem(http.post("/", headers=BROWSER), 401, "Authorization: Bearer")


def test_cookie_allows_what_the_token_allows(http: httpx2.Client) -> None:
    assert enter(http).status_code == 303
    assert http.get("/", headers=BROWSER).status_code == 200
    assert http.get(ROOT).json() == []
    assert http.post(ROOT, json={"name": "mine"}).status_code == 201
    assert http.delete(f"{ROOT}/mine").status_code == 204
    assert http.get("/_simulator/docs").status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_wrong_token_is_refused_although_the_cookie_is_valid(http: httpx2.Client, scheme: str) -> None:
    enter(http)
    assert http.get(ROOT).status_code == 200
    problem(http.get(ROOT, headers={"Authorization": f"{scheme} wrong"}), 401, "Authorization: Bearer")


def test_cookie_is_refused_from_other_sites(http: httpx2.Client) -> None:
    enter(http)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        problem(http.post(ROOT, json={"name": "theirs"}, headers=headers), 403, "another site")
    assert http.get(ROOT).json() == []


def test_cookie_does_not_contain_the_token_and_is_http_only(http: httpx2.Client) -> None:
    said = enter(http).headers["set-cookie"]
    assert "control-token" not in said
    words = {word.strip().lower() for word in said.split(";")}
    assert {"httponly", "samesite=strict", "path=/"} <= words
    assert "secure" not in words


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], "the-control-token", "\x00"])
def test_wrong_token_shows_an_error_and_sets_no_cookie(http: httpx2.Client, token: str) -> None:
    answer = enter(http, token)
    assert answer.status_code == 401
    assert "That is not the control token" in answer.text
    assert "set-cookie" not in answer.headers
    assert http.get(ROOT).status_code == 401


@pytest.mark.parametrize(
    ("form", "why"),
    [(f"token={TOKEN}" + "&a=1" * 1_500, "than 1000 fields"), (b"token=\xff", "be read"), ("token=%ff", "be read")],
    ids=["many fields", "no UTF-8", "no UTF-8, escaped"],
)  # fmt: skip
def test_form_that_cannot_be_read_is_refused_with_the_reason(http: httpx2.Client, form: str | bytes, why: str) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    for path in ("/login", "/sandboxes"):
        cookie = {"cookie": enter(http, TOKEN).headers["set-cookie"].partition(";")[0]}
        answer = http.post(path, content=form, headers=headers | cookie)
        assert answer.status_code == 400
        assert why in answer.text
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "cookie", ["", "x", "simulator=1", "{name}=", "{name}=wrong", "{name}=\xfc", "{name}=a;{name}"]
)
def test_invalid_cookie_is_refused(http: httpx2.Client, cookie: str) -> None:
    name = enter(http).headers["set-cookie"].partition("=")[0]
    http.cookies.clear()
    sent = [(b"cookie", cookie.replace("{name}", name).encode("latin-1"))]
    problem(http.get(ROOT, headers=sent), 401)


def test_each_server_has_its_own_cookie_which_is_secure_over_https(http: httpx2.Client) -> None:
    options = ("--access", "closed", "--public-url", "https://sim.example")
    with served(*options, environ={"SIMULATOR_CONTROL_TOKEN": "another-control-token"}) as other:
        cookie = httpx2.post(f"{other}/login", data={"token": "another-control-token"}).headers["set-cookie"]
    assert cookie.partition("=")[0] != enter(http).headers["set-cookie"].partition("=")[0]
    assert "secure" in cookie.lower()


ELSEWHERE = ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
             "evil", "", "/a\nb", "/a\\b", "/ a"]  # fmt: skip


@pytest.mark.parametrize("following", ELSEWHERE)
def test_login_does_not_redirect_to_another_site(http: httpx2.Client, following: str) -> None:
    assert enter(http, following=following).headers["location"] == "/"
    assert 'name="next" value="/"' in http.get("/login", params={"next": following}).text


def test_logout_ends_the_session_on_the_server(http: httpx2.Client) -> None:
    cookie = enter(http).headers["set-cookie"].partition(";")[0]
    http.cookies.clear()
    enter(http)
    other = http.cookies
    http.cookies = httpx2.Cookies()
    assert http.get(ROOT, headers={"cookie": cookie}).status_code == 200
    answer = http.post("/logout", headers={"cookie": cookie})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert http.get(ROOT, headers={"cookie": cookie}).status_code == 401
    http.cookies = other
    assert http.get(ROOT).status_code == 200  # the session of another browser goes on


@pytest.mark.anyio
async def test_session_ends_after_twelve_hours_and_cannot_be_forged() -> None:
    now = [1_000_000.0]
    session = Session(TOKEN, now=lambda: now[0])
    cookie = f"{session.name}={session.new()}"
    id = await session.held({b"cookie": cookie.encode()})
    assert id
    for wrong in (cookie[:-1], f"{cookie}0", cookie.replace(id, "0" * 32), cookie.replace(".1000000.", ".2000000.")):
        assert await session.held({b"cookie": wrong.encode()}) is None
    assert await Session(f"{TOKEN}x", now=lambda: now[0]).held({b"cookie": cookie.encode()}) is None
    now[0] += 12 * 3_600 - 1
    assert await session.held({b"cookie": cookie.encode()}) == id
    now[0] += 1
    assert await session.held({b"cookie": cookie.encode()}) is None


def test_wrong_tokens_in_the_form_are_limited_by_address_and_bearer_tokens_are_not(closed: Server) -> None:
    wrong, right = {"Authorization": "Bearer wrong"}, {b"authorization": f"Bearer {TOKEN}".encode()}
    guessing = httpx2.HTTPTransport(local_address="127.0.0.3")
    with httpx2.Client(base_url=closed.url, transport=guessing, trust_env=False) as guesser:
        assert [enter(guesser, f"guess {n}").status_code for n in range(10)] == [401] * 10
        for token in ("guess", TOKEN):
            answer = enter(guesser, token)
            assert answer.status_code == 429
            assert 1 <= int(answer.headers["retry-after"]) <= 6
            assert "Try again in" in answer.text
        assert [guesser.get(ROOT, headers=wrong).status_code for _ in range(20)] == [401] * 20
        assert guesser.get(ROOT, headers=right).status_code == 200
    with httpx2.Client(base_url=closed.url, trust_env=False) as other:
        assert enter(other).status_code == 303


def test_address_with_too_many_failures_may_retry_later() -> None:
    now = [0.0]
    attempts = AttemptLimiter(most=3, within=30, now=lambda: now[0])
    for _ in range(3):
        assert attempts.wait("192.0.2.1") == 0
        attempts.failed("192.0.2.1")
    assert attempts.wait("192.0.2.1") == 10
    assert attempts.wait("192.0.2.2") == 0
    now[0] = 10
    assert attempts.wait("192.0.2.1") == 0
    attempts.failed("192.0.2.1")
    assert attempts.wait("192.0.2.1") == 10
    now[0] = 40
    for _ in range(3):
        assert attempts.wait("192.0.2.1") == 0
        attempts.failed("192.0.2.1")


def test_addresses_of_one_network_count_together_and_their_number_is_limited() -> None:
    attempts = AttemptLimiter(most=1, within=60, addresses=3, now=lambda: 0.0)
    attempts.failed("2001:db8:1:2::1")
    attempts.failed("::ffff:192.0.2.1")
    blocked = ("2001:db8:1:2:ffff::9", "192.0.2.1", "2001:db8:1:3::1", "nonsense")
    assert [attempts.wait(address) > 0 for address in blocked] == [True, True, False, False]
    for n in range(10):
        attempts.failed(f"198.51.100.{n}")
    assert len(attempts) == 3
    assert attempts.wait("198.51.100.9") > 0
    assert attempts.wait("192.0.2.1") == 0


def test_login_and_logout_are_refused_from_another_site(http: httpx2.Client) -> None:
    enter(http)
    for path in ("/login", "/logout"):
        answer = http.post(path, data={"token": TOKEN}, headers={"Origin": "http://evil.example"})
        assert answer.status_code == 403
        assert answer.headers["content-type"].startswith("text/html")
        assert "set-cookie" not in answer.headers
    assert http.get(ROOT).status_code == 200


def test_login_page_can_load_its_stylesheet_without_a_session(http: httpx2.Client) -> None:
    page = http.get("/login")
    css = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    for path in (css, "/favicon.ico"):
        assert http.get(path).status_code == 200
    problem(http.get("/_simulator/static/swagger-ui.css"), 401)


def test_open_access_has_no_login(server: Server) -> None:
    assert httpx2.get(f"{server.url}/login").status_code == 404


@wants_chromium
def test_a_person_logs_in_with_the_keyboard_and_out_of_a_mistake(closed: Server) -> None:
    with chromium() as browser:
        for size in WIDTHS.values():
            for dark in (False, True):
                with visit(browser, closed.url, size=size, dark=dark, script=False) as seen:
                    seen.page.goto(closed.url)
                    assert seen.page.url == f"{closed.url}/login?next=/"
                    assert not seen.overflows()
                    seen.page.get_by_label("Control token").fill("wrong")
                    seen.complaints.clear()
                    seen.page.keyboard.press("Enter")
                    seen.page.get_by_role("alert").wait_for()
                    seen.complaints.clear()  # the browser tells that a page had the status 401
                    seen.page.get_by_label("Control token").fill(TOKEN)
                    seen.page.keyboard.press("Enter")
                    seen.page.get_by_role("heading", name="assessment-simulator").wait_for()
                    assert not seen.overflows()
        with visit(browser, closed.url) as seen:
            seen.page.goto(closed.url)
            assert seen.violations() == []
