"""For those who develop with the functions: rendering without a cluster, and recorded calls."""
