"""Spot availability and spot prices as they were: traces and price histories from files."""
