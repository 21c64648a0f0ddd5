"""What a plan asks of a cluster that exists."""
