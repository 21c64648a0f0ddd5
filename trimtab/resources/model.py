"""What a change is made of: two estates, each a list of resources as they are declared.

A reader (`trimtab.resources.readers`) turns what an engine writes into these; everything after it
(prices, carbon, owners, policies) sees no engine any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from trimtab.resources.inputs import Inputs


class Origin(StrEnum):
    """Who declares a resource."""

    PULUMI = "pulumi"
    TERRAFORM = "terraform"
    CROSSPLANE = "crossplane"
    KUBERNETES = "kubernetes"
    PLAN = "plan"


class Role(StrEnum):
    """What a declared resource is to the bill."""

    MANAGED = "managed"  # provisioned by the program
    EXISTING = "existing"  # only read: somebody else pays for it
    COMPONENT = "component"  # costs what its children cost


@dataclass(frozen=True, slots=True)
class Resource:
    """One declared resource.

    Attributes:
        key: the same before and after a change: a Pulumi URN, a Terraform address, a Crossplane
            composition resource name, or `group/Kind/namespace/name`.
        kind: what it is, whoever declares it: Terraform's name of the type (`aws_eks_node_group`), or
            a Kubernetes `group/Kind` without the version (`karpenter.sh/NodePool`, `core/Pod`).
            Types that are not in `kinds` keep their own spelling.
        type: the type as its engine writes it.
        name: as people know it.
        origin: who declares it.
        inputs: what it asks for, secrets masked.
        role: whether it is paid for here.
        parent: key of its parent; "" where it has none.
        region: the provider's region, where the resource or its provider says it.
        id: the provider's id, where it exists already.
        references: keys of the resources that an input is taken from, by the input's Terraform name
            (its top level: `launch_template`).
        tags: tags and labels together, those of the resource before those of its provider's defaults.
        where: file and line, where known: `k8s/pools.yaml:12`.
    """

    key: str
    kind: str
    type: str
    name: str
    origin: Origin
    inputs: Inputs
    role: Role = Role.MANAGED
    parent: str = ""
    region: str | None = None
    id: str = ""
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    where: str = ""

    @property
    def provider(self) -> str:
        """`aws`, `azure`, `gcp` or `kubernetes`; "" for another."""
        if "/" in self.kind:
            return "kubernetes"
        head = self.kind.partition("_")[0]
        return _PROVIDERS.get(head, "aws" if head.startswith("awsx:") else "")


_PROVIDERS = {"aws": "aws", "azurerm": "azure", "google": "gcp", "helm": "kubernetes"}


@dataclass(frozen=True)
class Estate:
    """One side of a change.

    Attributes:
        source: what it was read from, as shown to the user.
        resources: sorted by key; keys are unique.
        complete: whether what the change leaves alone is here too. A Pulumi preview without
            `--show-sames` has only what changes: its totals are those of the change.
        notes: what the user should know: what was left out, and why.
        plan_file: the CapacityPlan that the program's stack names, where it names one.
    """

    source: str
    resources: tuple[Resource, ...]
    complete: bool = True
    notes: tuple[str, ...] = ()
    plan_file: Path | None = None


@dataclass(frozen=True)
class ChangeSet:
    """Both sides, and what the engine itself says of each change.

    Attributes:
        before, after: the sides.
        operations: by key, what the engine says it does: create, update, replace, delete, same,
            read, import. Empty where two estates are compared.
    """

    before: Estate
    after: Estate
    operations: Mapping[str, str] = field(default_factory=dict)
