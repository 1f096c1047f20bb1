# SPDX-License-Identifier: Apache-2.0
# cddl/cddl_interp.py -- a second CDDL validator for JSON, written from RFC 8610 alone and interpreting the text of the
# schema: the independent opinion that the compiled tables are compared with.  Slow and simple on purpose.
#
# Choices of reading, where RFC 8610 leaves room (the same as the run-time's, or the comparison would be about them):
# - integers are integers by notation and within +-(2^53-1); other numbers only match number, float, float64 and
#   fractions;
# - a cut ends the alternative of a group choice it stands in, not the choice.
import functools
import json
import re
from fractions import Fraction

from cddl_regex import Regex

PRELUDE = {"any", "uint", "nint", "int", "number", "float", "float64", "tstr", "text", "bool", "false", "true", "null",
           "nil"}


class CddlError(Exception):
    pass


class Number(str):
    """A JSON number that is no integer in range, as it was written."""


def load_json(text):
    def whole(digits):
        value = int(digits)
        return value if abs(value) <= 2**53 - 1 else Number(digits)

    return json.loads(text, parse_int=whole, parse_float=Number)


# --- the text of a schema ---

TOKEN = re.compile(r"""
    (?P<blank>(?:[ \r\n]|;[^\n]*)+)
  | (?P<id>[A-Za-z@_$](?:[-.]*[A-Za-z0-9@_$])*)
  | (?P<text>"(?:[^"\\\x00-\x1f]|\\.)*")
  | (?P<occur>\?|\+|(?:0[xX][0-9A-Fa-f]+|[0-9]+)?\*(?:[0-9]+)?)
  | (?P<num>-?(?:0[xX][0-9A-Fa-f]+|0[bB][01]+|(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?))
  | (?P<ctl>\.[A-Za-z@_$](?:[-.]*[A-Za-z0-9@_$])*)
  | (?P<sign>\.\.\.|//=|\.\.|/=|//|=>|[=/()\[\]{}<>,:^])
""", re.X)


def tokenize(source):
    out = []
    at = 0
    while at < len(source):
        m = TOKEN.match(source, at)
        if m is None:
            raise CddlError("cannot read: " + source[at:at + 20])
        if m.lastgroup != "blank":
            out.append((m.lastgroup, m.group()))
        at = m.end()
    out.append(("end", ""))
    return out


class Parser:
    """Types: ("name", n, args) ("lit", value) ("num", text) ("range", a, b, open) ("ctl", op, a, b) ("choice", [..])
    ("map", group) ("array", group) ("paren", group).  Group: list of alternatives, each a list of (least, most, key,
    cut, type or group)."""

    def __init__(self, source):
        self.tokens = tokenize(source)
        self.at = 0
        self.rules = {}
        self.first = None
        while self.peek()[0] != "end":
            self.rule()

    def peek(self, ahead=0):
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def accept(self, sign):
        if self.peek() == ("sign", sign):
            self.at += 1
            return True
        return False

    def expect(self, sign):
        if not self.accept(sign):
            raise CddlError("expected %s at %r" % (sign, self.peek()))

    def name(self):
        kind, text = self.peek()
        if kind != "id":
            raise CddlError("expected a name at %r" % (self.peek(),))
        self.at += 1
        return text

    def rule(self):
        name = self.name()
        params = []
        if self.accept("<"):
            params.append(self.name())
            while self.accept(","):
                params.append(self.name())
            self.expect(">")
        if self.first is None:
            self.first = name
        if self.accept("="):
            if name in self.rules:
                raise CddlError("defined twice: " + name)
            self.rules[name] = (params, [self.entry()])
        elif self.accept("/="):
            self.rules.setdefault(name, (params, []))[1].append((1, 1, None, False, self.type()))
        else:
            self.expect("//=")
            self.rules.setdefault(name, (params, []))[1].append(self.entry())

    def type(self, first=None):
        items = [first if first is not None else self.type1()]
        while self.accept("/"):
            items.append(self.type1())
        return items[0] if len(items) == 1 else ("choice", items)

    def type1(self, first=None):
        left = first if first is not None else self.type2()
        kind, text = self.peek()
        if text in ("..", "...") and kind == "sign":
            self.at += 1
            return ("range", left, self.type2(), text == "...")
        if kind == "ctl":
            self.at += 1
            return ("ctl", text[1:], left, self.type2())
        return left

    def type2(self):
        kind, text = self.peek()
        if kind == "id":
            self.at += 1
            args = []
            if self.accept("<"):
                args.append(self.type1())
                while self.accept(","):
                    args.append(self.type1())
                self.expect(">")
            return ("name", text, args)
        if kind == "text":
            self.at += 1
            return ("lit", json.loads(text))
        if kind == "num":
            self.at += 1
            return ("num", plain_number(text))
        for opening, closing, what in (("(", ")", "paren"), ("{", "}", "map"), ("[", "]", "array")):
            if self.accept(opening):
                group = self.group()
                self.expect(closing)
                return (what, group)
        raise CddlError("expected a type at %r" % (self.peek(),))

    def group(self):
        out = [[]]
        while self.peek()[1] not in (")", "]", "}") or self.peek()[0] != "sign":
            if self.peek()[0] == "end":
                raise CddlError("a group does not end")
            if self.accept("//"):
                out.append([])
                continue
            out[-1].append(self.entry())
            if self.accept(","):
                out[-1][-1] += (True,)
        return out

    def entry(self):
        least, most = 1, 1
        kind, text = self.peek()
        if kind == "occur":
            self.at += 1
            least, most = occurrence(text)
        kind, text = self.peek()
        if kind in ("id", "text", "num") and self.peek(1) == ("sign", ":"):
            self.at += 2
            key = ("lit", text if kind == "id" else json.loads(text))
            return (least, most, key, True, self.type())
        first = self.type2()
        if first[0] == "paren" and not reducible(first[1]) and (self.peek()[0] != "ctl"):
            return (least, most, None, False, first)
        first = self.type1(first)
        if self.peek() == ("sign", "^") or self.peek() == ("sign", "=>"):
            cut = self.accept("^")
            self.expect("=>")
            return (least, most, first, cut, self.type())
        return (least, most, None, False, self.type(first))


def reducible(group):
    if len(group) != 1 or len(group[0]) != 1:
        return False
    entry = group[0][0]
    return len(entry) == 5 and entry[2] is None and entry[0] == entry[1] == 1


def occurrence(text):
    if text == "?":
        return 0, 1
    if text == "+":
        return 1, None
    low, _, high = text.partition("*")
    return (int(low, 0) if low else 0), (int(high, 0) if high else None)


def plain_number(text):
    if re.match(r"-?0[xXbB]", text):
        return str(int(text, 0))
    return text


# --- matching ---

CUT = "cut"


class Schema:
    def __init__(self, source):
        self.syntax = Parser(source)
        self.rules = self.syntax.rules
        self.regexes = {}

    def validate(self, value, rule=None):
        return self.match(("name", rule or self.syntax.first, []), {}, value)

    # The environment maps generic parameters to (type, environment).

    def lookup(self, name, args, env):
        """The definitions behind a name: a list of (entry, environment)."""
        if name in env:
            arg, outer = env[name]
            return [((1, 1, None, False, arg), outer)]
        params, entries = self.rules.get(name, ([], []))
        if len(params) != len(args):
            raise CddlError("wrong number of arguments for " + name)
        inner = {p: (a, env) for p, a in zip(params, args)}
        return [(e, inner) for e in entries]

    def is_group(self, type_, env, depth=0):
        """Does this stand for a group, when it stands alone in a group?"""
        if type_[0] == "paren":
            return not reducible(type_[1]) or self.is_group(type_[1][0][0][4], env, depth)
        if type_[0] != "name" or depth > 50:
            return False
        if type_[1].startswith("$$"):
            return True
        if type_[1] in PRELUDE:
            return False
        for entry, inner in self.lookup(type_[1], type_[2], env):
            if entry[2] is not None or (entry[0], entry[1]) != (1, 1) or len(entry) > 5:
                return True
            return self.is_group(entry[4], inner, depth + 1)
        return False

    def number_of(self, type_, env):
        """(text) of a numeric literal, through names."""
        while True:
            if type_[0] == "num":
                return type_[1]
            if type_[0] == "paren" and reducible(type_[1]):
                type_ = type_[1][0][0][4]
            elif type_[0] == "name" and type_[1] not in PRELUDE:
                (entry, env), = self.lookup(type_[1], type_[2], env)
                type_ = entry[4]
            else:
                raise CddlError("a number is expected")

    def text_of(self, type_, env):
        while type_[0] == "name" or type_[0] == "paren":
            if type_[0] == "paren":
                type_ = type_[1][0][0][4]
            else:
                (entry, env), = self.lookup(type_[1], type_[2], env)
                type_ = entry[4]
        if type_[0] != "lit":
            raise CddlError("a text is expected")
        return type_[1]

    def match(self, t, env, value):
        kind = t[0]
        if kind == "name":
            if t[1] not in env and t[1] in PRELUDE:
                return match_prelude(t[1], value)
            if t[1] not in env and t[1] not in self.rules and not t[1].startswith("$"):
                raise CddlError("not defined: " + t[1])
            return any(self.match(e[4], inner, value) for e, inner in self.lookup(t[1], t[2], env))
        if kind == "lit":
            return isinstance(value, str) and not isinstance(value, Number) and value == t[1]
        if kind == "num":
            return match_number(t[1], value)
        if kind == "choice":
            return any(self.match(item, env, value) for item in t[1])
        if kind == "paren":
            if not reducible(t[1]):
                raise CddlError("a group where a type is expected")
            return self.match(t[1][0][0][4], env, value)
        if kind == "range":
            return self.match_range(t, env, value)
        if kind == "ctl":
            return self.match_control(t, env, value)
        if kind == "array":
            return isinstance(value, list) and self.match_group(t[1], env, Items(value, 0)) == Items(value, len(value))
        if not isinstance(value, dict):
            return False
        rest = self.match_group(t[1], env, Members(value, frozenset()))
        return rest not in (None, CUT) and len(rest.taken) == len(value)

    def match_range(self, t, env, value):
        low, high = self.number_of(t[1], env), self.number_of(t[2], env)
        if is_int_text(low) != is_int_text(high):
            raise CddlError("mixed range")
        number = as_fraction(value, not is_int_text(low))
        if number is None or number < Fraction(low):
            return False
        return number < Fraction(high) if t[3] else number <= Fraction(high)

    def match_control(self, t, env, value):
        _, op, target, controller = t
        if op in ("and", "within"):
            return self.match(target, env, value) and self.match(controller, env, value)
        if not self.match(target, env, value):
            return False
        if op == "regexp":
            pattern = self.text_of(controller, env)
            if pattern not in self.regexes:
                self.regexes[pattern] = functools.lru_cache(maxsize=100000)(Regex(pattern).matches)
            return isinstance(value, str) and self.regexes[pattern](value)
        if op == "size":
            if isinstance(value, str):
                return self.match(controller, env, len(value.encode()))
            return value < 256 ** int(self.number_of(controller, env))
        limit = Fraction(self.number_of(controller, env))
        number = as_fraction(value, True)
        return {"ge": number >= limit, "le": number <= limit, "gt": number > limit, "lt": number < limit}[op]

    # A state is what is left to match; a group gives a new state, None or CUT.

    def match_group(self, group, env, state):
        return self.first_of([(self.match_sequence, branch, env) for branch in group], state)

    def first_of(self, alternatives, state):
        failure = None
        for fn, what, env in alternatives:
            outcome = fn(what, env, state)
            if outcome is not None and outcome != CUT:
                return outcome
            failure = outcome or failure
        return failure

    def match_sequence(self, entries, env, state):
        for entry in entries:
            state = self.match_entry(entry, env, state)
            if state is None or state == CUT:
                return state
        return state

    def match_entry(self, entry, env, state):
        least, most, key, cut, what = entry[:5]
        if key is None and self.is_group(what, env):
            return self.repeat(least, most, state, lambda s: self.match_named_group(what, env, s))
        return self.repeat(least, most, state, lambda s: s.one(self, key, cut, what, env))

    def match_named_group(self, what, env, state):
        if what[0] == "paren":
            return self.match_group(what[1], env, state)
        return self.first_of([(self.match_entry, e, inner) for e, inner in self.lookup(what[1], what[2], env)], state)

    def repeat(self, least, most, state, step):
        count = 0
        while most is None or count < most:
            following = step(state)
            if following == CUT:
                return CUT
            if following is None:
                break
            count += 1
            if following == state:
                return state
            state = following
        return state if count >= least else None


class Items:
    """The rest of an array."""

    def __init__(self, values, at):
        self.values, self.at = values, at

    def __eq__(self, other):
        return isinstance(other, Items) and self.at == other.at and self.values is other.values

    def one(self, schema, key, cut, type_, env):
        if self.at < len(self.values) and schema.match(type_, env, self.values[self.at]):
            return Items(self.values, self.at + 1)
        return None


class Members:
    """A map and the names that are taken."""

    def __init__(self, values, taken):
        self.values, self.taken = values, taken

    def __eq__(self, other):
        return isinstance(other, Members) and self.taken == other.taken and self.values is other.values

    def one(self, schema, key, cut, type_, env):
        if key is None:
            return None
        for name, value in self.values.items():
            if name in self.taken or not schema.match(key, env, name):
                continue
            if schema.match(type_, env, value):
                return Members(self.values, self.taken | {name})
            if cut:
                return CUT
        return None


def is_int_text(text):
    return re.fullmatch(r"-?[0-9]+", text) is not None


def as_fraction(value, fractions):
    """The value of a JSON number; None if it is none (or no integer, if only those count)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Fraction(value)
    return Fraction(value) if fractions and isinstance(value, Number) else None


def match_number(text, value):
    number = as_fraction(value, not is_int_text(text))
    return number is not None and number == Fraction(text)


def match_prelude(name, value):
    integer = isinstance(value, int) and not isinstance(value, bool)
    if name == "any":
        return True
    if name == "uint":
        return integer and value >= 0
    if name == "nint":
        return integer and value < 0
    if name == "int":
        return integer
    if name in ("number", "float", "float64"):
        return integer or isinstance(value, Number)
    if name in ("tstr", "text"):
        return isinstance(value, str) and not isinstance(value, Number)
    if name == "bool":
        return isinstance(value, bool)
    if name in ("true", "false"):
        return value is (name == "true")
    return value is None
