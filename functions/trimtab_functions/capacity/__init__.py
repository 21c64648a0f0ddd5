"""The capacity function: injects a CapacityPlan into the node groups of a composite resource."""
