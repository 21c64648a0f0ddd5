"""Several series at once: where each policy's cost over the optimum lies, a dot a series."""

from collections.abc import Sequence

import numpy as np

from trimtab.backtest.pooling import Pooled, cheapest_first
from trimtab.backtest.report.chart import percentage
from trimtab.page.markup import Html, join, tag
from trimtab.page.scales import nice_ticks, percent

ROW_PX = 24


def strip(found: Sequence[Pooled], names: Sequence[str]) -> Html:
    """A row a policy, cheapest first: a dot for each series, a bar at the median.

    Args:
        found: the policies, the planner first.
        names: of the series, in the order of the regrets.
    """
    values = [r for each in found for r in each.regrets if np.isfinite(r)]
    if not values:
        return Html()
    ticks = nice_ticks(min(0.0, *values), max(values), 8)
    low, high = ticks[0], ticks[-1]

    def at(value: float) -> str:
        return percentage((value - low) / (high - low))

    lines = [
        tag("line", x1=at(t), x2=at(t), y2="100%", class_=None if t else "zero") for t in ticks
    ]
    rows = []
    for each in cheapest_first(found):
        known = [(r, n) for r, n in zip(each.regrets, names, strict=True) if np.isfinite(r)]
        if not known:
            continue
        middle = float(np.median([r for r, _ in known]))
        dots = [
            tag("circle", tag("title", f"{n}: {percent(r)}"), cx=at(r), cy="50%", r=4)
            for r, n in known
        ]
        mark = tag("line", x1=at(middle), x2=at(middle), y1="12%", y2="88%", class_="middle")
        drawing = tag(
            "svg",
            tag("g", *lines, class_="grid"),
            *dots,
            mark,
            role="img",
            aria_label=f"{each.policy}: median {percent(middle)} over the optimum",
            width="100%",
            height=ROW_PX,
        )
        rows.append(
            tag(
                "li",
                tag("span", each.policy, class_="name"),
                tag("span", drawing, class_="dots"),
                tag("b", percent(middle)),
                class_="planner" if each is found[0] else None,
            )
        )
    labels = [
        tag(
            "text",
            percent(t, 0 if ticks[1] - ticks[0] >= 0.00999 else 1),
            x=at(t),
            y=14,
            class_=f"x level-{2 * (index % 2)}",
        )
        for index, t in enumerate(ticks)
    ]
    axis = tag(
        "li",
        tag("span", class_="name"),
        tag("span", tag("svg", *labels, width="100%", height=18), class_="dots"),
        tag("b", "median"),
        class_="axis",
        aria_hidden="true",
    )
    return tag(
        "figure",
        tag(
            "figcaption",
            tag("h3", "Cost over the clairvoyant optimum"),
            tag("p", f"A dot for each of {len(names)} series; the bar is the median."),
        ),
        tag("ul", join(*rows, axis), class_="strip"),
        id="overview-strip",
        class_="chart",
    )
