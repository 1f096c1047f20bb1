# SPDX-License-Identifier: Apache-2.0
# cddl/cddl_regex.py -- regular expressions in the syntax of XML Schema, matched by derivatives: slow, simple, and
# nothing like the automata it is compared with.
import re


class RegexError(Exception):
    pass


class Regex:
    """Terms: ("empty",), ("none",), ("set", negated, ranges, minus), ("cat", a, b), ("alt", a, b), ("star", a)."""

    def __init__(self, pattern):
        self.text = pattern
        self.at = 0
        self.term = self.alternatives()
        if self.at < len(self.text):
            raise RegexError("regular expression: unexpected )")
        self.cache = {}

    def peek(self):
        return self.text[self.at] if self.at < len(self.text) else ""

    def take(self):
        c = self.peek()
        if c == "":
            raise RegexError("regular expression: it ends too early")
        self.at += 1
        return c

    def alternatives(self):
        term = self.branch()
        while self.peek() == "|":
            self.at += 1
            term = alt(term, self.branch())
        return term

    def branch(self):
        term = ("empty",)
        while self.peek() not in ("", "|", ")"):
            term = cat(term, self.piece())
        return term

    def piece(self):
        term = self.atom()
        c = self.peek()
        if c == "?":
            self.at += 1
            return alt(term, ("empty",))
        if c == "*":
            self.at += 1
            return star(term)
        if c == "+":
            self.at += 1
            return cat(term, star(term))
        if c == "{":
            m = re.compile(r"\{(\d+)(,(\d*))?\}").match(self.text, self.at)
            if m is None:
                raise RegexError("regular expression: bad braces")
            self.at = m.end()
            least = int(m.group(1))
            most = least if m.group(2) is None else None if m.group(3) == "" else int(m.group(3))
            out = ("empty",)
            if most is None:
                out = star(term)
            else:
                for _ in range(most - least):
                    out = alt(cat(term, out), ("empty",))
            for _ in range(least):
                out = cat(term, out)
            return out
        return term

    def atom(self):
        c = self.take()
        if c == "(":
            term = self.alternatives()
            if self.take() != ")":
                raise RegexError("regular expression: ) is missing")
            return term
        if c == ".":
            return ("set", True, (("\n", "\n"), ("\r", "\r")), None)
        if c == "[":
            return self.char_class()
        if c == "\\":
            return self.escape()
        if c in "?*+{}]":
            raise RegexError("regular expression: misplaced " + c)
        return ("set", False, ((c, c),), None)

    def escape(self):
        c = self.take()
        if c in "sS":
            return ("set", c == "S", ((" ", " "), ("\t", "\t"), ("\n", "\n"), ("\r", "\r")), None)
        if c in "nrt":
            c = {"n": "\n", "r": "\r", "t": "\t"}[c]
        elif c not in "\\|.-^?*+{}()[]":
            raise RegexError("regular expression: unknown escape")
        return ("set", False, ((c, c),), None)

    def char_class(self):
        negated = self.peek() == "^"
        if negated:
            self.at += 1
        ranges = []
        minus = None
        while self.peek() != "]":
            c = self.take()
            if c == "-" and self.peek() == "[":
                self.at += 1
                minus = self.char_class()
                break
            if c == "\\":
                term = self.escape()
                if term[1]:
                    raise RegexError("regular expression: \\S in a class")
                ranges.extend(term[2])
                if len(term[2]) > 1:
                    continue
                c = term[2][0][0]
                ranges.pop()
            high = c
            if self.peek() == "-" and self.text[self.at + 1:self.at + 2] not in ("]", "["):
                self.at += 1
                high = self.take()
                if high == "\\":
                    high = self.escape()[2][0][0]
                if high < c:
                    raise RegexError("regular expression: range in the wrong order")
            ranges.append((c, high))
        if self.take() != "]":
            raise RegexError("regular expression: ] is missing")
        return ("set", negated, tuple(ranges), minus)

    def matches(self, text):
        term = self.term
        for c in text:
            key = (term, c)
            following = self.cache.get(key)
            if following is None:
                following = derive(term, c)
                self.cache[key] = following
            term = following
        return nullable(term)


def cat(a, b):
    if a == ("none",) or b == ("none",):
        return ("none",)
    if a == ("empty",):
        return b
    return a if b == ("empty",) else ("cat", a, b)


def alt(a, b):
    if a == ("none",) or a == b:
        return b
    return a if b == ("none",) else ("alt", a, b)


def star(a):
    return a if a[0] == "star" else ("star", a)


def nullable(t):
    kind = t[0]
    if kind == "cat":
        return nullable(t[1]) and nullable(t[2])
    if kind == "alt":
        return nullable(t[1]) or nullable(t[2])
    return kind in ("empty", "star")


def in_set(t, c):
    _, negated, ranges, minus = t
    inside = any(low <= c <= high for low, high in ranges) != negated
    return inside and not (minus is not None and in_set(minus, c))


def derive(t, c):
    kind = t[0]
    if kind == "set":
        return ("empty",) if in_set(t, c) else ("none",)
    if kind == "cat":
        first = cat(derive(t[1], c), t[2])
        return alt(first, derive(t[2], c)) if nullable(t[1]) else first
    if kind == "alt":
        return alt(derive(t[1], c), derive(t[2], c))
    if kind == "star":
        return cat(derive(t[1], c), t)
    return ("none",)
