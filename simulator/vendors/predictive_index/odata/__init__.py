"""OData as far as a list of assessments needs it: read the options of a query, then ask records for what they say.

The vendor names the options and shows one filter, `a/b/c eq 'text'`; no page names the version or the operators. So
the common ground of OData 3 and 4 is read, and both ways of writing where they differ. All of this is assumed:

- Operators and functions are in lower case, members are spelt as in answers; ASC and DESC may be in any case.
- Texts are compared character by character, case and all (`tolower` helps), and ordered by code point. A GUID's case
  does not matter.
- An instant is compared to the seventh digit; a date alone is its first moment; one without a zone is in UTC. A quoted
  text beside an instant must be one.
- `null eq null` is true. `gt`, `ge`, `lt` and `le` are false where a side is null. A function of null is null, `not
  null` is null, and a record for which the filter is null is left out; `and` and `or` know three values accordingly.
- Different types are never equal: comparing them is refused. So is what is written more than once over: `a eq b eq c`.
- Where `$orderby` leaves two alike, the older comes first; null comes before all else, and with DESC after it.
- `$search` wants each of its words, or "phrases", somewhere in the fields, whatever its case.
- Of an option that is given twice the last counts.

Begin with `surface` (what a list offers), then `lexer`, `parser` and `tree` (a filter read), `options` (all the rest),
and `evaluation` (a filter asked).
"""

from simulator.vendors.predictive_index.odata.evaluation import equalities, keeps, looking_up
from simulator.vendors.predictive_index.odata.options import MOST, Query, flaws, read, words_in
from simulator.vendors.predictive_index.odata.surface import Flaw, Member, Surface, Type
from simulator.vendors.predictive_index.odata.tree import Literal, Node

__all__ = [
    "MOST", "Flaw", "Literal", "Member", "Node", "Query", "Surface", "Type", "equalities", "flaws", "keeps",
    "looking_up", "read", "words_in",
]  # fmt: skip
