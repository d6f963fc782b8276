"""Where commits are kept, as the option `--log` says it."""

# How the place of a log can be written.
LOG_FORMS = (
    "memory, sqlite:PATH, sqlite:///RELATIVE/PATH, sqlite:////ABSOLUTE/PATH, postgresql://USER@HOST/DATABASE "
    "or postgres://USER@HOST/DATABASE"
)


def log_place(text: str) -> tuple[str, str]:
    """Where commits are kept: `memory`, `sqlite` with a path, or `postgresql` with a URL; raises ValueError.

    SQLite's URLs are read as SQLAlchemy reads them: the path follows three slashes, and a fourth makes it absolute.
    """
    kind, _, rest = text.partition(":")
    if text == "memory":
        return "memory", ""
    if kind in ("postgresql", "postgres") and rest.startswith("//"):
        return "postgresql", text
    if kind != "sqlite":
        driver = "; leave the driver out" if kind.partition("+")[0] in ("sqlite", "postgresql", "postgres") else ""
        raise ValueError(f"log begins with {kind[:40]!r}; it must be {LOG_FORMS}{driver if '+' in kind else ''}")
    if rest.startswith("//"):
        if not rest.startswith("///"):
            raise ValueError(f"log names a host, and SQLite's file has none; it must be {LOG_FORMS}")
        rest = rest[3:]
        if "?" in rest or "#" in rest:
            raise ValueError(f"log has a query or a fragment, which is no part of a path; it must be {LOG_FORMS}")
    if not rest or rest == ":memory:" or rest.startswith("file:"):
        raise ValueError(f"log has no path of a file, and memory keeps nothing; it must be {LOG_FORMS}")
    return "sqlite", rest
