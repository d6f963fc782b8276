"""The contracts pass if each request is answered by another process. `scripts/contracts` runs more examples."""

import pytest

from assessment_contracts.runner import Profile
from tests.contracts.everywhere import ask, serves

ONCE = Profile("once", 1)


@pytest.mark.timeout(300)
def test_every_property_holds_where_each_request_goes_to_the_next_of_three_servers(postgres_server: str) -> None:
    broken: list[str] = []
    with serves("balanced", postgres_server) as url:
        ask(url, ONCE, tell=broken.append)
    assert not broken, "\n".join(broken)
