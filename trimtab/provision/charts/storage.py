"""Storage: drivers of volumes and snapshots. Those on machines of one's own are in `storage_on_premises`."""
