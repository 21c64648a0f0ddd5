"""Accelerators in a cluster: drivers, device plugins and what each machine image already brings."""
