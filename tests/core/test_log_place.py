"""Where a log can be, in every form."""

import pytest

from assessment_simulator.core.log_location import log_place

PLACES = [
    ("memory", ("memory", "")),
    ("sqlite:a.db", ("sqlite", "a.db")),
    ("sqlite:/a/b.db", ("sqlite", "/a/b.db")),
    ("sqlite:a?b.db", ("sqlite", "a?b.db")),
    ("sqlite:///a.db", ("sqlite", "a.db")),
    ("sqlite:///a/b.db", ("sqlite", "a/b.db")),
    ("sqlite:////a/b.db", ("sqlite", "/a/b.db")),
    ("sqlite:///./a.db", ("sqlite", "./a.db")),
    ("postgresql://u:p@h/d", ("postgresql", "postgresql://u:p@h/d")),
    ("postgres://u:p@h/d?sslmode=require", ("postgresql", "postgres://u:p@h/d?sslmode=require")),
]


@pytest.mark.parametrize(("text", "place"), PLACES)
def test_a_place_is_read_as_sqlalchemy_reads_it(text: str, place: tuple[str, str]) -> None:
    assert log_place(text) == place


WRONG = [
    ("", "begins with ''"), ("oracle:x", "begins with 'oracle'"), ("/a.db", "begins with '/a.db'"),
    ("sqlite", "begins|no path"), ("sqlite:", "no path"), ("sqlite::memory:", "no path"), ("sqlite:file:a", "no path"),
    ("sqlite:///", "no path"), ("sqlite:///:memory:", "no path"), ("sqlite:///file:a", "no path"),
    ("sqlite://", "names a host"), ("sqlite://a.db", "names a host"), ("sqlite://h/a.db", "names a host"),
    ("sqlite:///a.db?mode=ro", "a query"), ("sqlite:///a.db#b", "a fragment"), ("postgresql:x", "begins with"),
    ("postgresql+psycopg2://h/d", "leave the driver out"), ("sqlite+aiosqlite:///a.db", "leave the driver out"),
    ("mysql+pymysql://h/d", "begins with 'mysql"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "why"), WRONG)
def test_what_is_no_place_is_refused_with_the_forms_there_are(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        log_place(text)
    assert "it must be memory, sqlite:PATH, sqlite:///" in str(refused.value)
