"""What bounds a plan beside its workloads: money, carbon, spot, steps, and distance to its users.

`model` has the types, `document` reads the `PlanningLimits` file, `latency` a table of round trips.
"""
