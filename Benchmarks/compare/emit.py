"""Writes a policy in the languages of other engines.

Where an engine has no third truth value, a condition is written as what makes it certainly true, and a negation as what
makes its inside certainly false; a missing number makes neither.
"""

from policy import signals

INVERSE = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}


def settled(tree, isTrue, leaf, both, either):
    """The tree as a text or value that holds exactly if it is certainly true (or false).

    leaf(tree, isTrue) writes a comparison or a membership.
    """
    kind = tree[0]
    if kind == "not":
        return settled(tree[1], not isTrue, leaf, both, either)
    if kind in ("and", "or"):
        parts = [settled(part, isTrue, leaf, both, either) for part in tree[1:]]
        return both(*parts) if (kind == "and") == isTrue else either(*parts)
    return leaf(tree, isTrue)


def arithmetic(tree, name, ramp):
    """C-like arithmetic; ramp(text, a, b) writes a ramp."""
    kind = tree[0]
    if kind == "number":
        return repr(tree[1])
    if kind == "signal":
        return name(tree[1])
    if kind == "ramp":
        return ramp(arithmetic(tree[1], name, ramp), tree[2], tree[3])
    return f"({arithmetic(tree[1], name, ramp)} {kind} {arithmetic(tree[2], name, ramp)})"


def ternary_ramp(x, a, b):
    share = f"(({x} - {a!r}) / {b - a!r})"
    return f"({share} < 0.0 ? 0.0 : ({share} > 1.0 ? 1.0 : {share}))"


# CEL: a missing variable is an error, which && and || absorb where the other side settles; the rule then adds nothing.


def cel(policy):
    """One program per rule."""

    def number(tree):
        return arithmetic(tree, lambda name: name, ternary_ramp)

    def truth(tree):
        kind = tree[0]
        if kind == "not":
            return f"!({truth(tree[1])})"
        if kind in ("and", "or"):
            return f"({truth(tree[1])} {'&&' if kind == 'and' else '||'} {truth(tree[2])})"
        if kind == "is":
            return f"({tree[1]} in [" + ", ".join(f"'{value}'" for value in tree[2]) + "])"
        return f"({number(tree[1])} {kind} {number(tree[2])})"

    return [f"{truth(rule.when)} ? {number(rule.worth)} : 0.0" for rule in policy.rules]


# ZEN: what is missing is null; ordering with null is an error, so presence is asked for first.


def zen(policy):
    def number(tree):
        return arithmetic(tree, lambda name: "m." + name, ternary_ramp)

    def present(*trees):
        names = sorted({name for tree in trees for name in signals(tree)})
        return " and ".join(f"m.{name} != null" for name in names)

    def leaf(tree, isTrue):
        if tree[0] == "is":
            inside = f"m.{tree[1]} in [" + ", ".join(f"'{value}'" for value in tree[2]) + "]"
            return f"({inside})" if isTrue else f"(not ({inside}))"
        sign = tree[0] if isTrue else INVERSE[tree[0]]
        return f"({present(tree)} and {number(tree[1])} {sign} {number(tree[2])})"

    terms = []
    for rule in policy.rules:
        condition = settled(rule.when, True, leaf, lambda a, b: f"({a} and {b})", lambda a, b: f"({a} or {b})")
        if signals(rule.worth):
            condition = f"({condition} and {present(rule.worth)})"
        terms.append(f"({condition} ? {number(rule.worth)} : 0)")
    return " + ".join(terms)


# Rego: what is missing is undefined, and whatever reads it does not hold. A rule is a list of alternatives.


def rego(policy):
    def number(tree):
        return arithmetic(tree, lambda name: "input." + name, lambda x, a, b: f"max([0, min([1, ({x} - {a!r}) / {b - a!r}])])")

    def leaf(tree, isTrue):
        if tree[0] == "is":
            values = "{" + ", ".join(f'"{value}"' for value in tree[2]) + "}"
            return [[f"{'' if isTrue else 'not '}input.{tree[1]} in {values}"]]
        return [[f"{number(tree[1])} {tree[0] if isTrue else INVERSE[tree[0]]} {number(tree[2])}"]]

    lines = ["package fleet", "import rego.v1"]
    for index, rule in enumerate(policy.rules):
        alternatives = settled(rule.when, True, leaf, lambda a, b: [x + y for x in a for y in b], lambda a, b: a + b)
        for alternative in alternatives:
            lines.append(f"points[{index}] := {number(rule.worth)} if {{ {'; '.join(alternative)} }}")
    lines.append("score := sum([worth | some worth in points])")
    return "\n".join(lines) + "\n"


# SQL and polars have Kleene's logic themselves: NULL.


def sql(policy):
    def number(tree):
        return arithmetic(tree, lambda name: name, lambda x, a, b: f"least(greatest(({x} - {a!r}) / {b - a!r}, 0.0), 1.0)")

    def truth(tree):
        kind = tree[0]
        if kind == "not":
            return f"(NOT {truth(tree[1])})"
        if kind in ("and", "or"):
            return f"({truth(tree[1])} {kind.upper()} {truth(tree[2])})"
        if kind == "is":
            return f"({tree[1]} IN (" + ", ".join(f"'{value}'" for value in tree[2]) + "))"
        return f"({number(tree[1])} {'=' if kind == '==' else '<>' if kind == '!=' else kind} {number(tree[2])})"

    terms = []
    for rule in policy.rules:
        # `least` and `greatest` skip NULL.
        known = "".join(f" AND {name} IS NOT NULL" for name in signals(rule.worth))
        terms.append(f"CASE WHEN {truth(rule.when)}{known} THEN CAST({number(rule.worth)} AS DOUBLE) ELSE 0.0::DOUBLE END")
    return " + ".join(terms)


def polars(policy, pl):
    def number(tree):
        kind = tree[0]
        if kind == "number":
            return pl.lit(tree[1])
        if kind == "signal":
            return pl.col(tree[1])
        if kind == "ramp":
            return ((number(tree[1]) - tree[2]) / (tree[3] - tree[2])).clip(0.0, 1.0)
        a, b = number(tree[1]), number(tree[2])
        return a + b if kind == "+" else a - b if kind == "-" else a * b if kind == "*" else a / b

    def truth(tree):
        kind = tree[0]
        if kind == "not":
            return ~truth(tree[1])
        if kind == "and":
            return truth(tree[1]) & truth(tree[2])
        if kind == "or":
            return truth(tree[1]) | truth(tree[2])
        if kind == "is":
            found = pl.col(tree[1]) == tree[2][0]
            for value in tree[2][1:]:
                found = found | (pl.col(tree[1]) == value)
            return found
        a, b = number(tree[1]), number(tree[2])
        return {">": a > b, ">=": a >= b, "<": a < b, "<=": a <= b, "==": a == b, "!=": a != b}[kind]

    total = pl.lit(0.0)
    for rule in policy.rules:
        total = total + pl.when(truth(rule.when)).then(number(rule.worth).fill_null(0.0)).otherwise(0.0)
    return total.alias("score")


def numpy(policy):
    """The source of `score(c, k)`: c and k are the columns of numbers (NaN: missing) and of facts' codes, by name."""

    def number(tree):
        return arithmetic(
            tree, lambda name: f"c[{name!r}]", lambda x, a, b: f"np.minimum(np.maximum(({x} - {a!r}) / {b - a!r}, 0.0), 1.0)"
        )

    def leaf(tree, isTrue):
        if tree[0] == "is":
            found = " | ".join(f"(k[{tree[1]!r}] == code({tree[1]!r}, {value!r}))" for value in tree[2])
            return f"({found})" if isTrue else f"(~({found}))"
        sign = tree[0] if isTrue else INVERSE[tree[0]]
        a, b = number(tree[1]), number(tree[2])
        # NaN != x is true.
        return f"(({a} < {b}) | ({a} > {b}))" if sign == "!=" else f"({a} {sign} {b})"

    lines = ["def score(c, k, n):", "    s = np.zeros(n)"]
    for rule in policy.rules:
        condition = settled(rule.when, True, leaf, lambda a, b: f"({a} & {b})", lambda a, b: f"({a} | {b})")
        if signals(rule.worth):
            lines.append(f"    w = {number(rule.worth)}")
            lines.append(f"    s += np.where({condition} & (w == w), w, 0.0)")
        else:
            lines.append(f"    s += {condition} * {number(rule.worth)}")
    return "\n".join(lines + ["    return s"]) + "\n"
