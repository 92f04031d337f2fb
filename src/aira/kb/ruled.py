"""Tables drawn with rules, out of the places of rules and text on a page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aira.kb.layout import Line

_THIN = 3.0
"""Points: what is thinner is a rule, not a box."""
_SHORTEST_RULE = 10.0
_TOUCHING = 3.0
_MOST_CELLS = 5_000


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle around something drawn; points from the top left."""

    x0: float
    y0: float
    x1: float
    y1: float

    def touches(self, other: "Box") -> bool:
        """Whether they meet."""
        apart_x = max(self.x0, other.x0) - min(self.x1, other.x1)
        return max(apart_x, max(self.y0, other.y0) - min(self.y1, other.y1)) <= _TOUCHING

    def around(self, other: "Box") -> "Box":
        """The smallest box that holds both."""
        return Box(min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1))

    def holds(self, line: Line) -> bool:
        """Whether a line's middle lies in it."""
        return self.x0 <= (line.x0 + line.x1) / 2 <= self.x1 and self.y0 <= (line.y0 + line.y1) / 2 <= self.y1


def ruled_tables(lines: Sequence[Line], drawn: Sequence[Box]) -> list[Line]:
    """The lines, those that stand in a table with rules as one line with `rows` in their place."""
    rules = [rule for box in drawn for rule in _rules(box)]
    tables = [table for group in _connected(rules) if (table := _table(group, lines)) is not None]
    free = [line for line in lines if not any(Box(table.x0, table.y0, table.x1, table.y1).holds(line) for table in tables)]
    return [*free, *tables]


def _rules(box: Box) -> Iterator[Box]:
    """A thin box is a rule; another one has a rule on each side."""
    if box.x1 - box.x0 <= _THIN or box.y1 - box.y0 <= _THIN:
        if max(box.x1 - box.x0, box.y1 - box.y0) >= _SHORTEST_RULE:
            yield box
    else:
        yield Box(box.x0, box.y0, box.x1, box.y0)
        yield Box(box.x0, box.y1, box.x1, box.y1)
        yield Box(box.x0, box.y0, box.x0, box.y1)
        yield Box(box.x1, box.y0, box.x1, box.y1)


def _connected(rules: Sequence[Box]) -> list[list[Box]]:
    """Rules in groups that hang together."""
    groups: list[tuple[Box, list[Box]]] = []
    for rule in sorted(rules, key=lambda one: (one.y0, one.x0)):
        hull, members, apart = rule, [rule], []
        for group in groups:
            if group[0].touches(rule) and any(member.touches(rule) for member in group[1]):
                hull, members = hull.around(group[0]), [*group[1], *members]
            else:
                apart.append(group)
        groups = [*apart, (hull, members)]
    return [members for _, members in groups]


def _table(rules: Sequence[Box], lines: Sequence[Line]) -> Line | None:
    """The table between rules; None where they are a frame, an underline or a drawing."""
    across = [rule for rule in rules if rule.x1 - rule.x0 > rule.y1 - rule.y0]
    down = [rule for rule in rules if rule.y1 - rule.y0 >= rule.x1 - rule.x0]
    ys, xs = _places([rule.y0 for rule in across]), _places([rule.x0 for rule in down])
    if len(xs) < 3 or len(ys) < 3 or len(xs) * len(ys) > _MOST_CELLS:
        return None
    hull = Box(xs[0], ys[0], xs[-1], ys[-1])
    cells: list[list[list[Line]]] = [[[] for _ in xs[1:]] for _ in ys[1:]]
    for line in lines:
        if hull.holds(line):
            cells[_between(ys, (line.y0 + line.y1) / 2)][_between(xs, line.x0 + min(1.0, line.x1 - line.x0))].append(line)
    rows = tuple(row for row in (tuple(map(_text, row)) for row in cells) if any(row))
    if sum(sum(map(bool, row)) > 1 for row in rows) < 2:
        return None
    return Line(hull.x0, hull.y0, hull.x1, hull.y1, "", 0.0, rows=rows)


def _places(values: Sequence[float]) -> list[float]:
    places: list[float] = []
    for value in sorted(values):
        if not places or value - places[-1] > _TOUCHING:
            places.append(value)
    return places


def _between(places: Sequence[float], value: float) -> int:
    """Which gap between places a value falls into."""
    return min(max(sum(place <= value for place in places) - 1, 0), len(places) - 2)


def _text(cell: Sequence[Line]) -> str:
    return " ".join(line.text for line in sorted(cell, key=lambda line: (round(line.y0), line.x0)))
