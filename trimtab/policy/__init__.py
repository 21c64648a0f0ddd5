"""The CapacityPolicy: how plans may be carried out, as a platform team says it."""
