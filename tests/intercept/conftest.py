"""A server that intercepts, and folders for its authority."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.intercept import Interceptor, intercepting


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the authority that the tests of this process share."""
    return tmp_path_factory.mktemp("authority")


@pytest.fixture(scope="module")
def interceptor(authority: Path) -> Iterator[Interceptor]:
    """A server that intercepts; any credential opens its sandbox `run`."""
    with intercepting(authority) as running:
        yield running
