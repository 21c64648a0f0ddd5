"""What flows through resources: gigabytes, requests, hours, which no program declares."""
