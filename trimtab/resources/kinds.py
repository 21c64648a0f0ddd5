"""One name for a type, whoever declares it.

Pulumi's bridged providers and Crossplane's upjet providers are generated from Terraform's, so a type has
three names: `aws_eks_node_group`, `aws:eks/nodeGroup:NodeGroup` and NodeGroup of `eks.aws.upbound.io`. The
tables `type_names/<provider>.csv` have all three; Terraform's is the kind. A Kubernetes object's kind is its group
and kind without the version.
"""

import csv
from functools import cache
from pathlib import Path

CORE = "core"
"""What stands for Kubernetes' core group, which has no name: `core/PersistentVolumeClaim`."""


def pulumi_kind(token: str) -> str:
    """The kind of a Pulumi type token; a token that is in no table is its own kind."""
    package, _, rest = token.partition(":")
    if package == "kubernetes":
        module, _, name = rest.rpartition(":")
        group = module.rpartition("/")[0]
        return f"{group or CORE}/{name}"
    return _table(package, "pulumi").get(token, token)


def kubernetes_kind(api_version: str, kind: str) -> str:
    """The kind of a Kubernetes object: Terraform's name for what Crossplane's providers manage."""
    group = api_version.rpartition("/")[0] or CORE
    crossplane = f"{group.replace('.m.upbound.io', '.upbound.io')}/{kind}"
    provider = group.removesuffix(".upbound.io").removesuffix(".m").rpartition(".")[2]
    return _table(provider, "crossplane").get(crossplane, f"{group}/{kind}")


@cache
def _table(package: str, column: str) -> dict[str, str]:
    """Kinds by a column's names, of the provider that a package belongs to.

    Pulumi's older names of a type are in rows of their own, their kind with `_legacy` behind it.
    """
    name = _PACKAGES.get(package)
    table = Path(__file__).parent / "type_names" / f"{name}.csv"
    if name is None or not table.is_file():
        return {}
    header, *rows = csv.reader(table.read_text("utf-8").splitlines())
    named, kind = header.index(column), header.index("kind")
    return {row[named]: row[kind].removesuffix("_legacy") for row in rows if row[named]}


_PACKAGES = {"aws": "aws", "azure": "azure", "gcp": "gcp"}
