"""Storage as capacity: what can be had, what it costs, what is needed of it, and which tier serves best."""
