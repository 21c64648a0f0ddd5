"""Trimtab: demand telemetry to a reviewed capacity plan, and the plan to sized, priced infrastructure.

The core is pure Python: it imports no Pulumi, no gRPC and no Kubernetes client. Its packages, in the
order the data flows: `demand`, `workloads`, `catalogue`, `forecast`, `planning`, `plan`, `preview`,
and `cli` around them.
"""

__version__ = "0.1.0"
