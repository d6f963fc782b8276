"""Settings as JSON values."""

import json
from dataclasses import asdict, replace

import pytest

from assessment_simulator.core.config import ApiUser, Assessment, Config, CustomField, JournalLimits

OTHER = replace(
    Config(),
    assessments=(Assessment("a-1", "nlr", "Reasoning"),), positions=("Analyst", "Clerk"), folders=("Root\\A",),
    custom_fields=(CustomField("Colour", ("red", "blue")), CustomField("Note")), behaviour={"pi.unsent_state": 10},
    api_user=ApiUser("Ada", "Lovelace", "ada@example.com", "1"), journal=JournalLimits(5, 600), webhook_timeout=0.5,
)  # fmt: skip


@pytest.mark.parametrize("config", [Config(), OTHER], ids=["defaults", "others"])
def test_settings_round_trip_through_json(config: Config) -> None:
    assert Config.of(json.loads(json.dumps(asdict(config)))) == config
