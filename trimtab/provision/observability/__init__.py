"""What a cluster's telemetry consists of, as data: metrics of the plan, rules, dashboards, charts' values."""
