"""Readers: what an engine writes, to the two sides of a change.

`read_change` takes what the user names (one input that holds both sides, or one for each) and finds out
which reader it is for by looking into it.
"""
