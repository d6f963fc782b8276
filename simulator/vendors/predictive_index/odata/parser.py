"""A filter read by recursive descent: one method for each level of precedence, the loosest first."""

# either  = both *( "or" both )
# both    = same *( "and" same )
# same    = order [ ( "eq" / "ne" ) order ]
# order   = single [ ( "gt" / "ge" / "lt" / "le" ) single ]
# single  = "not" single / "(" either ")" / function "(" either *( "," either ) ")" / member / literal

from collections.abc import Callable

from simulator.core.text import lower_uuid
from simulator.vendors.predictive_index.odata.lexer import Token, moment, tokens
from simulator.vendors.predictive_index.odata.surface import Surface, Type, Wrong, named, quoted
from simulator.vendors.predictive_index.odata.tree import Comparison, Function, Junction, Literal, Named, Negation, Node

DEEPEST = 40
"""How deep parentheses, functions and `not` may be nested in one another."""

_SAME = ("eq", "ne")
_ORDER = ("gt", "ge", "lt", "le")
_OPERATORS = ("and", "or", "not", *_SAME, *_ORDER)

FUNCTIONS = {
    "contains": (2, Type.TRUTH),
    "startswith": (2, Type.TRUTH),
    "endswith": (2, Type.TRUTH),
    "substringof": (2, Type.TRUTH),
    "tolower": (1, Type.TEXT),
    "toupper": (1, Type.TEXT),
}
"""How many texts each takes, and what it gives."""

_TEXTS = (Type.TEXT, Type.LINK)
_END = Token("", 0)


def parse(text: str, surface: Surface) -> Node:
    """Read a filter; raises `Wrong` at its first flaw."""
    parser = _Parser(tokens(text), surface)
    tree = parser.either()
    rest = parser.next
    if rest is not _END:
        hint = "; operators are in lower case" if rest.text.lower() in _OPERATORS else ""
        raise Wrong("filter.syntax", f"{_place(rest)}, `and`, `or` or the end was expected{hint}")
    return _truth(tree, "a filter")


class _Parser:
    def __init__(self, found: list[Token], surface: Surface) -> None:
        self.tokens = found
        self.surface = surface
        self.place = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.place] if self.place < len(self.tokens) else _END

    def took(self, *words: str) -> str:
        """The next word or mark if it is one of these, which is then behind us; else nothing."""
        token = self.next
        if token.value is not None or token.text not in words:
            return ""
        self.place += 1
        return token.text

    def expect(self, mark: str) -> None:
        token = self.next
        if not self.took(mark):
            raise Wrong("filter.syntax", f"{_place(token)}, `{mark}` was expected")

    def either(self) -> Node:
        return self.junction("or", self.both)

    def both(self) -> Node:
        return self.junction("and", self.same)

    def junction(self, operator: str, part: Callable[[], Node]) -> Node:
        parts = [part()]
        while self.took(operator):
            parts.append(part())
        if len(parts) == 1:
            return parts[0]
        return Junction(operator, tuple(_truth(part, f"`{operator}`") for part in parts))

    def same(self) -> Node:
        return self.comparison(_SAME, self.order)

    def order(self) -> Node:
        return self.comparison(_ORDER, self.single)

    def comparison(self, operators: tuple[str, ...], side: Callable[[], Node]) -> Node:
        left = side()
        operator = self.took(*operators)
        return _compared(operator, left, side()) if operator else left

    def single(self) -> Node:
        token = self.next
        self.depth += 1
        if self.depth > DEEPEST:
            raise Wrong("filter.size", f"at character {token.at}, it is nested more than {DEEPEST} deep")
        found = self.one(token)
        self.depth -= 1
        return found

    def one(self, token: Token) -> Node:
        if self.took("not"):
            return Negation(_truth(self.single(), "`not`"))
        if self.took("("):
            inner = self.either()
            self.expect(")")
            return inner
        if token.value is None and (not token.is_word or token.text in _OPERATORS):
            raise Wrong("filter.syntax", f"{_place(token)}, a member, a value or a function was expected")
        self.place += 1
        if token.value is not None:
            return token.value
        return self.function(token) if self.took("(") else Named(named(self.surface, token.text, "filter.member"))

    def function(self, token: Token) -> Node:
        if token.text not in FUNCTIONS:
            raise Wrong("filter.syntax", f"{_place(token)}, there is no such function but {', '.join(FUNCTIONS)}")
        arguments = [self.either()]
        while self.took(","):
            arguments.append(self.either())
        self.expect(")")
        count, gives = FUNCTIONS[token.text]
        if len(arguments) != count:
            raise Wrong("filter.syntax", f"{_place(token)}, {count} arguments are wanted, not {len(arguments)}")
        for argument in arguments:
            if argument.type not in (*_TEXTS, Type.NULL):
                raise Wrong("filter.type", f"{_place(token)}, texts are wanted, not {argument.type}")
        return Function(token.text, tuple(arguments), gives)


def _place(token: Token) -> str:
    return "at the end" if token is _END else f"at character {token.at}, {quoted(token.text)}"


def _truth(node: Node, whose: str) -> Node:
    if node.type is not Type.TRUTH:
        raise Wrong("filter.type", f"{whose} wants a comparison or another truth value, not {node.type}")
    return node


def _compared(operator: str, left: Node, right: Node) -> Node:
    left, right = _fitted(left, right), _fitted(right, left)
    types = {Type.TEXT if node.type is Type.LINK else node.type for node in (left, right)}
    # A graph is an object: all that can be asked of it is whether it is there.
    orderless = types & {Type.TRUTH, Type.GUID, Type.OBJECT} and operator in _ORDER
    if len(types - {Type.NULL}) > 1 or types == {Type.OBJECT} or orderless:
        raise Wrong("filter.type", f"{_named(left)} `{operator}` {_named(right)} makes no sense")
    return Comparison(operator, left, right)


def _fitted(node: Node, other: Node) -> Node:
    """The node, turned into the type of the other where OData writes that type as a text."""
    if node.type in _TEXTS and other.type is Type.GUID:
        return Literal(Type.GUID, node.value.lower()) if isinstance(node, Literal) else _guid_of(node)
    if isinstance(node, Literal) and node.type is Type.TEXT and isinstance(other, Named) and other.member.is_uuid:
        return Literal(Type.TEXT, lower_uuid(node.value))
    if isinstance(node, Literal) and node.type is Type.TEXT and other.type is Type.INSTANT:
        ticks = moment(node.value)
        if ticks is None:
            raise Wrong("filter.type", f"{quoted(node.value)} is no date or instant, but {_named(other)} is one")
        return Literal(Type.INSTANT, ticks)
    return node


def _guid_of(node: Node) -> Node:
    return Function("tolower", (node,), Type.GUID)


def _named(node: Node) -> str:
    return quoted(node.member.name) + f" ({node.type})" if isinstance(node, Named) else str(node.type)
