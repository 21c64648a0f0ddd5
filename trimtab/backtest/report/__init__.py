"""A backtest as one HTML file with charts, for people who decide on money.

Read in the order of the flow: `reading` (what matters in the results), `demand`, `charts`, `overview`,
`tables` and `ahead` (what is shown), `chart`, `scales`, `paths` and `markup` (how it is drawn), `page` (the file).
"""

from trimtab.backtest.report.page import Source, render

__all__ = ["Source", "render"]
