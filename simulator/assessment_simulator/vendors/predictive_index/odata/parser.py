"""A filter read by precedence climbing: `expression` reads operators that bind at least as tightly as a rank.

    expression = single *( operator single )      by rank: or, and, eq/ne, gt/ge/lt/le, add/sub, mul/div/divby/mod
    single     = "not" single / [ "-" ] one [ "in" "(" literal *( "," literal ) ")" ]
    one        = "(" expression ")" / function "(" [ expression *( "," expression ) ] ")" / member / literal

What stands in a line of one rank becomes one flat node: a long line costs no recursion, neither here nor when it is
asked; only parentheses, functions, `not` and `-` nest, and they are counted.
"""

from assessment_simulator.core.text import lower_uuid
from assessment_simulator.vendors.predictive_index.odata.functions import FUNCTIONS
from assessment_simulator.vendors.predictive_index.odata.lexer import Token, moment, tokens
from assessment_simulator.vendors.predictive_index.odata.numbers import DIVIDING, negated
from assessment_simulator.vendors.predictive_index.odata.surface import Surface, Type, Wrong, named, quoted
from assessment_simulator.vendors.predictive_index.odata.tree import (
    Arithmetic,
    Comparison,
    Function,
    Junction,
    Literal,
    Membership,
    Named,
    Negation,
    Node,
)

DEEPEST = 40
"""How deep parentheses, functions, `not` and `-` may be nested in one another."""

_ORDER = ("gt", "ge", "lt", "le")
_RANKS = {
    "or": 1,
    "and": 2,
    "eq": 3,
    "ne": 3,
    **dict.fromkeys(_ORDER, 4),
    "add": 5,
    "sub": 5,
    **dict.fromkeys(("mul", *DIVIDING), 6),
}
_COMPARING = (3, 4)
_OPERATORS = (*_RANKS, "not", "in")
_MISSING = ("has", "any", "all", "isof", "cast", "case")

_TEXTS = (Type.TEXT, Type.LINK)
_NUMBERS = (Type.INTEGER, Type.NUMBER)
_END = Token("", 0)


def parse(text: str, surface: Surface) -> Node:
    """Read a filter; raises `Wrong` at its first flaw."""
    parser = _Parser(tokens(text), surface)
    tree = parser.expression()
    rest = parser.next
    if rest is not _END:
        raise Wrong("filter.syntax", f"{_place(rest)}, an operator or the end was expected{_hint(rest)}")
    return _truth(tree, "a filter")


def _hint(token: Token) -> str:
    if token.text in _MISSING:
        return f"; `{token.text}` is not simulated"
    if token.text not in _OPERATORS and token.text.lower() in _OPERATORS:
        return "; operators are in lower case"
    return ""


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

    def rank(self) -> int:
        """The rank of the operator that comes next; 0 if there is none."""
        return 0 if self.next.value is not None else _RANKS.get(self.next.text, 0)

    def expression(self, loosest: int = 1) -> Node:
        left, highest = self.single(), max(_RANKS.values())
        while loosest <= (rank := self.rank()) <= highest:
            if rank in _COMPARING:
                # `a eq b eq c` says nothing: the next operator must bind more loosely.
                token, highest = self.next, rank - 1
                self.place += 1
                left = _compared(token, left, self.expression(rank + 1))
            else:
                left = self.line(left, rank)
        return left

    def line(self, first: Node, rank: int) -> Node:
        """Operands with operators of one rank between them."""
        found = []
        while self.rank() == rank:
            operator = self.next
            self.place += 1
            found.append((operator, self.expression(rank + 1)))
        if rank > max(_COMPARING):
            return _arithmetic(first, found)
        word = found[0][0].text
        parts = (_truth(first, _place(found[0][0])), *(_truth(part, _place(token)) for token, part in found))
        return Junction(word, parts)

    def single(self, *, lists: bool = True) -> Node:
        """An operand; `lists` says whether `in` may follow it, as it may not what `-` has yet to be put before."""
        token = self.next
        self.depth += 1
        if self.depth > DEEPEST:
            raise Wrong("filter.size", f"at character {token.at}, it is nested more than {DEEPEST} deep")
        if self.took("not"):
            found: Node = Negation(_truth(self.single(), _place(token)))
        elif self.took("-"):
            found = _minus(token, self.single(lists=False))
        else:
            found = self.one(token)
        while lists and self.took("in"):
            found = self.membership(found)
        self.depth -= 1
        return found

    def one(self, token: Token) -> Node:
        if self.took("("):
            inner = self.expression()
            self.expect(")")
            return inner
        if token.value is None and (not token.is_word or token.text in _OPERATORS):
            raise Wrong("filter.syntax", f"{_place(token)}, a member, a value or a function was expected")
        self.place += 1
        if token.value is not None:
            return token.value
        if token.text in FUNCTIONS or self.next.text == "(":
            self.expect("(")
            return self.function(token)
        return Named(named(self.surface, token.text, "filter.member"))

    def function(self, token: Token) -> Node:
        signature = FUNCTIONS.get(token.text)
        if signature is None:
            raise Wrong("filter.syntax", f"{_place(token)}, there is no such function but {', '.join(FUNCTIONS)}")
        arguments: list[Node] = []
        if signature.takes:
            arguments.append(self.expression())
            while self.took(","):
                arguments.append(self.expression())
        self.expect(")")
        if not signature.needed <= len(arguments) <= len(signature.takes):
            count = f"{signature.counts} arguments are wanted, not {len(arguments)}"
            raise Wrong("filter.syntax", f"{_place(token)}, {count}")
        fitted = zip(arguments, signature.takes, strict=False)
        return Function(token.text, tuple(_argument(token, *pair) for pair in fitted), signature.gives)

    def membership(self, part: Node) -> Node:
        values: list[Comparison] = []
        self.expect("(")
        while not values or self.took(","):
            token = self.next
            negative = self.took("-")
            literal = self.next.value
            if literal is None:
                raise Wrong("filter.syntax", f"{_place(self.next)}, a value was expected")
            self.place += 1
            values.append(_compared(token, part, _minus(token, literal) if negative else literal))
            if (
                part.type is Type.OBJECT
                or len({one.left.type for one in values if one.right.type is not Type.NULL}) > 1
            ):
                raise Wrong("filter.type", f"{_place(token)}, a list wants values of one type")
        self.expect(")")
        return _among(values)


def _among(compared: list[Comparison]) -> Membership:
    # A null says nothing of the type that the part must have.
    one = next((each for each in compared if each.right.type is not Type.NULL), compared[0])
    return Membership(one.left, frozenset(each.right.value for each in compared if isinstance(each.right, Literal)))


def _place(token: Token) -> str:
    return "at the end" if token is _END else f"at character {token.at}, {quoted(token.text)}"


def _truth(node: Node, whose: str) -> Node:
    if node.type is not Type.TRUTH:
        raise Wrong("filter.type", f"{whose} wants a comparison or another truth value, not {node.type}")
    return node


def _minus(token: Token, node: Node) -> Node:
    _numeric(token, node)
    if isinstance(node, Literal) and node.value is not None:
        return Literal(node.type, negated(node.value))
    return Arithmetic(Literal(Type.INTEGER, 0), (("sub", node),), node.type)


def _numeric(token: Token, node: Node) -> None:
    if node.type not in (*_NUMBERS, Type.NULL):
        raise Wrong("filter.type", f"{_place(token)} wants numbers, not {_named(node)}")


def _arithmetic(first: Node, rest: list[tuple[Token, Node]]) -> Node:
    for token, node in rest:
        _numeric(token, first)
        _numeric(token, node)
        if token.text in DIVIDING and isinstance(node, Literal) and node.value == 0:
            raise Wrong("filter.type", f"{_place(token)} divides by zero")
    fraction = any(token.text == "divby" for token, _ in rest)
    whole = not fraction and all(node.type is not Type.NUMBER for node in (first, *(node for _, node in rest)))
    kind = Type.INTEGER if whole else Type.NUMBER
    return Arithmetic(first, tuple((token.text, node) for token, node in rest), kind)


def _argument(token: Token, node: Node, wanted: Type) -> Node:
    """The argument, which must be of the type that a function takes there, or null."""
    node = _fitted(token, node, wanted, f"`{token.text}` takes one")
    types = {Type.TEXT: _TEXTS, Type.NUMBER: _NUMBERS}.get(wanted, (wanted,))
    if node.type not in (*types, Type.NULL):
        raise Wrong("filter.type", f"{_place(token)} takes {wanted}, not {_named(node)}")
    return node


def _compared(token: Token, left: Node, right: Node) -> Comparison:
    """A comparison by the operator at `token`; what stands there instead is a value in a list, compared by `eq`."""
    operator = token.text if token.value is None and token.text in _RANKS else "eq"
    left, right = (
        _fitted(token, left, right.type, f"{_named(right)} is one"),
        _fitted(token, right, left.type, f"{_named(left)} is one"),
    )
    left, right = _in_lower_case(left, right), _in_lower_case(right, left)
    types = {_ALIKE.get(node.type, node.type) for node in (left, right)}
    # A graph is an object: all that can be asked of it is whether it is there.
    orderless = types & {Type.TRUTH, Type.GUID, Type.OBJECT} and operator in _ORDER
    if len(types - {Type.NULL}) > 1 or types == {Type.OBJECT} or orderless:
        raise Wrong("filter.type", f"{_place(token)}, {_named(left)} `{operator}` {_named(right)} makes no sense")
    return Comparison(operator, left, right)


_ALIKE = {Type.LINK: Type.TEXT, Type.INTEGER: Type.NUMBER}


def _fitted(token: Token, node: Node, other: Type, why: str) -> Node:
    """The node, turned into the type of the other where OData writes that type as a text."""
    if node.type in _TEXTS and other is Type.GUID:
        return Literal(Type.GUID, node.value.lower()) if isinstance(node, Literal) else _guid_of(node)
    if isinstance(node, Literal) and node.type is Type.TEXT and other is Type.INSTANT:
        ticks = moment(node.value)
        if ticks is None:
            raise Wrong("filter.type", f"{_place(token)}, {quoted(node.value)} is no date or instant, but {why}")
        return Literal(Type.INSTANT, ticks)
    return node


def _in_lower_case(node: Node, other: Node) -> Node:
    """The node, as the UUIDs in a member are written if it is compared with such a member."""
    if isinstance(node, Literal) and node.type is Type.TEXT and isinstance(other, Named) and other.member.is_uuid:
        return Literal(Type.TEXT, lower_uuid(node.value))
    return node


def _guid_of(node: Node) -> Node:
    return Function("tolower", (node,), Type.GUID)


def _named(node: Node) -> str:
    return quoted(node.member.name) + f" ({node.type})" if isinstance(node, Named) else str(node.type)
