"""What to buy, as a linear programme: from a problem written in plain arrays to purchases, what
serves what, and the reason when nothing can.

Read in the order of the flow: `problem`, `validate`, `closed_form`, `programme`, `solve`, `explain`;
`clairvoyant` is the perfect-foresight optimum that a backtest measures against. `lp` is the one
module that knows the solver (highspy, of the extra `trimtab[optimise]`).
"""
