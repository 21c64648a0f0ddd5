"""What machines cost, emit and risk: by how they are bought, after what is held already."""

from trimtab.pricing.estimation import Estimation
from trimtab.pricing.model import Charge, Gap, Machines, Nodes, Rate


def price_nodes(nodes: Nodes, at: Estimation) -> Machines | Gap:
    """The machines of one resource, priced at the first instance type that the book knows."""
    provider = nodes.provider or at.resource.provider
    region = nodes.region or at.region
    option = "spot" if nodes.option == "spot" else "on_demand"
    for instance_type in nodes.instance_types:
        offer = at.facts.book.offer(provider, region, instance_type)
        if offer is None:
            continue
        listed: float | None = getattr(offer, f"{option}_usd_per_hour")
        usd = listed if nodes.usd_per_hour is None else nodes.usd_per_hour
        if usd is None:
            continue
        rate = Rate(
            f"{provider}/machine/{instance_type}/{nodes.option}",
            region or "*",
            usd,
            "node-hour",
            offer.as_of,
            offer.source,
        )
        charge = Charge(
            f"{nodes.label}: {instance_type}, {nodes.option}",
            rate,
            nodes.count,
            nodes.basis,
            nodes.note,
        )
        now = None if nodes.now is None else nodes.now * usd * rate.times_per_month
        return Machines(nodes, (charge,), now)
    names = " or ".join(nodes.instance_types) or "instance type"
    return Gap(
        nodes.label, f"no {nodes.option} price of {names} in {region or 'an unknown region'}"
    )
