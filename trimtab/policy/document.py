"""Reading a CapacityPolicy: a file, or the object that a cluster returns."""

from pathlib import Path

from trimtab.files import read_text
from trimtab.plan.document import parse_object
from trimtab.plan.text import parse_text
from trimtab.policy.model import CapacityPolicy
from trimtab.schemas.custom_resources import AGE, Column, CustomResource

CAPACITY_POLICY = CustomResource(
    model=CapacityPolicy,
    module="trimtab/policy/model.py",
    plural="capacitypolicies",
    short_names=("cpolicy",),
    columns=(
        Column("Max nodes", ".spec.limits.maxNodes", "integer"),
        Column("Max USD/h", ".spec.limits.maxUsdPerHour", "number"),
        Column("Step down", ".spec.stability.maxStepDownShare", "number"),
        Column("Max age h", ".spec.plans.maxAgeHours", "number"),
        Column("New groups", ".spec.plans.mayStartGroups", "boolean", priority=1),
        AGE,
    ),
)


def parse_policy(document: object, where: str) -> CapacityPolicy:
    """A policy from plain data; server-side metadata and `status` are passed over.

    Args:
        document: a parsed file, or a Kubernetes object as the API server returns it.
        where: what to call it in an error.

    Raises:
        InputError: it is no CapacityPolicy, or a field is wrong; names the first wrong field.
    """
    return parse_object(document, CapacityPolicy, where)


def load_policy(path: Path) -> CapacityPolicy:
    """The policy in a YAML or JSON file.

    Raises:
        InputError: the file can't be read, is no YAML or JSON, or is no valid policy.
    """
    return parse_policy(parse_text(read_text(path), str(path)), str(path))
