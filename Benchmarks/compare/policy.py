"""Reads a policy of the benchmarks into trees: rules without windows, over numbers and facts, that add points.

Nodes are tuples: ("number", 90.0) ("signal", "cpu") ("fact", "role") ("ramp", x, a, b) ("+ - * /", a, b)
("> >= < <= == !=", a, b) ("is", fact, [strings]) ("and", a, b) ("or", a, b) ("not", a).
"""

import re

import yaml

TOKEN = re.compile(r'\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_][\w.]*)|"([^"]*)"|(>=|<=|==|!=|[-+*/<>()\[\],]))')


class Rule:
    def __init__(self, name, when, worth):
        self.name, self.when, self.worth = name, when, worth


class Policy:
    def __init__(self, path):
        text = yaml.safe_load(open(path))
        self.name = text["policy"]
        self.replace, self.watch = text["replace"], text["watch"]
        #: The metric behind each signal: the name of its column.
        self.columns = {name: body["gauge"] for name, body in text["signals"].items()}
        self.rules = []
        for rule in text["rules"]:
            worth = str(rule["then"])
            if not worth.startswith("+") and not isinstance(rule["then"], (int, float)):
                raise ValueError(f"rule {rule['rule']}: only points can be compared")
            self.rules.append(
                Rule(rule["rule"], Parser(rule["when"], self.columns).all(), Parser(worth.lstrip("+"), self.columns).all())
            )


class Parser:
    """Recursive descent, one method a level, loosest first."""

    def __init__(self, text, columns):
        self.columns, self.tokens, at = columns, [], 0
        text = text.strip()
        while at < len(text):
            match = TOKEN.match(text, at)
            if not match:
                raise ValueError(f"cannot read `{text[at:]}`")
            kind = match.lastindex
            self.tokens.append((("number", "name", "string", "sign")[kind - 1], match.group(kind)))
            at = match.end()
        self.tokens.append(("end", ""))

    def take(self, *texts):
        if self.tokens[0][0] in ("sign", "name") and self.tokens[0][1] in texts:
            return self.tokens.pop(0)[1]
        return None

    def expect(self, text):
        if not self.take(text):
            raise ValueError(f"expected `{text}`, found `{self.tokens[0][1]}`")

    def all(self):
        tree = self.disjunction()
        if self.tokens[0][0] != "end":
            raise ValueError(f"unexpected `{self.tokens[0][1]}`")
        return tree

    def disjunction(self):
        tree = self.conjunction()
        while self.take("or"):
            tree = ("or", tree, self.conjunction())
        return tree

    def conjunction(self):
        tree = self.negation()
        while self.take("and"):
            tree = ("and", tree, self.negation())
        return tree

    def negation(self):
        return ("not", self.negation()) if self.take("not") else self.comparison()

    def comparison(self):
        left = self.sum()
        if left[0] == "fact":
            sign = self.take("==", "!=", "in")
            if sign == "in":
                self.expect("[")
                values = [self.string()]
                while self.take(","):
                    values.append(self.string())
                self.expect("]")
                return ("is", left[1], values)
            same = ("is", left[1], [self.string()])
            return same if sign == "==" else ("not", same)
        sign = self.take(">=", "<=", "==", "!=", ">", "<")
        return (sign, left, self.sum()) if sign else left

    def string(self):
        kind, text = self.tokens.pop(0)
        if kind != "string":
            raise ValueError(f"expected a string, found `{text}`")
        return text

    def sum(self):
        tree = self.product()
        while sign := self.take("+", "-"):
            tree = (sign, tree, self.product())
        return tree

    def product(self):
        tree = self.atom()
        while sign := self.take("*", "/"):
            tree = (sign, tree, self.atom())
        return tree

    def atom(self):
        if self.take("("):
            tree = self.disjunction()
            self.expect(")")
            return tree
        kind, text = self.tokens.pop(0)
        if kind == "number":
            return ("number", float(text))
        if kind == "name" and text == "ramp":
            self.expect("(")
            x = self.sum()
            self.expect(",")
            a = self.sum()
            self.expect(",")
            b = self.sum()
            self.expect(")")
            return ("ramp", x, a[1], b[1])
        if kind == "name" and text.startswith("fact."):
            return ("fact", text[5:])
        if kind == "name" and text in self.columns:
            return ("signal", self.columns[text])
        raise ValueError(f"cannot read `{text}`")


def signals(tree):
    """The columns that a tree reads, in order of name."""
    if tree[0] == "signal":
        return [tree[1]]
    found = set()
    for part in tree[1:]:
        if isinstance(part, tuple):
            found.update(signals(part))
    return sorted(found)


ORDER = {">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
         "==": lambda a, b: a == b, "!=": lambda a, b: a != b}


def number(tree, row):
    """None: unknown."""
    kind = tree[0]
    if kind == "number":
        return tree[1]
    if kind == "signal":
        return row.get(tree[1])
    if kind == "ramp":
        x = number(tree[1], row)
        return None if x is None else min(max((x - tree[2]) / (tree[3] - tree[2]), 0.0), 1.0)
    a, b = number(tree[1], row), number(tree[2], row)
    if a is None or b is None or (kind == "/" and b == 0):
        return None
    return a + b if kind == "+" else a - b if kind == "-" else a * b if kind == "*" else a / b


def truth(tree, row):
    """Kleene's three values; None: unknown."""
    kind = tree[0]
    if kind == "is":
        return row[tree[1]] in tree[2]
    if kind == "not":
        inner = truth(tree[1], row)
        return None if inner is None else not inner
    if kind in ("and", "or"):
        parts = [truth(tree[1], row), truth(tree[2], row)]
        settling = kind == "or"
        return settling if settling in parts else None if None in parts else not settling
    a, b = number(tree[1], row), number(tree[2], row)
    return None if a is None or b is None else ORDER[kind](a, b)


def thousandths(policy, row):
    """The proven score of one instance, written as plainly as can be: the yardstick of every engine."""
    score = 0
    for rule in policy.rules:
        if truth(rule.when, row):
            worth = number(rule.worth, row)
            score += int(worth * 1000 + 0.5) if worth is not None else 0
    return score
