"""Joint sample paths of demand, spot availability and spot prices, for plans that weigh scenarios."""
