"""Builds the built-in machine tables from checkouts of their public sources."""
