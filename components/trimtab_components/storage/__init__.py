"""Storage: classes of volumes with their drivers, and the lifecycle of data in buckets."""
