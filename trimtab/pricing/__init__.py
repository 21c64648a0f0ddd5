"""What declared resources cost: estimators of each kind, the book of prices, and what is held already."""
