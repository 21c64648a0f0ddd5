"""`Observability`: which releases, rules and dashboards it makes of a plan, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.inline import deploy, preview
from support.plans import group, plan, pool
from support.recorded import Records, of, one
from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan
from trimtab.provision.observability.parts import PARTS
from trimtab_components import Observability

CPU = group("on-demand", {"option": "on-demand"}, accelerator=None)
OWNED = group("cellar", {"option": "owned", "site": "cellar"}, accelerator=None)
CPU_PLAN = plan(pools=[pool(groups=[CPU])])
AZURE = plan(site={"provider": "azure", "region": "westeurope"})
LAST = {"start": "2026-11-01T00:00:00Z", "end": "2026-11-01T12:00:00Z", "gib": 899.5}
TIER = {
    "name": "metrics", "intent": "hot", "backend": "ebs-gp3", "volumes": 3, "windows": [LAST],
    "expected": {"usedGib": {"mean": 600.0, "low": 500.0, "high": 700.0}},
}  # fmt: skip


def made(folder: Path, **args: Any) -> Records:
    arguments: Any = {"plan": plan(), **args}
    return preview(folder, lambda: Observability("watch", arguments)).records


def values(records: Records, part: str) -> dict[str, Any]:
    return dict(of(records, "Chart")[f"watch-{part}"].inputs["values"])


def parts_of(records: Records) -> list[str]:
    return sorted(name.removeprefix("watch-") for name in of(records, "Chart"))


@pytest.mark.parametrize(
    ("of_plan", "absent"),
    [
        (plan(), {"kepler"}),
        (CPU_PLAN, {"kepler", "dcgm"}),
        (plan(pools=[pool(groups=[OWNED])]), {"dcgm"}),
    ],
    ids=["GPUs in a cloud", "CPUs in a cloud", "machines of one's own"],
)
def test_the_parts_are_those_that_the_nodes_need(
    tmp_path: Path, of_plan: CapacityPlan, absent: set[str]
) -> None:
    assert parts_of(made(tmp_path, plan=of_plan)) == sorted(set(PARTS) - absent)


def test_the_exporter_is_not_installed_twice(tmp_path: Path) -> None:
    records = made(tmp_path, dcgm_by_gpu_operator=True)
    assert "watch-dcgm" not in of(records, "Chart")
    rules = json.dumps(one(records, "PrometheusRule").inputs["spec"])
    assert "TrimtabGpuAllocatedButIdle" in rules
    assert "gpu-operator|loki|monitoring" in rules
    assert "watch-dashboard-gpus" in of(records, "ConfigMap")


def test_what_a_part_measures_goes_with_it(tmp_path: Path) -> None:
    records = made(tmp_path, parts=["prometheus"])
    assert parts_of(records) == ["prometheus"]
    rules = json.dumps(one(records, "PrometheusRule").inputs["spec"])
    for name in ("TrimtabGpuAllocatedButIdle", "TrimtabCostAbovePlan", "TrimtabGpusNotMeasured"):
        assert name not in rules
    assert "watch-dashboard-cost" not in of(records, "ConfigMap")
    assert values(records, "prometheus")["grafana"]["additionalDataSources"] == []


def test_daemons_tolerate_every_taint_and_stay_where_they_measure(tmp_path: Path) -> None:
    records = made(tmp_path, tolerate=["example.com/own"])
    dcgm = values(records, "dcgm")
    assert [each["key"] for each in dcgm["tolerations"]] == [
        "example.com/own",
        "nvidia.com/gpu",
        "trimtab.dev/accelerator-not-ready",
        "trimtab.dev/purchase-option",
        "trimtab.dev/team",
    ]
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    (term,) = dcgm["affinity"]["nodeAffinity"][required]["nodeSelectorTerms"]
    assert [each["values"] for each in term["matchExpressions"]] == [
        ["trainer"],
        ["reserved", "on-demand", "spot"],
    ]
    assert values(records, "otel-agent")["tolerations"] == dcgm["tolerations"]


def test_the_plans_tier_for_metrics_sizes_and_classes_the_volumes(tmp_path: Path) -> None:
    stack = values(made(tmp_path, plan=plan(storage=[TIER])), "prometheus")
    claim = stack["prometheus"]["prometheusSpec"]["storageSpec"]["volumeClaimTemplate"]["spec"]
    assert claim["storageClassName"] == "metrics"
    assert claim["resources"]["requests"]["storage"] == "300Gi"
    assert stack["prometheus"]["prometheusSpec"]["retentionSize"] == "255GiB"


def test_secrets_are_named_and_never_given(tmp_path: Path) -> None:
    records = made(
        tmp_path,
        alertmanager_secret="receivers",  # its name
        remote_write=[{"url": "https://x.example.com", "secret": "remote"}],
    )
    stack = values(records, "prometheus")
    assert stack["grafana"]["admin"]["existingSecret"] == "grafana-admin"
    assert stack["alertmanager"]["alertmanagerSpec"]["configSecret"] == "receivers"
    (target,) = stack["prometheus"]["prometheusSpec"]["remoteWrite"]
    assert target["authorization"] == {"credentials": {"name": "remote", "key": "token"}}
    assert not of(records, "Secret")


def test_overrides_are_laid_over_a_parts_values(tmp_path: Path) -> None:
    over = {"loki": {"namespace": "logs", "values": {"loki": {"auth_enabled": True}}}}
    records = made(tmp_path, override=over)
    loki = values(records, "loki")["loki"]
    assert loki["auth_enabled"] is True
    assert loki["commonConfig"] == {"replication_factor": 1}
    assert "loki.logs.svc" in json.dumps(values(records, "otel-gateway"))


def test_collectors_have_pipelines_for_the_stores_that_are_there(tmp_path: Path) -> None:
    parts = ["prometheus", "tempo", "otel-gateway", "otel-agent"]
    records = made(tmp_path, parts=parts)
    for part in ("otel-gateway", "otel-agent"):
        pipelines = values(records, part)["config"]["service"]["pipelines"]
        assert {name for name, each in pipelines.items() if each} == {"metrics", "traces"}
    assert values(records, "otel-agent")["presets"]["logsCollection"] == {"enabled": False}


def test_what_mounts_the_host_has_a_namespace_that_lets_it(tmp_path: Path) -> None:
    enforce = "pod-security.kubernetes.io/enforce"
    privileged = {
        name.removeprefix("watch-").removesuffix("-namespace")
        for name, each in of(made(tmp_path), "Namespace").items()
        if each.inputs["metadata"]["labels"].get(enforce) == "privileged"
    }
    assert privileged == {"prometheus", "dcgm", "otel-agent"}


def test_outputs_say_what_is_there_and_what_is_claimed() -> None:
    found: dict[str, Any] = {}

    def program() -> None:
        watch = Observability("watch", {"plan": plan(), "replicas": 2, "buckets": {"loki": "logs"}})
        for name in Observability.__annotations__:
            getattr(watch, name).apply(lambda value, name=name: found.__setitem__(name, value))

    deploy(program)
    assert found["volume_gib"] == {
        "prometheus": 200, "alertmanager": 4, "grafana": 5, "loki": 50, "tempo": 20,
    }  # fmt: skip
    assert found["service_accounts"] == {"loki": "loki/loki"}
    assert found["otlp_endpoint"] == "http://otel-gateway.otel-gateway.svc:4318"
    assert found["namespaces"]["prometheus"] == "monitoring"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"parts": ["prometheus", "jaeger"]},
         ("parts: jaeger is no part; use one of dcgm, kepler, loki, opencost, otel-agent,"
         " otel-gateway, prometheus, tempo")),
        ({"parts": ["loki"]}, "parts: loki needs prometheus; add prometheus, or drop loki"),
        ({"override": {"kepler": {}}},
         ("override: kepler is not installed; use one of dcgm, loki, opencost, otel-agent,"
         " otel-gateway, prometheus, tempo")),
        ({"override": {"dcgm": {}}, "dcgm_by_gpu_operator": True},
         "override: dcgm is the GPU operator's; override the GPU operator's values"),
        ({"buckets": {"lokki": "x"}}, "buckets.lokki: unknown field; did you mean loki?"),
        ({"buckets": {"loki": "x"}, "parts": ["prometheus", "tempo"]},
         "buckets: loki is no store that is installed; use one of tempo"),
        ({"plan": AZURE, "buckets": {"loki": "x"}},
         ("buckets: not known how loki opens one of provider azure; drop it, or set the store's values"
         " through override")),
        ({"storage_gib": {"opencost": 5}},
         "storage_gib: opencost is no store; use one of alertmanager, grafana, loki, prometheus, tempo"),
        ({"storage_gib": {"loki": 5}, "parts": ["prometheus"]},
         "storage_gib: loki is not installed; drop it, or add that part"),
        ({"plan": CPU_PLAN, "parts": ["prometheus", "dcgm"]},
         ("parts: no node of the plan is one that dcgm can measure; drop it, or say through override where"
         " it runs")),
        ({"node_prices": {"cpu": 1.0}},
         "node_prices: cpu is no price; use one of gib, gpu, storage_gib, vcpu"),
        ({"node_prices": {}, "parts": ["prometheus"]},
         "node_prices has no effect without opencost; drop it, or add that part"),
        ({"remote_write": [{"url": "https://x", "secret": "s", "sigv4_region": "r"}]},
         "remote_write: secret and sigv4_region are two ways to be let in; drop one of them"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(args: dict[str, Any], says: str) -> None:
    arguments: Any = {"plan": plan(), **args}
    with pytest.raises(InputError) as caught:
        Observability("watch", arguments)
    assert str(caught.value) == f'Observability "watch": {says}'


@pytest.mark.parametrize(
    ("args", "address"),
    [
        ({}, None),
        ({"runbooks": "https://wiki.example.com/trimtab"},
         "https://wiki.example.com/trimtab#trimtabplanexpired"),
    ],
)  # fmt: skip
def test_alerts_name_their_section_and_link_only_to_an_address_that_was_given(
    tmp_path: Path, args: dict[str, str], address: str | None
) -> None:
    (group,) = one(made(tmp_path, **args), "PrometheusRule").inputs["spec"]["groups"]
    told = {rule["alert"]: rule["annotations"] for rule in group["rules"] if "alert" in rule}
    expired = told["TrimtabPlanExpired"]
    assert expired.get("runbook_url") == address
    assert expired["description"].endswith(" See TrimtabPlanExpired in docs/observability.md.")
