"""K3s at the edge: configuration, what machines boot with, and upgrades."""
