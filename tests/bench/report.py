"""What was measured, as one table with its goals, and as a small chart."""

import json
import statistics
from dataclasses import dataclass, field


@dataclass
class Figure:
    """One row: what was measured, once in each round."""

    name: str
    unit: str
    values: list = field(default_factory=list)
    # The row that it is compared with: the ratio is this median by that one's.
    base: str | None = None
    # `>=` or `<=`, and the number that the ratio, or else the median, must reach.
    goal: tuple | None = None

    def median(self):
        return statistics.median(self.values)


class Report:
    """The rows in their order."""

    def __init__(self, title, has_goals):
        self.title, self.has_goals, self.rows = title, has_goals, {}

    def add(self, name, unit, value, base=None, goal=None):
        """Notes one value of a row, which is made by the first one."""
        goal = goal if self.has_goals else None
        row = self.rows.setdefault(name, Figure(name, unit, base=base, goal=goal))
        row.values.append(value)

    def ratio(self, row):
        return row.median() / self.rows[row.base].median() if row.base else None

    def is_met(self, row):
        """Whether the goal is reached; none without one."""
        if not row.goal:
            return None
        reached, (sign, bound) = self.ratio(row) if row.base else row.median(), row.goal
        return reached >= bound if sign == ">=" else reached <= bound

    def cells(self):
        yield ["", "unit", "median", "min", "max", "ratio", "to", "goal", ""]
        for row in self.rows.values():
            ratio, met = self.ratio(row), self.is_met(row)
            yield [
                row.name,
                row.unit,
                *(number(value) for value in (row.median(), min(row.values), max(row.values))),
                f"{ratio:.2f}" if ratio is not None else "",
                row.base or "",
                f"{row.goal[0]} {row.goal[1]:g}" if row.goal else "",
                {None: "", True: "met", False: "NOT MET"}[met],
            ]

    def text(self):
        """For a terminal."""
        cells = list(self.cells())
        widths = [max(len(line[place]) for line in cells) for place in range(len(cells[0]))]
        left = {0, 1, 6, 8}
        pad = lambda place, cell: cell.ljust(widths[place]) if place in left else cell.rjust(widths[place])
        lines = ["  ".join(pad(place, cell) for place, cell in enumerate(line)).rstrip() for line in cells]
        return "\n".join([self.title, "", *lines])

    def markdown(self):
        head, *rest = self.cells()
        lines = [head, ["---"] * len(head), *rest]
        return "\n".join([self.title, "", *("| " + " | ".join(line) + " |" for line in lines), ""])

    def json(self):
        rows = [{**vars(row), "median": row.median(), "ratio": self.ratio(row), "met": self.is_met(row)} for row in self.rows.values()]
        return json.dumps({"title": self.title, "rows": rows}, indent=1)

    def chart(self, names):
        """Bars of these rows, each beside what it is compared with, as an SVG that light and dark pages can show."""
        rows = [self.rows[name] for name in names if name in self.rows]
        bar, gap, left, right = 16, 26, 330, 560
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right + 130}" height="{len(rows) * (bar + gap) + 20}" '
            'font-family="system-ui, sans-serif" font-size="13" fill="#6f7880">',
            "<title>Requests a second beside the limit of the machine</title>",
        ]
        for place, row in enumerate(rows):
            ratio, top = self.ratio(row), 10 + place * (bar + gap)
            longest = max(1, *(self.ratio(row) for row in rows))
            lines += [
                f'<text x="{left - 10}" y="{top + 13}" text-anchor="end">{escaped(row.name)}</text>',
                f'<rect x="{left}" y="{top}" width="{right * ratio / longest:.0f}" height="{bar}" fill="#2f7de1"/>',
                f'<text x="{left + right * ratio / longest + 8:.0f}" y="{top + 13}">{number(row.median())} {row.unit}</text>',
                f'<rect x="{left}" y="{top + bar}" width="{right / longest:.0f}" height="6" fill="#a0a8b0"/>',
                f'<text x="{left - 10}" y="{top + bar + 10}" text-anchor="end" font-size="11">{escaped(row.base)}</text>',
            ]
        return "\n".join([*lines, "</svg>", ""])


def number(value):
    """A number with three digits or more."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
