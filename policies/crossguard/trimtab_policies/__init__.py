"""Trimtab as a Pulumi policy pack: what the stack costs and who pays for it, at every preview.

The pack reads what the engine shows it and prices it as `trimtab diff` does; it fetches nothing. A policy
pack is shown the stack as it will be, not as it was: for before and after, `trimtab diff`.
"""
