"""Rule expressions of the grouping tables as Polars expressions in three-valued logic.

Belongs here: what an expression such as `is_pd2(case, 'PS1') and 0 < case.newborn_birth_weight < 1500` may say, and
what it means. Does not belong here: where the expressions stand (tables), and which cases they are asked of (group).

A fact of a case that isn't known (an age in days, a birth weight, a sex) is a span from the least to the greatest value
it can have. A comparison that holds over the whole span is true, one that holds nowhere in it false, and else unknown:
`age_years` 0 makes `0 <= newborn_age_month <= 12` true although the days aren't known.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

import polars as pl

MEMBERSHIPS = frozenset({"is_pd1", "is_pd2", "is_sd1", "is_sd2", "is_op2", "is_mo2", "is_so2"})
"""Principal (pd) and secondary (sd) diagnosis, any (op), main (mo) and other (so) procedure; 1 in a list of an MDC,
2 in one of an ADRG."""

FIELDS = ("age", "gender", "newborn_age_month", "newborn_birth_weight")
"""What an expression may ask of a case: years, 1 male 2 female, completed months, grams."""

MULTIPLE_TRAUMA = "multi_wound"
"""Principal diagnosis of a region of the body in the MDC of multiple trauma, and another region among all diagnoses."""


class ConditionError(ValueError):
    """An expression says something that a grouping rule cannot say."""


@dataclass(frozen=True)
class Condition:
    """An expression over columns of facts.

    `facts` are the Boolean columns that it reads (`is_pd2:PS1`, `multi_wound`), `fields` the spans
    (`age:least`, `age:most`). The expression yields true, false, or null where a field isn't known well enough.
    """

    expression: pl.Expr
    facts: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()

    def __and__(self, other: Condition) -> Condition:
        return Condition(self.expression & other.expression, self.facts | other.facts, self.fields | other.fields)

    def __or__(self, other: Condition) -> Condition:
        return Condition(self.expression | other.expression, self.facts | other.facts, self.fields | other.fields)


ALWAYS = Condition(pl.lit(True))
NEVER = Condition(pl.lit(False))


def read(text: str) -> Condition:
    """Reads an expression; 1 and -1 (no test of its own) always hold, 0 never does.

    Raises:
        ConditionError: names what isn't understood.
    """
    try:
        return _read(ast.parse(text.strip(), mode="eval").body)
    except SyntaxError:
        raise ConditionError(f"{text!r} is no expression") from None


def flag(column: str, wanted: int) -> Condition:
    """A column of the table that asks for a Boolean of the case: 1 yes, 0 no, -1 either."""
    if wanted == -1:
        return ALWAYS
    return Condition(pl.col(column) if wanted else ~pl.col(column))


def unknown_field(fields: frozenset[str]) -> pl.Expr:
    """The first of these fields that isn't known of a case."""
    spans = [pl.when(_least(field) != _most(field)).then(pl.lit(field)) for field in FIELDS if field in fields]
    return pl.coalesce([*spans, pl.lit(None, dtype=pl.String)])


def _read(node: ast.expr) -> Condition:
    if isinstance(node, ast.BoolOp):
        parts = [_read(value) for value in node.values]
        whole = parts[0]
        for part in parts[1:]:
            whole = whole & part if isinstance(node.op, ast.And) else whole | part
        return whole
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _call(node.func.id, node.args[1:])
    if isinstance(node, ast.Compare):
        return _comparison(node)
    if isinstance(node, ast.Constant) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)):
        value = ast.literal_eval(node)
        if value in (1, -1, 0):
            return NEVER if value == 0 else ALWAYS
    raise ConditionError(f"{ast.unparse(node)!r} is not understood")


def _call(name: str, arguments: list[ast.expr]) -> Condition:
    if name == MULTIPLE_TRAUMA and not arguments:
        return Condition(pl.col(name), frozenset({name}))
    if name in MEMBERSHIPS and len(arguments) == 1 and isinstance(arguments[0], ast.Constant):
        fact = f"{name}:{arguments[0].value!s}"
        return Condition(pl.col(fact), frozenset({fact}))
    raise ConditionError(f"{name} is none of {', '.join(sorted(MEMBERSHIPS | {MULTIPLE_TRAUMA}))}")


def _comparison(node: ast.Compare) -> Condition:
    whole = ALWAYS
    for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
        whole = whole & _compared(left, operator, right)
    return whole


_MIRRORED: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}


def _compared(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Condition:
    kind = type(operator)
    if isinstance(left, ast.Constant):
        left, right, kind = right, left, _MIRRORED.get(kind, kind)
    if not (isinstance(left, ast.Attribute) and left.attr in FIELDS and isinstance(right, ast.Constant)):
        raise ConditionError(f"only {', '.join(f'case.{f}' for f in FIELDS)} can be compared, and with a number")
    bound = right.value
    if not isinstance(bound, int):
        raise ConditionError(f"{bound!r} is no whole number")
    least, most = _least(left.attr), _most(left.attr)
    spans: dict[type[ast.cmpop], tuple[pl.Expr, pl.Expr]] = {
        ast.Eq: ((least == bound) & (most == bound), (least > bound) | (most < bound)),
        ast.Lt: (most < bound, least >= bound),
        ast.LtE: (most <= bound, least > bound),
        ast.Gt: (least > bound, most <= bound),
        ast.GtE: (least >= bound, most < bound),
    }
    if kind not in spans:
        raise ConditionError(f"a comparison by {kind.__name__} is not understood")
    surely, never = spans[kind]
    verdict = pl.when(surely).then(pl.lit(True)).when(never).then(pl.lit(False))
    return Condition(verdict.otherwise(pl.lit(None, dtype=pl.Boolean)), fields=frozenset({left.attr}))


def _least(field: str) -> pl.Expr:
    return pl.col(f"{field}:least")


def _most(field: str) -> pl.Expr:
    return pl.col(f"{field}:most")
