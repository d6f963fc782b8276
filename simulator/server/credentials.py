"""The credentials of sandboxes."""

import secrets
from collections.abc import Mapping

from simulator.core.vendor import Vendor

Credentials = dict[str, dict[str, str]]
"""What opens a sandbox, by vendor and member."""


def made_credentials(vendors: Mapping[str, Vendor], name: str, by_name: bool) -> Credentials:
    """The credentials of a new sandbox: told from its name in open access, random in closed."""
    return {
        vendor.id: {
            member: f"sim-{name}" if by_name else secrets.token_urlsafe(24)
            for members in vendor.credentials.values()
            for member in members
        }
        for vendor in vendors.values()
    }


def opening_keys(
    vendors: Mapping[str, Vendor], name: str, made: Credentials
) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """Kind and id of each credential, and what it leads to: the name, and the secret that goes with it."""
    return [
        ((kind, made[vendor.id][id]), (name, made[vendor.id][secret[0]] if secret else ""))
        for vendor in vendors.values()
        for kind, (id, *secret) in vendor.credentials.items()
    ]
