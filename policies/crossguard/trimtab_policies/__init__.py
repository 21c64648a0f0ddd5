"""Trimtab as a Pulumi policy pack."""
