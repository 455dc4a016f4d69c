"""Flows between columns of nodes as inline SVG. Nothing else belongs here.

A node is as tall as what flows into it or out of it, whichever is more; a ribbon is as wide as its amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from pipelines.publish.site.charts import SERIES, WIDTH, shorten, svg

NODE, GAP, LEAST, NAMES = 12, 10, 28, 150
"""Width of a node, gap between two, least height with a label, room for names right of the last column."""

FULL = Decimal(320)
"""Height of the fullest column without its gaps."""


@dataclass(frozen=True)
class Flow:
    """So much from one node to another; a node is its column and its name."""

    source: tuple[int, str]
    target: tuple[int, str]
    amount: Decimal


@dataclass
class _Node:
    column: int
    name: str
    into: Decimal = Decimal(0)
    out: Decimal = Decimal(0)
    top: Decimal = Decimal(0)
    height: Decimal = Decimal(0)
    filled_in: Decimal = Decimal(0)
    filled_out: Decimal = Decimal(0)

    @property
    def amount(self) -> Decimal:
        return max(self.into, self.out)


def sankey(title: str, flows: Sequence[Flow]) -> Markup:
    """Draws flows; those that are not above zero are left out.

    Args:
        title: what a screen reader says.
        flows: from a column to one further right.
    """
    flows = [flow for flow in flows if flow.amount > 0]
    if not flows:
        return Markup("")
    nodes: dict[tuple[int, str], _Node] = {}
    for flow in flows:
        nodes.setdefault(flow.source, _Node(*flow.source)).out += flow.amount
        nodes.setdefault(flow.target, _Node(*flow.target)).into += flow.amount
    columns = sorted({node.column for node in nodes.values()})
    scale, height = _lay_out(list(nodes.values()), columns)
    step = Decimal(WIDTH - NODE - NAMES) / max(len(columns) - 1, 1)
    left = {column: step * place for place, column in enumerate(columns)}
    colour = {key: place % SERIES for place, key in enumerate(sorted(nodes))}
    parts = [
        _ribbon(nodes[flow.source], nodes[flow.target], flow.amount * scale, flow.amount, left, colour[flow.source])
        for flow in sorted(flows, key=lambda flow: (nodes[flow.source].top, nodes[flow.target].top))
    ]
    parts += [_drawn(node, left[node.column], colour[key]) for key, node in nodes.items()]
    return svg(title, int(height) + 12, parts)


def _lay_out(nodes: Sequence[_Node], columns: Sequence[int]) -> tuple[Decimal, Decimal]:
    """Stacks every column, the greatest node on top; gives the height of a yuan and the picture's."""
    stacks = [
        sorted((node for node in nodes if node.column == column), key=lambda node: (-node.amount, node.name))
        for column in columns
    ]
    scale = FULL / max(sum((node.amount for node in stack), Decimal(0)) for stack in stacks)
    height = Decimal(0)
    for stack in stacks:
        top = Decimal(2)
        for node in stack:
            node.top, node.height = top, max(node.amount * scale, Decimal(1))
            top += max(node.height, Decimal(LEAST)) + GAP
        height = max(height, top)
    return scale, height


def _ribbon(
    source: _Node, target: _Node, width: Decimal, amount: Decimal, left: dict[int, Decimal], colour: int
) -> Markup:
    x0, x1 = left[source.column] + NODE, left[target.column]
    y0, y1 = source.top + source.filled_out, target.top + target.filled_in
    source.filled_out += width
    target.filled_in += width
    middle = (x0 + x1) / 2
    tall = max(width, Decimal("0.5"))
    # An area between two curves: a thick line would bulge out beyond its nodes where it is steep.
    path = (
        f"M{x0:.1f},{y0:.1f} C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f} v{tall:.1f} "
        f"C{middle:.1f},{y1 + tall:.1f} {middle:.1f},{y0 + tall:.1f} {x0:.1f},{y0 + tall:.1f} Z"
    )
    return Markup('<path class="flow s{}" d="{}"><title>{}</title></path>').format(
        colour, path, f"{source.name} → {target.name}: {amount:,.2f}"
    )


def _drawn(node: _Node, x: Decimal, colour: int) -> Markup:
    return Markup(
        '<rect class="s{0}" x="{1:.1f}" y="{2:.1f}" width="{3}" height="{4:.1f}"><title>{5}</title></rect>'
        '<text class="node" x="{6:.1f}" y="{7:.1f}">{8}<tspan class="soft" x="{6:.1f}" dy="14">{9}</tspan></text>'
    ).format(
        colour, x, node.top, NODE, node.height, f"{node.name}: {node.amount:,.2f}",
        x + NODE + 4, node.top + max(node.height / 2 - 4, Decimal(10)), shorten(node.name, 20), f"{node.amount:,.0f}",
    )  # fmt: skip
