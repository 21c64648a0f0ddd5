"""Guards of spending on AWS."""
