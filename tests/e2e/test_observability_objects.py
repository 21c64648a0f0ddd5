"""The plan's metrics from a real kube-state-metrics, and what the operator's kinds take."""

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.alert_cases import others
from support.engines import engine_path, engine_share, free_ports, running
from support.kube_api import KubeApi
from support.plans import COMMITMENT, DIGEST, group, plan, pool
from support.pruned import lost
from trimtab.inventory.approvals import COMMITMENT_APPROVAL
from trimtab.plan.attribution import object_labels
from trimtab.plan.document import to_data
from trimtab.plan.schema import crd
from trimtab.provision.observability.alerts import Thresholds, alerts
from trimtab.provision.observability.dashboards import DASHBOARDS
from trimtab.provision.observability.plan_metrics import (
    NODE_POOL,
    PLAN_METRICS,
    PREFIX,
    custom_resource_state,
)
from trimtab.provision.observability.recording import recordings
from trimtab.provision.observability.rules import prometheus_rule, rule_groups

pytestmark = pytest.mark.engine

INTERVAL = {"mean": 600.0, "low": 500.0, "high": 700.0}
WINDOW = {"start": "2026-11-01T00:00:00Z", "end": "2026-11-01T12:00:00Z", "gib": 1000.0}
TIER = {
    "name": "metrics", "intent": "hot", "backend": "ebs-gp3", "windows": [WINDOW],
    "expected": {"usedGib": INTERVAL},
}  # fmt: skip
NAME = "watched"
"""Of no other plan: the API server is shared, and other tests leave theirs."""
_PLAN = plan(commitments=[COMMITMENT], storage=[TIER])
PLAN = _PLAN.model_copy(update={"metadata": _PLAN.metadata.model_copy(update={"name": NAME})})
APPROVAL = {
    "apiVersion": "trimtab.dev/v1alpha1", "kind": "CommitmentApproval",
    "metadata": {"name": "yes", "namespace": "default"},
    "spec": {
        "plan": NAME, "commitment": DIGEST, "quantity": 5, "ceilingUsdPerHour": 20.0,
        "approvedBy": "a person", "approvedAt": "2026-11-01T00:00:00Z",
        "expires": "2026-11-05T00:00:00Z",
    },
}  # fmt: skip
NODE_POOL_OBJECT: dict[str, Any] = {
    "apiVersion": "karpenter.sh/v1", "kind": "NodePool",
    "metadata": {"name": "trainer-spot", "labels": {
        **object_labels(PLAN), "trimtab.dev/pool": "trainer", "trimtab.dev/group": "spot",
    }},
    "spec": {"template": {"spec": {
        "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "x"},
        "requirements": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]}],
    }}},
}  # fmt: skip
STATIC: dict[str, Any] = {
    "apiVersion": "karpenter.sh/v1", "kind": "NodePool",
    "metadata": {"name": "trainer-reserved", "labels": {
        **object_labels(PLAN), "trimtab.dev/pool": "trainer", "trimtab.dev/group": "reserved",
    }},
    "spec": {**NODE_POOL_OBJECT["spec"], "replicas": 5},
}  # fmt: skip
_SPEC = plan(
    pools=[
        pool(name="trainer", groups=[*pool()["groups"], group("burst", {"option": "on-demand"})]),
        *(pool(name=f"pool-{number}") for number in range(2, 6)),
    ],
    storage=[{**TIER, "name": name} for name in ("hot", "logs")],
)
LATER = _SPEC.model_copy(update={"metadata": _SPEC.metadata.model_copy(update={"name": "later"})})
"""Of other names and more groups than the plan that the telemetry was deployed with; the fifth pool is
one more than it has places for."""
Sample = tuple[str, dict[str, str], float]


@pytest.fixture(scope="module")
def samples(scraped: list[Sample]) -> list[Sample]:
    """Those of the plan that the telemetry was deployed with, and of what has no plan's name."""
    return [each for each in scraped if each[1].get("plan") in (None, NAME)]


@pytest.fixture(scope="module")
def later(scraped: list[Sample]) -> list[Sample]:
    """Those of a plan that came later, of which the telemetry knew nothing."""
    return [each for each in scraped if each[1].get("plan") == LATER.metadata.name]


@pytest.fixture(scope="module")
def scraped(kube_api: KubeApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Sample]]:
    """What kube-state-metrics says of the plan, its approval and a NodePool in a real API server."""
    kinds = [crd(), COMMITMENT_APPROVAL.crd()]
    karpenter = engine_share("karpenter") / "pkg/apis/crds/karpenter.sh_nodepools.yaml"
    for made in [*kube_api.apply_all(kinds), *kube_api.apply_all(karpenter)]:
        kube_api.wait_established(made["metadata"]["name"])
    there: list[dict[str, Any]] = [APPROVAL, NODE_POOL_OBJECT, STATIC]
    for of in (PLAN, LATER):
        document = to_data(of)
        document["metadata"] |= {"namespace": "default", "labels": object_labels(of)}
        there.append(document)
    for each in there:
        kube_api.apply(each)
    folder = tmp_path_factory.mktemp("kube-state-metrics")
    config = folder / "config.json"
    config.write_text(json.dumps(custom_resource_state(PLAN, "test")), "utf-8")
    port, own = free_ports(2)
    command = [
        str(engine_path("kube-state-metrics")), f"--kubeconfig={kube_api.kubeconfig}",
        "--host=127.0.0.1", f"--port={port}", "--telemetry-host=127.0.0.1",
        f"--telemetry-port={own}", "--custom-resource-state-only",
        f"--custom-resource-state-config-file={config}",
    ]  # fmt: skip
    with running("kube-state-metrics", command, folder / "log"):
        yield _scraped(f"http://127.0.0.1:{port}/metrics")
    for each in there:
        namespace = each["metadata"].get("namespace")
        kube_api.delete(each["apiVersion"], each["kind"], each["metadata"]["name"], namespace)


def _scraped(address: str, seconds: float = 30.0) -> list[Sample]:
    """The samples, once all three kinds are among them."""
    wanted = {f"{PREFIX}_plan_info", f"{PREFIX}_{NODE_POOL.name}"}
    wanted.add(f"{PREFIX}_commitment_approval_expires_timestamp_seconds")
    end = time.monotonic() + seconds
    found: list[Sample] = []
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                found = _samples(answer.read().decode())
        except OSError:
            found = []
        if wanted <= {name for name, _, _ in found}:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not all of {sorted(wanted)} within {seconds:g} s: {found}")


def _samples(text: str) -> list[Sample]:
    found = []
    for line in text.splitlines():
        if match := re.fullmatch(r"(trimtab_\w+)\{(.*)\} (\S+)", line):
            name, labels, value = match.groups()
            pairs = dict(re.findall(r'(\w+)="([^"]*)"', labels))
            of_kind = {k: v for k, v in pairs.items() if not k.startswith("customresource_")}
            found.append((name, of_kind, float(value)))
    return found


def test_every_metric_of_the_plan_is_there(samples: list[Sample]) -> None:
    assert {name for name, _, _ in samples} == {f"{PREFIX}_{each.name}" for each in PLAN_METRICS}


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("plan_valid_until_timestamp_seconds", {"plan": NAME}, 1793534400),
        ("plan_info", {"plan": NAME, "digest": object_labels(PLAN)["trimtab.dev/plan-digest"]}, 1),
        ("plan_pool_interruptible_share", {"plan": NAME, "pool": "trainer", "unit": "gpus",
         "team": "vision", "project": "multimodal"}, 0.5),
        ("plan_group_units_per_node", {"plan": NAME, "pool": "trainer", "group": "spot",
         "option": "spot"}, 8),
        ("plan_group_expected_usd_per_hour", {"plan": NAME, "pool": "trainer",
         "group": "on-demand", "option": "on-demand"}, 98.31),
        ("plan_window_max_nodes", {"plan": NAME, "pool": "trainer", "group": "spot",
         "window": "2026-11-01T04:00:00Z"}, 6),
        ("plan_window_start_timestamp_seconds", {"plan": NAME, "pool": "trainer",
         "group": "spot", "window": "2026-11-01T04:00:00Z"}, 1793505600),
        ("plan_window_end_timestamp_seconds", {"plan": NAME, "pool": "trainer",
         "group": "spot", "window": "2026-11-01T04:00:00Z"}, 1793520000),
        ("plan_commitment_usd_per_hour", {"plan": NAME, "pool": "trainer", "group": "reserved",
         "commitment": DIGEST, "instance_type": "p4d.24xlarge", "term": "1y", "quantity": "5"}, 19.22),
        ("plan_storage_window_gib", {"plan": NAME, "tier": "metrics",
         "window": "2026-11-01T00:00:00Z"}, 1000),
        ("commitment_approval_expires_timestamp_seconds", {"approval": "yes", "plan": NAME,
         "commitment": DIGEST}, 1793836800),
        ("plan_commitment_nodes", {"plan": NAME, "pool": "trainer", "group": "reserved",
         "commitment": DIGEST}, 5),
        ("plan_storage_expected_used_gib", {"plan": NAME, "tier": "metrics"}, 600),
        ("node_pool_replicas", {"node_pool": "trainer-reserved", "pool": "trainer",
         "group": "reserved"}, 5),
        ("node_pool_info", {"node_pool": "trainer-spot", "plan": NAME, "pool": "trainer",
         "group": "spot", "digest": object_labels(PLAN)["trimtab.dev/plan-digest"]}, 1),
    ],
)  # fmt: skip
def test_what_kube_state_metrics_says(
    samples: list[Sample], name: str, labels: dict[str, str], value: float
) -> None:
    assert (f"{PREFIX}_{name}", labels, value) in samples


def test_every_window_has_its_five_figures(samples: list[Sample]) -> None:
    windows = sum(len(group.windows) for pool in PLAN.spec.pools for group in pool.groups)
    of_windows = [name for name, _, _ in samples if name.startswith(f"{PREFIX}_plan_window_")]
    assert len(of_windows) == 5 * windows


def test_a_plan_that_comes_by_git_is_measured_as_it_is(later: list[Sample]) -> None:
    of_windows = [labels for name, labels, _ in later if name == f"{PREFIX}_plan_window_max_nodes"]
    pools = LATER.spec.pools[:4]
    assert sorted((each["pool"], each["group"], each["window"]) for each in of_windows) == sorted(
        (each.name, of.name, f"{window.start:%Y-%m-%dT%H:%M:%SZ}")
        for each in pools
        for of in each.groups
        for window in of.windows
    )
    tiers = {labels["tier"] for name, labels, _ in later if "_storage_window_" in name}
    assert tiers == {"hot", "logs"}


def test_a_pool_without_a_place_raises_an_alert(later: list[Sample], tmp_path: Path) -> None:
    firing = 'ALERTS{alertname="TrimtabPlanPartlyMeasured",alertstate="firing"}'
    expected = [{"labels": '{plan="later", pool="pool-5"}', "value": 1}]
    told = {"expr": f"count by (plan, pool) ({firing})", "exp_samples": expected}
    _evaluated(later, [told], tmp_path)


def test_an_alert_comes_of_the_plan_in_the_cluster(samples: list[Sample], tmp_path: Path) -> None:
    """From the CapacityPlan in the API server to the alert, with every link's real engine."""
    firing = 'ALERTS{alertname="TrimtabBelowPlannedMin",alertstate="firing",pool="trainer"}'
    planned = {"on-demand": 3, "reserved": 5, "spot": 3}
    # A node group's min and a static NodePool's nodes; a dynamic NodePool of Karpenter waits for pods.
    kept = ("on-demand", "reserved")
    of = 'pool="trainer", group="{0}", option="{0}"'
    tests = [
        {
            "expr": "sum by (pool, group, option) (trimtab:plan_group_min_nodes)",
            "exp_samples": [
                {"labels": "{" + of.format(name) + "}", "value": value}
                for name, value in planned.items()
            ],
        },
        {
            "expr": f"count by (pool, group) ({firing})",
            "exp_samples": [
                {"labels": f'{{pool="trainer", group="{name}"}}', "value": 1} for name in kept
            ],
        },
    ]
    _evaluated(samples, tests, tmp_path)


def _evaluated(samples: list[Sample], tests: list[dict[str, Any]], folder: Path) -> None:
    """Expressions over the rules four hours into the plan, with a node of nobody's plan beside it."""
    series = [
        {
            "series": name + "{" + ",".join(f'{k}="{v}"' for k, v in labels.items()) + "}",
            "values": f"{value:.0f}x240",
        }
        for name, labels, value in samples
    ]
    series += [{"series": key, "values": value} for key, value in others().items()]
    rules = folder / "rules.json"
    told = alerts(Thresholds(), ("prometheus",), ("monitoring",))
    rules.write_text(json.dumps(rule_groups(recordings(None), told)), "utf-8")
    test = {
        "rule_files": [str(rules)],
        "evaluation_interval": "30m",
        "tests": [
            {
                "start_timestamp": PLAN.spec.start.isoformat().replace("+00:00", "Z"),
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [{**each, "eval_time": "4h"} for each in tests],
            }
        ],
    }
    path = folder / "test.json"
    path.write_text(json.dumps(test), "utf-8")
    done = subprocess.run(
        [str(engine_path("promtool")), "test", "rules", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_api_server_accepts_rules_and_dashboards(kube_api: KubeApi) -> None:
    folder = engine_share("prometheus-operator") / "example/prometheus-operator-crd"
    for made in kube_api.apply_all(folder / "monitoring.coreos.com_prometheusrules.yaml"):
        kube_api.wait_established(made["metadata"]["name"])
    parts = ("dcgm", "kepler", "opencost", "prometheus")
    groups = rule_groups(recordings(400.0), alerts(Thresholds(), parts, ("monitoring",)))
    labels = object_labels(PLAN)
    objects: list[dict[str, Any]] = [prometheus_rule(groups, "default", labels)]
    objects += [each.config_map("default", labels) for each in DASHBOARDS]
    for each in objects:
        stored = kube_api.apply(each, dry_run=True)
        assert not lost(each.get("spec", {}), stored.get("spec", {})), each["metadata"]
        assert stored.get("data") == each.get("data")


def test_the_crds_are_of_the_operator_that_the_chart_installs() -> None:
    pins = Path(__file__).parents[1] / "engines/prometheus-operator/go.mod"
    assert "prometheus-operator v0.93." in pins.read_text("utf-8")
