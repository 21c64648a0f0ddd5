"""Charts and Flux releases: addresses, namespaces, order, and names that stay."""

import pytest

from support.accelerator_cases import run
from support.recorded import Records, of, one
from trimtab.provision.charts import CHARTS, IMAGES, ChartSource
from trimtab.provision.charts.accelerators import GPU_OPERATOR, NVIDIA_DRA_DRIVER

BODY = """
from trimtab.provision.arguments import Override
from trimtab.provision.charts.accelerators import {source}
from trimtab_components.installation import Release, install

class Top(pulumi.ComponentResource):
    def __init__(self):
        super().__init__("own:index:Top", "top", {{}}, None)
        first = kubernetes.core.v1.ConfigMap("first", opts=pulumi.ResourceOptions(parent=self))
        release = Release({source}, {{"a": {{"b": 1}}}}, Override({override}), {options})
        install("it", release, self, [first])

Top()
"""


def installed(
    folder: object, source: str = "GPU_OPERATOR", options: str = "'chart'", override: str = ""
) -> Records:
    body = BODY.format(source=source, options=options, override=override)
    return run(folder, body)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "chart", "repository"),
    [
        ("GPU_OPERATOR", "gpu-operator", {"repo": GPU_OPERATOR.repository}),
        # An OCI chart is one address; Helm refuses a repository beside it.
        ("NVIDIA_DRA_DRIVER", f"{NVIDIA_DRA_DRIVER.repository}/dra-driver-nvidia-gpu", None),
    ],
)
def test_a_chart_is_addressed_as_helm_has_it(
    tmp_path: object, source: str, chart: str, repository: object
) -> None:
    made = one(installed(tmp_path, source), "Chart")
    assert made.name == "it"
    assert made.inputs["chart"] == chart
    assert made.inputs.get("repositoryOpts") == repository
    assert made.inputs["values"] == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("source", "spec"),
    [
        ("GPU_OPERATOR", {"url": GPU_OPERATOR.repository, "interval": "1h"}),
        # Flux asks for the type, and for the address of the folder in which the chart is.
        (
            "NVIDIA_DRA_DRIVER",
            {"url": NVIDIA_DRA_DRIVER.repository, "interval": "1h", "type": "oci"},
        ),
    ],
)
def test_a_release_of_flux_has_its_repository(
    tmp_path: object, source: str, spec: dict[str, str]
) -> None:
    records = installed(tmp_path, source, "'flux'")
    repository, release = one(records, "HelmRepository"), one(records, "HelmRelease")
    assert repository.inputs["spec"] == spec
    assert (repository.name, release.name) == ("it-repository", "it-release")
    chart = release.inputs["spec"]["chart"]["spec"]
    assert chart["sourceRef"] == {
        "kind": "HelmRepository",
        "name": repository.inputs["metadata"]["name"],
    }
    assert "/" not in chart["chart"]
    assert repository.urn in release.dependencies
    assert repository.inputs["metadata"]["namespace"] == (release.inputs["metadata"]["namespace"])


@pytest.mark.parametrize("delivery", ["chart", "flux"])
def test_the_namespace_stands_first_and_all_after_what_must(
    tmp_path: object, delivery: str
) -> None:
    records = installed(tmp_path, options=f"'{delivery}', privileged=True")
    namespace, first = one(records, "Namespace"), one(records, "ConfigMap")
    assert namespace.name == "it-namespace"
    assert namespace.inputs["metadata"]["labels"] == {
        "pod-security.kubernetes.io/enforce": "privileged"
    }
    assert first.urn in namespace.dependencies
    rest = [r for r in records if r.name == "it" or r.name in ("it-repository", "it-release")]
    assert len(rest) == (1 if delivery == "chart" else 2)
    for each in rest:
        assert {namespace.urn, first.urn} <= set(each.dependencies)


@pytest.mark.parametrize("delivery", ["chart", "flux"])
def test_a_namespace_of_the_clusters_is_not_made(tmp_path: object, delivery: str) -> None:
    records = installed(tmp_path, options=f"'{delivery}', own_namespace=False")
    assert of(records, "Namespace") == {}


@pytest.mark.parametrize("namespace", ["kube-system", "default"])
def test_a_namespace_that_every_cluster_has_is_not_made(tmp_path: object, namespace: str) -> None:
    """The provider refuses to make what is there."""
    records = installed(tmp_path, override=f"namespace={namespace!r}")
    assert of(records, "Namespace") == {}
    assert one(records, "Chart").inputs["namespace"] == namespace


def test_pulumi_waits_for_what_flux_installs(tmp_path: object) -> None:
    """Objects of the chart's kinds come after the release: before it is ready there are none."""
    release = one(installed(tmp_path, options="'flux', requires=(GPU_OPERATOR,)"), "HelmRelease")
    assert release.inputs["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=Ready"}
    assert release.inputs["spec"]["dependsOn"] == [{"name": "gpu-operator"}]


@pytest.mark.parametrize(("delivery", "kind"), [("chart", "Chart"), ("flux", "HelmRelease")])
def test_critical_pods_are_let_in_before_they_come(
    tmp_path: object, delivery: str, kind: str
) -> None:
    records = installed(tmp_path, options=f"'{delivery}', critical_quota=True")
    quota, namespace = one(records, "ResourceQuota"), one(records, "Namespace")
    assert quota.inputs["metadata"]["namespace"] == "gpu-operator"
    (scope,) = quota.inputs["spec"]["scopeSelector"]["matchExpressions"]
    assert scope["values"] == ["system-node-critical", "system-cluster-critical"]
    assert namespace.urn in quota.dependencies
    assert quota.urn in one(records, kind).dependencies


def test_an_override_moves_version_and_namespace(tmp_path: object) -> None:
    override = "version='v9', namespace='elsewhere'"
    records = installed(tmp_path, options="'flux'", override=override)
    assert one(records, "Namespace").inputs["metadata"]["name"] == "elsewhere"
    release = one(records, "HelmRelease").inputs
    assert release["metadata"]["namespace"] == "elsewhere"
    assert release["spec"]["chart"]["spec"]["version"] == "v9"


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.chart)
def test_a_chart_is_pinned_with_its_day_and_source(chart: ChartSource) -> None:
    assert chart.repository.startswith(("https://", "oci://"))
    assert not chart.repository.endswith("/")
    assert any(each.isdigit() for each in chart.version)
    assert chart.as_of >= "2026-11-01"
    assert chart.source


def test_images_are_pinned_by_version() -> None:
    for image in IMAGES:
        assert image.reference == f"{image.repository}:{image.version}"
        assert image.version not in ("", "latest")
        assert image.as_of >= "2026-11-01"
        assert image.source
