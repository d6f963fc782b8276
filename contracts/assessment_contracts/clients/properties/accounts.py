"""Clients of two accounts must share nothing, such as a token in a cache."""

from assessment_contracts.clients.harness import ClientContext
from assessment_contracts.clients.jsonl_process import Broken
from assessment_contracts.clients.properties.trade import TRADES, Trade
from assessment_contracts.clients.property import contract
from assessment_contracts.property import Property


def _apart(trade: Trade) -> Property:
    @contract(trade.feature, "accounts_are_kept_apart", "Two clients with different credentials do not mix",
              *trade.credentials)  # fmt: skip
    def test(context: ClientContext) -> None:
        """A token belongs to the credentials that it was issued for. A cache whose key is the address of the vendor, or
        that has no key, lets one customer's program read and write another customer's account.
        """
        first = context.harness()
        try:
            works = trade.create(first).error is None
        except Broken:
            works = False
        if not works:
            return  # it cannot create at all, as other contracts will report
        second = context.harness()
        call = trade.create(second)
        assert call.error is None, f"the first client worked; the second, of another account, ended in {call.outcome}"
        id = trade.made(call)[trade.id]
        here, there = ([one["id"] for one in harness.invitations()] for harness in (second, first))
        assert id in here, f"the {trade.thing} of the second client is in the account of the first: {id in there}"

    return test


ACCOUNTS: tuple[Property, ...] = tuple(_apart(trade) for trade in TRADES)
