"""Measurements that the documentation states: `make bench` runs them all and prints tables.

Each module measures one thing and prints a table of figure, goal and their ratio; nothing here is a
test, for a timed test fails on a busy machine.
"""
