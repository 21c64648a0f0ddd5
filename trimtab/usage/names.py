"""How a resource is called in a bill, and by its own program."""

from functools import lru_cache


@lru_cache(maxsize=100_000)
def names_in_bills(name: str) -> tuple[str, ...]:
    """The names under which a bill's resource id may be asked for: itself, and the part that is its own.

    `arn:aws:ec2:us-east-1:1:natgateway/nat-1` is `nat-1`, too; of a load balancer's
    `loadbalancer/app/web/1` nothing but the whole is its own. Azure's ids are the same in any letter case.
    """
    if name.lower().startswith("/subscriptions/"):
        return (name.lower(),)
    if not name.startswith("arn:"):
        return (name,)
    own = name.split(":", 5)[-1]
    kind, slash, rest = own.partition("/")
    if slash and "/" not in rest and ":" not in kind:
        return name, rest
    kind, colon, rest = own.partition(":")
    if colon:
        return name, rest.removesuffix(":*")
    return name, own


def names_of(resource_id: str) -> tuple[str, ...]:
    """The names by which a resource's provider id may stand in a bill."""
    if resource_id.startswith("https://sqs."):
        return (resource_id.rpartition("/")[2],)
    return names_in_bills(resource_id)
