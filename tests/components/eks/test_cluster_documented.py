"""docs/eks.md says what is so: its examples preview, its prices are the preview's, its names exist."""

import ast
import re
import runpy
from pathlib import Path
from typing import Any, get_type_hints, is_typeddict

import pulumi
import pytest

from support.inline import Previewed, preview
from support.plans import group, plan_data, pool
from support.priced import price, recording
from support.recorded import of
from trimtab.plan.document import parse_plan, save_plan
from trimtab.pricing.model import Basis, Status
from trimtab_components import HeterogeneousCluster
from trimtab_components.eks.access import ClusterAccess, ClusterAccessPolicy
from trimtab_components.eks.addons import ClusterAddon
from trimtab_components.eks.cluster_args import (
    ClusterAutoMode,
    ControlPlane,
    HeterogeneousClusterArgs,
)
from trimtab_components.eks.encryption import ClusterEncryption
from trimtab_components.eks.endpoints import DEFAULT_SERVICES, NetworkEndpoints
from trimtab_components.eks.hybrid import ClusterHybridNodes
from trimtab_components.eks.pod_identity import ClusterPodIdentity

TEXT = (Path(__file__).parents[3] / "docs" / "eks.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
PRICES = re.findall(r"^\| [^|]+ \| `(\{.*\})` \| ([\d.]+) \|$", TEXT, re.MULTILINE)
TYPES = (
    HeterogeneousClusterArgs,
    ClusterAccess,
    ClusterAccessPolicy,
    ClusterAddon,
    ClusterAutoMode,
    ClusterEncryption,
    ClusterHybridNodes,
    ClusterPodIdentity,
    ControlPlane,
    NetworkEndpoints,
)
PLAN = parse_plan(
    plan_data(
        pools=[
            pool(name="trainers", groups=[group("on-demand", {"option": "on-demand"})]),
            pool(name="serving", groups=[group("spot", {"option": "spot", "pools": 1})]),
            pool(name="edge", groups=[group("racks", {"option": "owned", "site": "hall-1"})]),
        ]
    ),
    "plan",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "plans").mkdir(parents=True)
    save_plan(PLAN, folder / "plans" / "prod.yaml")
    return folder


def run(project: Path, source: str) -> Previewed:
    program = project / "example.py"
    program.write_text(source, "utf-8")
    names: dict[str, Any] = {"HeterogeneousCluster": HeterogeneousCluster}
    return preview(project, lambda: runpy.run_path(str(program), init_globals=names))


@pytest.mark.parametrize("source", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples_preview(project: Path, source: str) -> None:
    seen = run(project, source)
    assert set(of(seen.records, "Cluster")) == {"ml"}


def test_there_is_an_example_of_each_choice() -> None:
    stated: set[str] = set()
    for source in EXAMPLES:
        for each in ast.walk(ast.parse(source)):
            if isinstance(each, ast.Dict):
                stated |= {str(key.value) for key in each.keys if isinstance(key, ast.Constant)}
    choices = {
        "access", "addons", "auto_mode", "encryption", "endpoints", "hybrid", "internet_access",
        "nat", "plan_pools", "pod_identities", "pools", "public_endpoint", "vpc_id",
        "zone_subnet_ids", "zones",
    }  # fmt: skip
    assert choices <= stated


@pytest.mark.parametrize(("arguments", "usd_per_month"), PRICES)
def test_prices_are_the_previews(project: Path, arguments: str, usd_per_month: str) -> None:
    given: Any = {"plan": PLAN, "region": "us-east-1", **ast.literal_eval(arguments)}
    seen = preview(project, lambda: HeterogeneousCluster("ml", given))
    # Nodes are the plan's to price.
    parts = [r for r in seen.records if r.custom and not r.type.endswith(":NodeGroup")]
    found = price(recording(*parts, aws_region="us-east-1"), None).resources
    assert {each.status for each in found} == {Status.FREE, Status.PRICED}
    charges = [charge for each in found for charge in each.estimate.charges]
    fixed = [charge for charge in charges if charge.basis is not Basis.DEFAULT]
    assert f"{sum(each.usd_per_month.expected or 0.0 for each in fixed):.2f}" == usd_per_month


def test_all_choices_that_cost_are_priced() -> None:
    assert len(PRICES) == 6


def test_every_argument_and_output_is_named() -> None:
    reference = TEXT[TEXT.index("## Arguments") :]
    named = set(re.findall(r"`(\w+)`", reference))
    for each in TYPES:
        assert is_typeddict(each)
        hints = get_type_hints(each, localns={"Output": pulumi.Output, "T": Any})
        assert set(hints) <= named, each.__name__
    assert set(HeterogeneousCluster.__annotations__) <= named


def test_default_services_are_those_that_it_names() -> None:
    section = TEXT[TEXT.index("### A fully private cluster") : TEXT.index("## Access")]
    for service in DEFAULT_SERVICES:
        assert re.search(rf"\b{re.escape(service)}\b", section), service
