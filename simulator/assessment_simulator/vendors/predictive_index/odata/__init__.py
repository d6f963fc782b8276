"""OData, as far as the lists need it: options of a query are parsed, and filters are compiled and applied to records.

The vendor names the options and shows one filter, `a/b/c eq 'text'`; no page names the version or the operators. So
the common ground of OData 3 and 4 is read, and both ways of writing where they differ. All of this is assumed:

- Operators and functions are in lower case, members are spelt as in answers; ASC and DESC may be in any case.
- Texts are compared character by character, case and all (`tolower` helps), and ordered by code point. A GUID's case
  does not matter.
- An instant is compared to the seventh digit; a date alone is its first moment; one without a zone is in UTC. A quoted
  text beside an instant must be one.
- Operators: `or and eq ne gt ge lt le in add sub mul div divby mod not -`, which bind as OData 4.01 says; functions:
  see `evaluation.FUNCTIONS`. Not supported: `has`, `any` and `all` (`customFields` cannot be queried), `isof`, `cast`,
  `case`, `time`, `totaloffsetminutes`, durations and arithmetic of instants, geography, `matchesPattern`, and literals
  `INF` and `NaN`.
- Numbers are 64-bit integers, or decimals of 38 digits (`1.0`, `1e3`, `1d`, scores). `div` of two integers gives an
  integer, cut toward zero, `divby` a decimal; `mod` has the sign of its left side. A division by a literal zero is
  refused; a division by zero that depends on the record, and what is out of range, is null.
- `indexof` and `substring` count from 0; a negative start or length counts as 0, and what begins after the end is
  empty. `date` gives the first moment of the day, `now` the sandbox's time, all in UTC.
- `$count=true` changes nothing in the list, a bare array: a note has the number before `$skip` and `$top`.
- `null eq null` is true. `gt`, `ge`, `lt` and `le` are false where a side is null. A function of null is null, `not
  null` is null, and a record for which the filter is null is left out; `and` and `or` know three values accordingly.
- Different types are never equal: comparing them is refused. So is a chain such as `a eq b eq c`.
- Where `$orderby` leaves two alike, the older comes first; null comes before all else, and with DESC after it.
- `$search` wants each of its words, or "phrases", somewhere in the fields, whatever its case.
- Of an option that is given twice the last counts.

Begin with `syntax` and `entity_schemas` (what a list offers), then read `parser` (a filter becomes a tree),
`evaluation` (the tree becomes a predicate), `rules` (all options together, and how errors are reported) and `lists`.
"""
