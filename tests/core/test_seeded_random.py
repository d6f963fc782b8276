"""The seeded random source, seals and secrets."""

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core.seeded_random import SeededRandom, seal, secret_of, uniform

SECRETS = st.binary(min_size=1, max_size=64)
SEQUENCES = st.integers(0, 2**64)


def drawn(draw: SeededRandom) -> tuple[object, ...]:
    """One of everything that can be drawn."""
    return (
        draw.octets(64), draw.uuid(), draw.token(), draw.token(20), draw.number(), draw.number(-2.5, 2.5),
        draw.pick("abcdefgh"), draw.digits(4), draw.digits(12),
    )  # fmt: skip


@given(SECRETS, SEQUENCES)
def test_equal_secrets_and_sequences_return_equal_values(secret: bytes, sequence: int) -> None:
    assert drawn(SeededRandom(secret, sequence)) == drawn(SeededRandom(secret, sequence))


@given(SECRETS, SECRETS, SEQUENCES, SEQUENCES)
def test_another_secret_or_sequence_returns_other_values(one: bytes, other: bytes, first: int, second: int) -> None:
    same = (one.ljust(64, b"\0"), first) == (other.ljust(64, b"\0"), second)
    assert same == (SeededRandom(one, first).octets(16) == SeededRandom(other, second).octets(16))


def test_count_is_that_of_the_values_that_were_taken() -> None:
    draw = SeededRandom(b"secret", 1)
    assert draw.count == 0
    draw.octets(1)
    assert draw.count == 1


@given(SECRETS, SEQUENCES)
def test_id_is_a_uuid_of_version_4(secret: bytes, sequence: int) -> None:
    id = uuid.UUID(SeededRandom(secret, sequence).uuid())
    assert (id.version, id.variant) == (4, uuid.RFC_4122)


@pytest.mark.parametrize("size", [1, 16, 20, 64])
def test_octets_and_tokens_have_the_requested_size(size: int) -> None:
    assert len(SeededRandom(b"secret", 1).octets(size)) == size
    assert re.fullmatch(f"[0-9a-f]{{{2 * size}}}", SeededRandom(b"secret", 1).token(size))


@given(SECRETS, SEQUENCES, st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)).map(sorted))
def test_number_lies_in_its_range(secret: bytes, sequence: int, bounds: list[float]) -> None:
    low, high = bounds
    assert low <= SeededRandom(secret, sequence).number(low, high) <= high


def test_choices_are_picked_with_equal_probability() -> None:
    picked = [SeededRandom(b"secret", sequence).pick("abcd") for sequence in range(2_000)]
    assert all(400 < picked.count(choice) < 600 for choice in "abcd")


@given(SECRETS, SEQUENCES, st.integers(1, 12))
def test_digits_have_the_requested_length(secret: bytes, sequence: int, size: int) -> None:
    assert re.fullmatch(f"[0-9]{{{size}}}", SeededRandom(secret, sequence).digits(size))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((0, "a"), (0, "a"), True), ((0, "a"), (0, "b"), False), ((0, "a"), (1, "a"), False),
        (("x", "a"), ("x", "a"), True), (("a", "b"), ("ab", ""), False), (("é", "a"), ("e", "a"), False),
    ],
)  # fmt: skip
def test_secret_depends_on_seed_and_name(one: tuple[int | str, str], other: tuple[int | str, str], same: bool) -> None:
    assert (secret_of(*one) == secret_of(*other)) is same
    assert len(secret_of(*one)) == 32


@pytest.mark.parametrize(
    ("one", "other"), [(("link",), ("report",)), (("a", "b"), ("ab",)), (("a", 1), ("a", 2)), ((), ("",) * 2)]
)
def test_seal_depends_on_secret_and_every_part(one: tuple[object, ...], other: tuple[object, ...]) -> None:
    assert seal(b"secret", *one) == seal(b"secret", *one)
    assert seal(b"secret", *one) != seal(b"secret", *other)
    assert seal(b"secret", *one) != seal(b"another", *one)


@given(st.integers() | st.text(st.characters(codec="utf-8")), st.lists(st.integers(), max_size=3))
def test_uniform_is_repeatable_and_in_range(seed: int | str, parts: list[int]) -> None:
    assert 0 <= uniform(seed, *parts) == uniform(seed, *parts) < 1


def test_values_are_the_same_in_every_release() -> None:
    random = SeededRandom(secret_of(1, "demo"), 7)
    assert (random.uuid(), random.token(4), random.digits(4)) == (
        "fe4e2d10-72e5-4441-9a60-1146f387866a",
        "14421381",
        "1931",
    )
    assert seal(b"secret", "link", 1) == "e543887c71a7b1250e4dc526"
    assert uniform(1, "fault", "a", 1) == 0.4674509811798835
