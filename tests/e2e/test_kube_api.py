"""A real API server's verdict on the CRD, on plans and on the XRDs."""

import json
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from support.crossplane_core import ControlPlane
from support.kube_api import KubeApi, KubeError
from support.plan_cases import ACCEPTED, REJECTED, Case
from support.plan_strategies import altered_plans
from support.plans import group, plan, plan_data, pool
from trimtab.errors import InputError
from trimtab.plan.document import load_plan, parse_plan, save_plan, to_data, to_yaml
from trimtab.plan.model import API_VERSION, KIND, MAX_WINDOWS
from trimtab.plan.schema import CRD_FILE
from trimtab.plan.text import MAX_BYTES
from trimtab.plan.types import MAX_GROUPS

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
APIS = ROOT / "functions" / "apis"
XRDS = sorted(
    file
    for file in APIS.rglob("*.yaml")
    if "kind: CompositeResourceDefinition" in file.read_text("utf-8")
)
COMMITTED_PLANS = sorted(
    file
    for folder in ("functions/examples", "stacks")
    for file in (ROOT / folder).rglob("*.yaml")
    if "\nkind: CapacityPlan\n" in file.read_text("utf-8")
)


@pytest.fixture(scope="module")
def plans(kube_api: KubeApi) -> KubeApi:
    """The API server with the published CRD: its rules compile, and pass the cost budget."""
    kube_api.apply_all(ROOT / CRD_FILE)
    return kube_api


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_the_api_server_accepts(plans: KubeApi, case: Case) -> None:
    stored = plans.apply(case.document, dry_run=True)
    # What the server returns, with its metadata, defaults and order of keys, is the same plan.
    assert parse_plan(stored, "stored").digest == parse_plan(case.document, "sent").digest


@pytest.mark.parametrize("case", REJECTED, ids=str)
def test_the_api_server_rejects(plans: KubeApi, case: Case) -> None:
    with pytest.raises(KubeError) as error:
        plans.apply(case.document, dry_run=True)
    assert case.server_message in str(error.value)


@settings(
    deadline=None,
    derandomize=True,
    max_examples=250,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=altered_plans())
def test_the_api_server_and_pydantic_agree_on_any_document(
    plans: KubeApi, data: dict[str, Any]
) -> None:
    by_server = by_pydantic = None
    try:
        plans.apply(data, dry_run=True)
    except KubeError as error:
        by_server = str(error)
    try:
        parse_plan(data, "plan")
    except InputError as error:
        by_pydantic = str(error)
    assert (by_server is None) == (by_pydantic is None), (by_server, by_pydantic)


def test_a_stored_plan_reads_back_from_any_of_the_servers_forms(
    plans: KubeApi, kube_namespace: str, tmp_path: Path
) -> None:
    mine = plan()
    sent = to_data(mine)
    sent["metadata"]["namespace"] = kube_namespace
    plans.apply(sent)
    plans.patch_status(sent, {"conditions": [{"type": "Seen", "status": "True"}]})
    stored = plans.get(API_VERSION, KIND, "example", kube_namespace)
    assert stored["metadata"]["managedFields"]
    assert stored["status"]
    for name, text in {
        "plan.json": json.dumps(stored),
        "plan.yaml": yaml.safe_dump(stored),
    }.items():
        (tmp_path / name).write_text(text, "utf-8")
        assert load_plan(tmp_path / name).spec == mine.spec


def test_the_bytes_that_trimtab_writes_are_taken_as_they_are(
    plans: KubeApi, tmp_path: Path
) -> None:
    save_plan(plan(), tmp_path / "plan.yaml")
    stored = plans.apply_all(tmp_path / "plan.yaml")
    assert parse_plan(stored[0], "stored").digest == plan().digest


def test_a_plan_of_nearly_the_largest_size_is_stored(plans: KubeApi, kube_namespace: str) -> None:
    """The declared maxima bound the rules' cost; the size bounds what etcd takes."""
    start = datetime(2026, 11, 1, tzinfo=UTC)
    hours = [(start + timedelta(hours=i)).strftime("%Y-%m-%dT%H:%M:%SZ") for i in range(49)]
    windows = [
        {"start": a, "end": b, "min": i, "desired": i + 1, "max": i + 2}
        for i, (a, b) in enumerate(pairwise(hours))
    ]
    assert len(windows) == MAX_WINDOWS
    groups = [
        group(f"group-{i}", {"option": "on-demand"}, windows=windows) for i in range(MAX_GROUPS)
    ]
    document = plan_data(
        start=hours[0], validUntil=hours[-1],
        pools=[pool(name=f"pool-{i}", groups=groups) for i in range(11)],
    )  # fmt: skip
    document["metadata"] = {"name": "largest", "namespace": kube_namespace}
    assert 0.9 * MAX_BYTES < len(to_yaml(parse_plan(document, "largest")).encode()) <= MAX_BYTES
    began = time.monotonic()
    plans.apply(document)
    assert time.monotonic() - began < 10
    stored = plans.get(API_VERSION, KIND, "largest", kube_namespace)
    assert len(stored["spec"]["pools"]) == 11


def test_a_pool_is_replaced_and_removed_by_its_name(plans: KubeApi, kube_namespace: str) -> None:
    document = plan_data(pools=[pool(name="first"), pool(name="second")])
    document["metadata"]["namespace"] = kube_namespace
    plans.apply(document)
    document["spec"]["pools"] = [pool(name="second", shortageTolerance=0.5)]
    plans.apply(document)
    stored = plans.get(API_VERSION, KIND, "example", kube_namespace)
    assert [(p["name"], p["shortageTolerance"]) for p in stored["spec"]["pools"]] == [
        ("second", 0.5)
    ]


def test_a_table_of_plans_shows_where_and_until_when(plans: KubeApi) -> None:
    crd = plans.get(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", "capacityplans.trimtab.dev"
    )
    assert crd["spec"]["names"]["shortNames"] == ["cplan"]
    columns = crd["spec"]["versions"][0]["additionalPrinterColumns"]
    assert [c["name"] for c in columns] == ["Provider", "Region", "Valid until", "As of", "Age"]
    conditions = {c["type"]: c["status"] for c in crd["status"]["conditions"]}
    assert conditions["NamesAccepted"] == "True"
    assert "NonStructuralSchema" not in conditions


@pytest.mark.parametrize("file", COMMITTED_PLANS, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_committed_plan_is_taken_as_it_is(
    plans: KubeApi, file: Path, kube_namespace: str
) -> None:
    document = yaml.safe_load(file.read_text("utf-8"))
    document["metadata"]["namespace"] = kube_namespace
    stored = plans.apply(document)
    assert parse_plan(stored, "stored").digest == load_plan(file).digest


@pytest.mark.parametrize("file", XRDS, ids=lambda file: str(file.relative_to(APIS)))
def test_crossplane_serves_the_xrd_as_a_crd(control_plane: ControlPlane, file: Path) -> None:
    (xrd,) = [each for each in yaml.safe_load_all(file.read_text("utf-8")) if each]
    crd = control_plane.apply_xrd(xrd)
    assert crd["spec"]["scope"] == "Namespaced"
    conditions = {c["type"]: c["status"] for c in crd["status"]["conditions"]}
    assert "NonStructuralSchema" not in conditions
    for composition in file.parent.glob("composition*.yaml"):
        api = control_plane.api
        (applied,) = api.apply_all(composition)
        assert applied["spec"]["compositeTypeRef"]["kind"] == xrd["spec"]["names"]["kind"]


def test_the_function_may_read_plans(control_plane: ControlPlane) -> None:
    """Crossplane aggregates the role, so that required resources of this kind can be fetched."""
    roles = control_plane.api.apply_all(APIS / "rbac.yaml")
    names = yaml.safe_load((ROOT / CRD_FILE).read_text("utf-8"))["spec"]
    granted = {
        (g, r)
        for role in roles
        for rule in role["rules"]
        for g in rule["apiGroups"]
        for r in rule["resources"]
    }
    assert (names["group"], names["names"]["plural"]) in granted
