"""ExistingCluster as the engine would see it: objects, marks of owned machines, secrets, mistakes."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from support.cloud_plans import owned_plan
from support.inline import preview
from support.plans import group, plan, pool, windows
from support.recorded import Records, of, one
from support.sdk_inputs import problems
from trimtab.errors import InputError, StalePlanError, TrimtabError
from trimtab.plan.document import parse_plan
from trimtab.provision.arguments import instant_of
from trimtab.provision.owned_machines import owned_groups
from trimtab.provision.pool_settings import SettingsByGroup
from trimtab.resources.inputs import SECRET
from trimtab_components import ExistingCluster, GpuOperator

MACHINES = {"trainer/cellar": ["dgx-1", "dgx-2"]}


def records(folder: Path, **changes: Any) -> Records:
    given: Any = {"plan": owned_plan(), "kubeconfig": "{}", "machines": MACHINES, **changes}
    return preview(folder, lambda: ExistingCluster("hall", given)).records


def test_the_tree(tmp_path: Path) -> None:
    made = [r for r in records(tmp_path) if r.custom and r.type != "pulumi:pulumi:Stack"]
    (component,) = {r.parent for r in made}
    assert component.endswith("trimtab:index:ExistingCluster::hall")
    assert sorted((r.type.rpartition(":")[2], r.name) for r in made) == [
        ("CapacityPlan", "hall-plan"),
        ("CustomResourceDefinition", "hall-crd"),
        ("Namespace", "hall-namespace"),
        ("NodePatch", "hall-machine-dgx-1"),
        ("NodePatch", "hall-machine-dgx-2"),
        ("kubernetes", "hall"),
    ]


def test_every_input_is_one_that_the_sdk_knows(tmp_path: Path) -> None:
    first = records(tmp_path)
    checked = [r for r in first if r.type.startswith("kubernetes:")]
    # The definition's schema is beyond the SDK's types.
    checked = [r for r in checked if "CustomResourceDefinition" not in r.type]
    assert len(checked) == 4
    assert {r.name: found for r in checked if (found := problems(r.type, r.inputs))} == {}
    assert records(tmp_path) == first


def test_every_object_goes_through_the_clusters_provider(tmp_path: Path) -> None:
    made = records(tmp_path, context="hall-admin")
    provider = one(made, "kubernetes")
    assert provider.inputs["kubeconfig"] == SECRET
    assert provider.inputs["context"] == "hall-admin"
    assert provider.inputs["enableServerSideApply"] == "true"
    for each in made:
        if each.type.startswith("kubernetes:"):
            assert each.provider.startswith(provider.urn), each.name


def test_the_plan_arrives_as_it_was_written_after_its_kind(tmp_path: Path) -> None:
    made = records(tmp_path)
    record = one(made, "CapacityPlan")
    assert parse_plan(dict(record.inputs), "recorded").digest == owned_plan().digest
    first = {one(made, kind).urn for kind in ("Namespace", "CustomResourceDefinition")}
    assert first <= set(record.dependencies)
    assert not of(records(tmp_path, install_crd=False), "CustomResourceDefinition")


def test_named_machines_get_their_groups_labels(tmp_path: Path) -> None:
    patches = of(records(tmp_path, pools={"trainer": {"mig_profile": "all-1g.5gb"}}), "NodePatch")
    for name, patch in patches.items():
        metadata = patch.inputs["metadata"]
        assert metadata["name"] == name.removeprefix("hall-machine-")
        assert (
            metadata["labels"].items()
            >= {
                "trimtab.dev/pool": "trainer",
                "trimtab.dev/group": "cellar",
                "trimtab.dev/purchase-option": "owned",
                "gpu-type": "nvidia-a100",
                "nvidia.com/mig.config": "all-1g.5gb",
            }.items()
        )
        # The node's controllers change its taints, which are one list.
        assert "spec" not in patch.inputs


def test_a_machine_is_told_how_to_join(tmp_path: Path) -> None:
    given: Any = {
        "plan": owned_plan(),
        "kubeconfig": "{}",
        "pools": {"trainer": {"team_taint": True, "accelerator_taint": True}},
    }
    found: list[dict[str, str]] = []

    def program() -> None:
        cluster = ExistingCluster("hall", given)
        cluster.join_arguments.apply(found.append)

    preview(tmp_path, program)
    labels = (
        "gpu-type=nvidia-a100,trimtab.dev/group=cellar,trimtab.dev/pool=trainer,"
        "trimtab.dev/purchase-option=owned"
    )
    taints = "nvidia.com/gpu=present:NoSchedule,trimtab.dev/team=vision:NoSchedule"
    assert found == [
        {"trainer/cellar": f"--node-labels={labels} --register-with-taints={taints}"},
    ]


def test_its_provider_serves_other_components(tmp_path: Path) -> None:
    given: Any = {"plan": owned_plan(), "kubeconfig": "{}"}

    def program() -> None:
        cluster = ExistingCluster("hall", given)
        options = pulumi.ResourceOptions(providers=[cluster.provider])
        GpuOperator("gpu", {"image": "UBUNTU"}, options)

    made = preview(tmp_path, program).records
    provider = one(made, "kubernetes")
    operator = of(made, "GpuOperator")["gpu"]
    assert operator.providers["kubernetes"].startswith(provider.urn)


def test_a_late_kubeconfig_is_taken(tmp_path: Path) -> None:
    def program() -> None:
        given: Any = {"plan": owned_plan(), "kubeconfig": pulumi.Output.from_input("{}")}
        ExistingCluster("hall", given)

    assert one(preview(tmp_path, program).records, "kubernetes").inputs["kubeconfig"] == SECRET


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"kubeconfig": None}, InputError, "give kubeconfig, or a context of this machine's own"),
        ({"kubconfig": "x"}, InputError, "kubconfig: unknown field; did you mean kubeconfig?"),
        ({"machines": {"trainer/on-demand": ["a"]}}, InputError, "is no group of owned machines"),
        ({"machines": {"trainer/cellar": []}}, InputError, "should have at least 1 item"),
        ({"machines": {"trainer/cellar": ["A_B"]}}, InputError, "machines.trainer/cellar[0]"),
        (
            {"machines": {"trainer/cellar": ["a", "a"]}},
            InputError,
            "a is in trainer/cellar and in trainer/cellar; name each machine once",
        ),
        (
            {"plan": plan(), "machines": {"trainer/cellar": ["a"]}},
            InputError,
            "drop it: the plan has none",
        ),
        (
            {"pools": {"trainer/cellar": {"volume_gib": 100}}},
            InputError,
            "group trainer/cellar: an existing cluster has no volume_gib (100)",
        ),
        (
            {"pools": {"trainer/cellar": {"readiness_taint": True}}},
            InputError,
            "or give the machine the taint when it joins",
        ),
        ({"namespace": "A"}, InputError, "namespace: String should match"),
        ({"as_of": "2026-11-02T00:00:00Z"}, StalePlanError, "is past the end of plan example"),
    ],
)
def test_a_mistake_is_one_line(
    tmp_path: Path, changes: dict[str, Any], error: type[TrimtabError], says: str
) -> None:
    with pytest.raises(error) as caught:
        records(tmp_path, **changes)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_fewer_machines_than_the_plan_counts_on_are_said() -> None:
    cellar = group("cellar", {"option": "owned", "site": "x"}, windows=windows((3, 3, 3)))
    made = plan(pools=[pool(groups=[cellar])])
    as_of = instant_of(None, made, "here")
    settings = SettingsByGroup(made, None, "here")
    (few,) = owned_groups(made, as_of, {"trainer/cellar": ("a", "b")}, settings, "here")
    assert few.warning == "trainer/cellar: 2 machines are named, and the plan counts on 3"
    (none,) = owned_groups(made, as_of, {}, settings, "here")
    assert none.warning is None


def test_a_namespace_that_every_cluster_has_is_not_made(tmp_path: Path) -> None:
    """The provider refuses to make what is there."""
    made = records(tmp_path, namespace="kube-system")
    assert of(made, "Namespace") == {}
    assert one(made, "CapacityPlan").inputs["metadata"]["namespace"] == "kube-system"
