"""Drivers, device plugins and operators that a plan's groups need."""
