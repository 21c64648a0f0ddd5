"""Storage in a cluster: classes by intent, the drivers behind them, and how long data is kept where."""
