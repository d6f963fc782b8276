"""Links: placeholders, base URLs and seals."""

from uuid import UUID

from assessment_simulator.core.links import BASE_URL_TOKEN, LINK_TOKEN, Links
from assessment_simulator.core.seeded_random import seal

ONE, OTHER = str(UUID(int=1)), str(UUID(int=2))
HERE = "http://here"


def link(id: str) -> str:
    return f"{BASE_URL_TOKEN}/x/{LINK_TOKEN}.{id}.rest"


def test_each_link_gets_the_base_url_and_its_own_seal() -> None:
    links = Links("ada", b"secret", (1, 2))
    filled = [f"{HERE}/x/ada.{seal(b'secret', 'link', 1, 2, id)}.{id}.rest" for id in (ONE, OTHER)]
    assert links.fill_text(f"{link(ONE)} {link(OTHER)}", HERE) == " ".join(filled)
    assert links.fill_placeholders(link(ONE).encode(), HERE) == filled[0].encode()
    assert filled[0] == f"{HERE}/x/ada.{links.seal(ONE)}.{ONE}.rest"


def test_body_without_base_url_token_is_unchanged() -> None:
    body = f"{LINK_TOKEN}.{ONE}".encode()
    assert Links("ada", b"secret").fill_placeholders(body, HERE) is body
    assert Links("ada", b"secret").fill_placeholders(f"{BASE_URL_TOKEN}/y".encode(), HERE) == b"http://here/y"


def test_seals_differ_by_secret_epoch_and_invitation() -> None:
    made = [Links("ada", secret, epoch).seal(id)
            for secret in (b"a", b"b") for epoch in ((0, 0), (1, 0), (0, 1)) for id in (ONE, OTHER)]  # fmt: skip
    assert len(set(made)) == 12


def test_seals_are_correct_beyond_the_cache_size() -> None:
    links = Links("ada", b"secret")
    for number in range(2_500):
        id = str(UUID(int=number))
        assert links.fill_text(link(id), HERE) == f"{HERE}/x/ada.{links.seal(id)}.{id}.rest"
    assert links.fill_text(link(ONE), HERE) == f"{HERE}/x/ada.{links.seal(ONE)}.{ONE}.rest"
