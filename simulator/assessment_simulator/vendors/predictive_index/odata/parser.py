"""The parser of filters: first tokens, then a tree by precedence climbing.

    expression = operand *( operator operand )    by precedence: or, and, eq/ne, gt/ge/lt/le, add/sub, mul/div/divby/mod
    operand    = "not" operand / [ "-" ] primary [ "in" "(" literal *( "," literal ) ")" ]
    primary    = "(" expression ")" / function "(" [ expression *( "," expression ) ] ")" / member / literal

Operands of one precedence become one flat node, so that a long filter needs no recursion, neither here nor when it is
evaluated. Only parentheses, functions, `not` and `-` nest; their depth is limited. Types are checked while the tree is
built: the first error ends the reading.
"""

import re
from functools import partial
from typing import NamedTuple

from assessment_simulator.core import instant
from assessment_simulator.core.text import lower_uuid
from assessment_simulator.vendors.predictive_index.odata.evaluation import (
    FUNCTIONS,
    calculate,
    decimal,
    is_int64,
)
from assessment_simulator.vendors.predictive_index.odata.syntax import EntitySchema, Node, ODataError, Type, quoted

MAX_LENGTH = 8_192  # characters of a filter
MAX_TOKENS = 1_000
MAX_DEPTH = 40  # of parentheses, functions, `not` and `-` within one another

_GUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_TOKEN = re.compile(
    rf"""
      (?P<blank>[ \t]+)
    | (?P<tagged>(?:guid|datetime|datetimeoffset)'[^']*')
    | (?P<text>'(?:[^']|'')*')
    | (?P<guid>{_GUID}(?![\w-]))
    | (?P<instant>\d{{4}}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?(?![\w:.-]))
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[dDfFlLmM]?(?![\w.-]))
    | (?P<word>[A-Za-z_]\w*(?:/[A-Za-z_]\w*)*)
    | (?P<mark>[(),-])
    """,
    re.ASCII | re.VERBOSE,
)
_CLOCK = re.compile(r"(.+T\d\d:\d\d)(:[\d.]+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)

_DIVISIONS = ("div", "divby", "mod")
_ORDERING = ("gt", "ge", "lt", "le")
_PRECEDENCE = {
    "or": 1, "and": 2, "eq": 3, "ne": 3, **dict.fromkeys(_ORDERING, 4), "add": 5, "sub": 5,
    **dict.fromkeys(("mul", *_DIVISIONS), 6),
}  # fmt: skip
_COMPARISONS = (3, 4)
_OPERATORS = (*_PRECEDENCE, "not", "in")
_UNSUPPORTED = ("has", "any", "all", "isof", "cast", "case")
_TEXTS = (Type.TEXT, Type.LINK)
_NUMBERS = (Type.INTEGER, Type.NUMBER)

_CONSTANTS = {
    "null": Node("literal", Type.NULL),
    "true": Node("literal", Type.BOOLEAN, value=True),
    "false": Node("literal", Type.BOOLEAN, value=False),
}


class Token(NamedTuple):
    """A word, a mark, or a literal."""

    text: str  # as it was written
    at: int  # characters from 1
    literal: Node | None = None  # the value, if it is one
    is_word: bool = False

    def __str__(self) -> str:
        return "at the end" if self is _END else f"at character {self.at}, {quoted(self.text)}"


_END = Token("", 0)
_syntax_error, _type_error, _size_error = (partial(ODataError, f"filter.{slug}") for slug in ("syntax", "type", "size"))


def parse(text: str, schema: EntitySchema) -> Node:
    """Read a filter; raises `ODataError` at its first error."""
    if len(text) > MAX_LENGTH:
        raise _size_error(f"it has {len(text)} characters")
    tokens: list[Token] = []
    end = 0
    while end < len(text):
        match = _TOKEN.match(text, end)
        if match is None:
            begins = quoted(text[end:])
            if text[end] == "'":
                raise _syntax_error(f"the text that begins at character {end + 1} has no end: {begins}")
            raise _syntax_error(f"what begins at character {end + 1} cannot be read: {begins}")
        kind, end = str(match.lastgroup), match.end()
        if kind != "blank":
            at = match.start() + 1
            tokens.append(Token(match[0], at, _literal(kind, match[0], at), kind == "word"))
        if len(tokens) > MAX_TOKENS:
            raise _size_error(f"it has more than {MAX_TOKENS} words, values and marks")
    parser = _Parser(tokens, schema)
    tree = parser.expression()
    rest = parser.next
    if rest is not _END:
        hint = ""
        if rest.text in _UNSUPPORTED:
            hint = f"; `{rest.text}` is not simulated"
        elif rest.text not in _OPERATORS and rest.text.lower() in _OPERATORS:
            hint = "; operators are in lower case"
        raise _syntax_error(f"{rest}, an operator or the end was expected{hint}")
    return _require_boolean(tree, "a filter")


def _literal(kind: str, text: str, at: int) -> Node | None:
    """The literal that a token stands for; None for a mark and for a word that is no constant."""
    if kind == "tagged":
        tag, _, text = text[:-1].partition("'")
        kind = "guid" if tag == "guid" else "instant"
    if kind == "text":
        return Node("literal", Type.TEXT, value=text[1:-1].replace("''", "'"))
    if kind == "number":
        number = decimal(text.rstrip("dDfFlLmM"))
        # An integer if it is written as one and has at most 64 bits, else a decimal.
        if text.lstrip("-").rstrip("lL").isdigit() and is_int64(number):
            return Node("literal", Type.INTEGER, value=int(number))
        return Node("literal", Type.NUMBER, value=number)
    if kind == "guid":
        if re.fullmatch(_GUID, text) is None:
            raise _syntax_error(f"at character {at}, {quoted(text)} is no GUID")
        return Node("literal", Type.GUID, value=text.lower())
    if kind == "instant":
        ticks = _ticks(text)
        if ticks is None:
            raise _syntax_error(f"at character {at}, {quoted(text)} is no date or instant")
        return Node("literal", Type.INSTANT, value=ticks)
    return _CONSTANTS.get(text)


def _ticks(text: str) -> int | None:
    """The instant that a text means; seconds may be left out, and the zone, which is UTC then."""
    clock = _CLOCK.fullmatch(text)
    found = instant.parse(f"{clock[1]}{clock[2] or ':00'}{clock[3] or 'Z'}" if clock else text)
    return None if found is None else found.at


class _Parser:
    def __init__(self, tokens: list[Token], schema: EntitySchema) -> None:
        self.tokens = tokens
        self.schema = schema
        self.position = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.position] if self.position < len(self.tokens) else _END

    def take(self) -> Token:
        token = self.next
        self.position += 1
        return token

    def accept(self, *words: str) -> bool:
        """Take the next token if it is one of these words or marks."""
        token = self.next
        accepted = token.literal is None and token.text in words
        self.position += accepted
        return accepted

    def expect(self, mark: str) -> None:
        token = self.next
        if not self.accept(mark):
            raise _syntax_error(f"{token}, `{mark}` was expected")

    def precedence(self) -> int:
        """The precedence of the next operator; 0 if there is none."""
        return 0 if self.next.literal is not None else _PRECEDENCE.get(self.next.text, 0)

    def expression(self, loosest: int = 1) -> Node:
        left, tightest = self.operand(), max(_PRECEDENCE.values())
        while loosest <= (precedence := self.precedence()) <= tightest:
            if precedence in _COMPARISONS:
                # `a eq b eq c` is no expression: the next operator must bind more loosely.
                tightest = precedence - 1
                left = _compare(self.take(), left, self.expression(precedence + 1))
                continue
            rest = []
            while self.precedence() == precedence:
                rest.append((self.take(), self.expression(precedence + 1)))
            if precedence > max(_COMPARISONS):
                left = _arithmetic(left, rest)
            else:
                operands = [(rest[0][0], left), *rest]
                nodes = tuple(_require_boolean(node, str(token)) for token, node in operands)
                left = Node(rest[0][0].text, Type.BOOLEAN, nodes)
        return left

    def operand(self, *, may_be_listed: bool = True) -> Node:
        """An operand; `in` may follow unless a `-` before it is still to be applied."""
        token = self.next
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _size_error(f"at character {token.at}, it is nested more than {MAX_DEPTH} deep")
        if self.accept("not"):
            found = Node("not", Type.BOOLEAN, (_require_boolean(self.operand(), str(token)),))
        elif self.accept("-"):
            found = _minus(token, self.operand(may_be_listed=False))
        elif self.accept("("):
            found = self.expression()
            self.expect(")")
        elif token.literal is not None:
            self.take()
            found = token.literal
        elif not token.is_word or token.text in _OPERATORS:
            raise _syntax_error(f"{token}, a member, a value or a function was expected")
        else:
            self.take()
            if token.text in FUNCTIONS or self.next.text == "(":
                found = self.function(token)
            else:
                member = self.schema.member(token.text, "filter.member")
                found = Node("member", member.type, value=member)
        while may_be_listed and self.accept("in"):
            found = self.membership(found)
        self.depth -= 1
        return found

    def function(self, token: Token) -> Node:
        self.expect("(")
        signature = FUNCTIONS.get(token.text)
        if signature is None:
            raise _syntax_error(f"{token}, there is no such function but {', '.join(FUNCTIONS)}")
        arguments: list[Node] = []
        if signature.parameters:
            arguments.append(self.expression())
            while self.accept(","):
                arguments.append(self.expression())
        self.expect(")")
        most = len(signature.parameters)
        least = most - signature.optional
        if not least <= len(arguments) <= most:
            wanted = str(most) if least == most else f"{least} or {most}"
            raise _syntax_error(f"{token}, {wanted} arguments are wanted, not {len(arguments)}")
        for place, (argument, wanted_type) in enumerate(zip(arguments, signature.parameters, strict=False)):
            arguments[place] = node = _convert(token, argument, wanted_type, f"`{token.text}` takes one")
            allowed = {Type.TEXT: _TEXTS, Type.NUMBER: _NUMBERS}.get(wanted_type, (wanted_type,))
            if node.type not in (*allowed, Type.NULL):
                raise _type_error(f"{token} takes {wanted_type}, not {_describe(node)}")
        return Node(token.text, signature.result, tuple(arguments))

    def membership(self, operand: Node) -> Node:
        compared: list[tuple[Node, Node]] = []
        self.expect("(")
        while not compared or self.accept(","):
            token = self.next
            negative = self.accept("-")
            value = self.next.literal
            if value is None:
                raise _syntax_error(f"{self.next}, a value was expected")
            self.take()
            # Each value is checked and converted as the right side of `eq` would be.
            left, right = _compare(token, operand, _minus(token, value) if negative else value).operands
            compared.append((left, right))
            types = {left.type for left, right in compared if right.type is not Type.NULL}
            if operand.type is Type.OBJECT or len(types) > 1:
                raise _type_error(f"{token}, a list wants values of one type")
        self.expect(")")
        # A null says nothing of the type to which the operand must be converted.
        converted = next((left for left, right in compared if right.type is not Type.NULL), compared[0][0])
        return Node(
            "in", Type.BOOLEAN, (converted,), frozenset(right.value for _, right in compared if right.name == "literal")
        )


def _require_boolean(node: Node, place: str) -> Node:
    if node.type is not Type.BOOLEAN:
        raise _type_error(f"{place} wants a comparison or another truth value, not {node.type}")
    return node


def _require_number(token: Token, node: Node) -> None:
    if node.type not in (*_NUMBERS, Type.NULL):
        raise _type_error(f"{token} wants numbers, not {_describe(node)}")


def _minus(token: Token, node: Node) -> Node:
    _require_number(token, node)
    if node.name == "literal" and node.value is not None:
        return node._replace(value=calculate("sub", 0, node.value))
    return Node("arithmetic", node.type, (Node("literal", Type.INTEGER, value=0), node), ("sub",))


def _arithmetic(first: Node, rest: list[tuple[Token, Node]]) -> Node:
    for token, node in rest:
        _require_number(token, first)
        _require_number(token, node)
        if token.text in _DIVISIONS and node.name == "literal" and node.value == 0:
            raise _type_error(f"{token} divides by zero")
    operators, operands = tuple(token.text for token, _ in rest), (first, *(node for _, node in rest))
    is_whole = "divby" not in operators and all(node.type is not Type.NUMBER for node in operands)
    return Node("arithmetic", Type.INTEGER if is_whole else Type.NUMBER, operands, operators)


def _compare(token: Token, left: Node, right: Node) -> Node:
    """A comparison by the operator at `token`; a value of a list stands there instead, and is compared by `eq`."""
    operator = token.text if token.literal is None and token.text in _PRECEDENCE else "eq"
    left, right = (
        _convert(token, left, right.type, f"{_describe(right)} is one", right),
        _convert(token, right, left.type, f"{_describe(left)} is one", left),
    )
    alike = {Type.LINK: Type.TEXT, Type.INTEGER: Type.NUMBER}
    types = {alike.get(node.type, node.type) for node in (left, right)}
    # A graph of scores is an object: a filter can only ask whether it is null.
    unordered = types & {Type.BOOLEAN, Type.GUID, Type.OBJECT} and operator in _ORDERING
    if len(types - {Type.NULL}) > 1 or types == {Type.OBJECT} or unordered:
        raise _type_error(f"{token}, {_describe(left)} `{operator}` {_describe(right)} makes no sense")
    return Node(operator, Type.BOOLEAN, (left, right))


def _convert(token: Token, node: Node, wanted: Type, why: str, other: Node | None = None) -> Node:
    """Convert a text to the type of what it is compared with, where OData writes such values as texts."""
    if node.type in _TEXTS and wanted is Type.GUID:
        if node.name == "literal":
            return node._replace(type=Type.GUID, value=node.value.lower())
        return Node("tolower", Type.GUID, (node,))
    if node.name == "literal" and node.type is Type.TEXT:
        if wanted is Type.INSTANT:
            ticks = _ticks(node.value)
            if ticks is None:
                raise _type_error(f"{token}, {quoted(node.value)} is no date or instant, but {why}")
            return node._replace(type=Type.INSTANT, value=ticks)
        if other is not None and other.name == "member" and other.value.is_uuid:
            return node._replace(value=lower_uuid(node.value))
    return node


def _describe(node: Node) -> str:
    return f"{quoted(node.value.name)} ({node.type})" if node.name == "member" else str(node.type)
