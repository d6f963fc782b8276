"""URLs, path prefixes and query strings."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core.urls import basic_auth, host_and_port, is_url, is_web_url, parse_query, path_prefix

WEB = (
    "http://example.com", "https://example.com/path?x=1&y=%20#z", "HTTPS://EXAMPLE.COM", "http://localhost:8080/",
    "http://127.0.0.1", "http://[::1]:8/", "http://user:pass@example.com/", "http://user%40x:p%3Aw@example.com:1/",
    "http://exämple.com/", "http://例え.jp",
)  # fmt: skip
OTHER = ("ftp://example.com/x", "myapp://back/here", "a+b-c.1://host", "javascript://example.com/%0Aalert(1)")
NO_URLS = (
    "", "example.com", "www.example.com/back", "//example.com/back", "/back", "http:", "http:/example.com", "http://",
    "http:///path", "http://?x", "http://:80", "http://user@", "http://user@:80/", "mailto:ada@example.com",
    "javascript:alert(1)", "http://exa mple.com", " http://example.com", "http://example.com\n",
    "http://example.com/a\tb", "http://example.com/\x00", "http://example.com/\x7f", "http://example.com/\u00a0",
    "http://[::1", "http://::1]/", "http://[nonsense]/", "http://example.com:99999", "http://example.com:-1",
    "http://example.com:port", "1http://example.com", "ht tp://example.com", "://example.com",
)  # fmt: skip


@pytest.mark.parametrize("text", WEB + OTHER + NO_URLS)
def test_url_is_recognised(text: str) -> None:
    assert (is_url(text), is_web_url(text)) == (text in WEB + OTHER, text in WEB)


@given(st.text() | st.text().map("http://{}".format) | st.text().map("http://host:{}".format))
def test_any_text_is_parsed_without_raising_and_web_urls_are_urls(text: str) -> None:
    assert is_url(text) or not is_web_url(text)


def basic(pair: bytes) -> str:
    return f"Basic {b64encode(pair).decode()}"


AUTH = [
    ("http://example.com/hook", "http://example.com/hook", None),
    ("http://example.com", "http://example.com", None),
    ("HTTP://Example.com:80/%7Euser?a=@b#@c", "HTTP://Example.com:80/%7Euser?a=@b#@c", None),
    ("http://ada:secret@example.com/hook", "http://example.com/hook", basic(b"ada:secret")),
    ("http://ada@example.com", "http://example.com", basic(b"ada:")),
    ("http://:secret@example.com", "http://example.com", basic(b":secret")),
    ("http://@example.com/", "http://example.com/", basic(b":")),
    ("http://ada%40x:p%3Aw%2F@example.com:8/?q=1", "http://example.com:8/?q=1", basic(b"ada@x:p:w/")),
    ("http://a:b:c@example.com/", "http://example.com/", basic(b"a:b:c")),
    ("http://a@b:c@example.com/", "http://example.com/", basic(b"a@b:c")),
    ("http://ädä:ß@example.com/", "http://example.com/", basic("ädä:ß".encode())),
    ("http://%FF:%00@example.com/", "http://example.com/", basic(b"\xff:\0")),
    ("http://ada:secret@[::1]:8/x", "http://[::1]:8/x", basic(b"ada:secret")),
    ("http://example.com?to=a@b", "http://example.com?to=a@b", None),
    ("http://example.com#a@b", "http://example.com#a@b", None),
]


@pytest.mark.parametrize(("url", "bare", "header"), AUTH)
def test_user_and_password_become_basic_authentication(url: str, bare: str, header: str | None) -> None:
    assert basic_auth(url) == (bare, header)


PLACES = {
    "localhost:25": ("localhost", 25), "mail.example:65535": ("mail.example", 65535),
    "my_mail-1:1025": ("my_mail-1", 1025), "127.0.0.1:00025": ("127.0.0.1", 25), "[::1]:25": ("::1", 25),
    **dict.fromkeys((
        "localhost", "localhost:", ":25", "localhost:0", "localhost:65536", "localhost:-1", "localhost:123456",
        "::1:25", "[::1]", "[localhost]:25", "smtp://localhost:25", "ada@localhost:25", "local host:25",
        "localhost:25\n", "localhost:२५", "",
    )),
}  # fmt: skip


@pytest.mark.parametrize("text", PLACES)
def test_host_and_port_are_parsed(text: str) -> None:
    assert host_and_port(text) == PLACES[text]


PREFIXES = {
    "": "", "/": "", "/sim": "/sim", "/sim/": "/sim", "/...": "/...",
    "/a/b-c_d~e.f@g:h+i/%7E": "/a/b-c_d~e.f@g:h+i/%7E",
    **dict.fromkeys((
        "sim", "//sim", "/sim//", "/a//b", "/.", "/a/../b", "/a/%2e%2E", "/a?b", "/a#b", "/a b", "/a\n", "/a;b", "/a,b",
        '/a"b', "/ä", "/%zz", "/" + "a" * 256,
    )),
}  # fmt: skip


@pytest.mark.parametrize("path", PREFIXES)
def test_path_prefix_of_a_base_url(path: str) -> None:
    assert path_prefix(path) == PREFIXES[path]


def test_query_is_parsed_with_blank_values_and_the_last_of_repeated_parameters() -> None:
    assert parse_query(b"") == {}
    assert parse_query(b"a=1&b=&a=%C3%A4+x&c=\xff") == {"a": "ä x", "b": "", "c": "\ufffd"}
    with pytest.raises(ValueError, match="fields"):
        parse_query(b"&".join([b"a"] * 1_001))
