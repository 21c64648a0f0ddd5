"""Pages for people: one HTML file with charts that needs nothing else.

`markup` writes elements, `scales` the numbers of axes, `document` the file with its style, script and policy.
The backtest's report and the diff's are made with these.
"""
