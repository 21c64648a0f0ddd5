"""Which resources of an estate refer to another: a load balancer's rules, a plan's autoscale setting."""

from collections.abc import Mapping

from trimtab.pricing.estimation import Estimation, Facts
from trimtab.resources.model import Resource

_TOWARDS: Mapping[str, tuple[str, ...]] = {
    "azurerm_lb_rule": ("loadbalancer_id",),
    "azurerm_lb_outbound_rule": ("loadbalancer_id",),
    "azurerm_monitor_autoscale_setting": ("target_resource_id", "target_resource_uri"),
    "azurerm_virtual_network_gateway_connection": ("virtual_network_gateway_id",),
    "azurerm_eventhub": ("namespace_id", "namespace_name"),
}
"""By the kind that refers, the inputs that say to what."""

ASTRAY = ""
"""What stands for the resource that nobody names: of a reference that is no resource of the estate."""


def followers(at: Estimation, kind: str) -> tuple[Resource, ...]:
    """The resources of a kind that refer to this one, in the estate's order."""
    return at.facts.once(_index).get((kind, at.resource.key), ())


def astray(at: Estimation, kind: str) -> bool:
    """Whether the estate has resources of a kind that nobody says whose they are."""
    return (kind, ASTRAY) in at.facts.once(_index)


def _index(facts: Facts) -> dict[tuple[str, str], tuple[Resource, ...]]:
    found: dict[tuple[str, str], list[Resource]] = {}
    for each in facts.resources.values():
        names = _TOWARDS.get(each.kind)
        if names is None:
            continue
        keys = {key for name in names for key in each.references.get(name, ())}
        for name in names:
            value = each.inputs.get(name)
            if isinstance(value, str) and value in facts.by_id:
                keys.add(facts.by_id[value].key)
        for key in keys or {ASTRAY}:
            found.setdefault((each.kind, key), []).append(each)
    return {key: tuple(resources) for key, resources in found.items()}
