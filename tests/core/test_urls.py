"""URLs, path prefixes and query strings."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core.urls import basic_auth, host_and_port, is_url, is_web_url, parse_query, path_prefix

URLS = [
    ("http://example.com", True, True),
    ("https://example.com/path?x=1&y=%20#z", True, True),
    ("HTTPS://EXAMPLE.COM", True, True),
    ("http://localhost:8080/", True, True),
    ("http://127.0.0.1", True, True),
    ("http://[::1]:8/", True, True),
    ("http://user:pass@example.com/", True, True),
    ("http://user%40x:p%3Aw@example.com:1/", True, True),
    ("http://exämple.com/", True, True),
    ("http://例え.jp", True, True),
    ("ftp://example.com/x", True, False),
    ("myapp://back/here", True, False),
    ("a+b-c.1://host", True, False),
    ("", False, False),
    ("example.com", False, False),
    ("www.example.com/back", False, False),
    ("//example.com/back", False, False),
    ("/back", False, False),
    ("http:", False, False),
    ("http:/example.com", False, False),
    ("http://", False, False),
    ("http:///path", False, False),
    ("http://?x", False, False),
    ("http://:80", False, False),
    ("http://user@", False, False),
    ("http://user@:80/", False, False),
    ("mailto:ada@example.com", False, False),
    ("javascript:alert(1)", False, False),
    ("javascript://example.com/%0Aalert(1)", True, False),
    ("http://exa mple.com", False, False),
    (" http://example.com", False, False),
    ("http://example.com\n", False, False),
    ("http://example.com/a\tb", False, False),
    ("http://example.com/\x00", False, False),
    ("http://example.com/\x7f", False, False),
    ("http://example.com/\u00a0", False, False),
    ("http://[::1", False, False),
    ("http://::1]/", False, False),
    ("http://[nonsense]/", False, False),
    ("http://example.com:99999", False, False),
    ("http://example.com:-1", False, False),
    ("http://example.com:port", False, False),
    ("1http://example.com", False, False),
    ("ht tp://example.com", False, False),
    ("://example.com", False, False),
]


@pytest.mark.parametrize(("text", "url", "web"), URLS)
def test_url_is_recognised(text: str, url: bool, web: bool) -> None:
    assert (is_url(text), is_web_url(text)) == (url, web)


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


PLACES = [
    ("localhost:25", ("localhost", 25)),
    ("mail.example:65535", ("mail.example", 65535)),
    ("my_mail-1:1025", ("my_mail-1", 1025)),
    ("127.0.0.1:00025", ("127.0.0.1", 25)),
    ("[::1]:25", ("::1", 25)),
    ("localhost", None),
    ("localhost:", None),
    (":25", None),
    ("localhost:0", None),
    ("localhost:65536", None),
    ("localhost:-1", None),
    ("localhost:123456", None),
    ("::1:25", None),
    ("[::1]", None),
    ("[localhost]:25", None),
    ("smtp://localhost:25", None),
    ("ada@localhost:25", None),
    ("local host:25", None),
    ("localhost:25\n", None),
    ("localhost:२५", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "place"), PLACES)
def test_host_and_port_are_parsed(text: str, place: tuple[str, int] | None) -> None:
    assert host_and_port(text) == place


PREFIXES = [
    ("", ""),
    ("/", ""),
    ("/sim", "/sim"),
    ("/sim/", "/sim"),
    ("/a/b-c_d~e.f@g:h+i/%7E", "/a/b-c_d~e.f@g:h+i/%7E"),
    ("/...", "/..."),
    ("sim", None),
    ("//sim", None),
    ("/sim//", None),
    ("/a//b", None),
    ("/.", None),
    ("/a/../b", None),
    ("/a/%2e%2E", None),
    ("/a?b", None),
    ("/a#b", None),
    ("/a b", None),
    ("/a\n", None),
    ("/a;b", None),
    ("/a,b", None),
    ('/a"b', None),
    ("/ä", None),
    ("/%zz", None),
    ("/" + "a" * 256, None),
]


@pytest.mark.parametrize(("path", "prefix"), PREFIXES)
def test_path_prefix_of_a_base_url(path: str, prefix: str | None) -> None:
    assert path_prefix(path) == prefix


def test_query_is_parsed_with_blank_values_and_the_last_of_repeated_parameters() -> None:
    assert parse_query(b"") == {}
    assert parse_query(b"a=1&b=&a=%C3%A4+x&c=\xff") == {"a": "ä x", "b": "", "c": "\ufffd"}
    with pytest.raises(ValueError, match="fields"):
        parse_query(b"&".join([b"a"] * 1_001))
