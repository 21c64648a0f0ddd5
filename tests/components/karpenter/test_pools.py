"""KarpenterPools in a program: its tree, what waits for what, and what it refuses."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from support.inline import preview
from support.karpenter import HELD, PROPOSED, SPOT, STEADY, line
from support.plans import DIGEST, group, plan, pool, windows
from support.recorded import Records, of, one
from support.sdk_inputs import problems
from trimtab.errors import InputError
from trimtab.resources.inputs import UNKNOWN
from trimtab_components import KarpenterPools
from trimtab_components.karpenter.features import features_for

GROUPS = [
    group("held", HELD, windows=windows((4, 5, 5), (3, 5, 5))),
    group("spot", SPOT),
    group("steady", STEADY),
]


def records(folder: Path, **arguments: Any) -> Records:
    document = arguments.pop("plan", None) or plan(pools=[pool(groups=GROUPS)])
    given: Any = {"plan": document, "cluster_name": "c", **arguments}
    return preview(folder, lambda: KarpenterPools("k", given)).records


def test_every_object_is_a_child_and_waits_for_what_it_names(tmp_path: Path) -> None:
    made = records(
        tmp_path,
        static_baseline=True,
        overlays=True,
        buffers={"trainer": {"namespace": "ml"}},
    )
    component = one(made, "KarpenterPools")
    children = [each for each in made if each.type.startswith("kubernetes:")]
    assert {each.parent for each in children} == {component.urn}
    assert sorted(each.name for each in children) == [
        "k-trainer-headroom",
        "k-trainer-headroom-template",
        "k-trainer-held-0a1b2c",
        "k-trainer-held-0a1b2c-class",
        "k-trainer-held-0a1b2c-overlay",
        "k-trainer-held-0a1b2c-static",
        "k-trainer-spot-0a1b2c",
        "k-trainer-spot-0a1b2c-class",
        "k-trainer-steady-0a1b2c",
        "k-trainer-steady-0a1b2c-class",
    ]
    by_name = {each.name: each for each in made}
    for later, earlier in (
        ("k-trainer-held-0a1b2c", "k-trainer-held-0a1b2c-class"),
        ("k-trainer-held-0a1b2c-static", "k-trainer-held-0a1b2c-class"),
        ("k-trainer-held-0a1b2c-overlay", "k-trainer-held-0a1b2c"),
        ("k-trainer-headroom", "k-trainer-headroom-template"),
    ):
        assert by_name[earlier].urn in by_name[later].dependencies, later
    for each in children:
        assert not problems(each.type, each.inputs), each.name


def test_names_without_the_new_arguments_are_what_they_were(tmp_path: Path) -> None:
    made = records(tmp_path)
    assert set(of(made, "NodePool")) == {
        f"k-trainer-{g}-0a1b2c" for g in ("held", "spot", "steady")
    }
    assert set(of(made, "EC2NodeClass")) == {
        f"k-trainer-{g}-0a1b2c-class" for g in ("held", "spot", "steady")
    }
    assert not of(made, "NodeOverlay")
    assert not of(made, "CapacityBuffer")


def test_only_the_named_pools_are_provisioned(tmp_path: Path) -> None:
    two = plan(pools=[pool(groups=GROUPS), pool(name="other", groups=GROUPS)])
    made = records(tmp_path, plan=two, plan_pools=["other"])
    assert all(name.startswith("k-other-") for name in of(made, "NodePool"))
    with pytest.raises(InputError, match="nothing is no pool of the plan"):
        records(tmp_path, plan=two, plan_pools=["nothing"])
    with pytest.raises(InputError, match="buffers: trainer is not provisioned here"):
        records(tmp_path, plan=two, plan_pools=["other"], buffers={"trainer": {"namespace": "a"}})


def test_a_placement_group_is_made_and_named(tmp_path: Path) -> None:
    made = records(tmp_path, pools={"trainer/steady": {"placement_group": True}})
    placement = one(made, "PlacementGroup")
    assert placement.name == "k-trainer-steady-0a1b2c-placement"
    assert placement.inputs["name"] == "c-trainer-steady-0a1b2c"
    assert placement.inputs["strategy"] == "cluster"
    assert placement.inputs["tags"]["team"] == "vision"
    assert not problems(placement.type, placement.inputs)
    node_class = of(made, "EC2NodeClass")["k-trainer-steady-0a1b2c-class"]
    assert node_class.inputs["spec"]["placementGroupSelector"] == {
        "name": "c-trainer-steady-0a1b2c"
    }
    assert placement.urn in node_class.dependencies


def test_what_holds_nodes_outlives_a_pruning_controller(tmp_path: Path) -> None:
    made = records(tmp_path, static_baseline=True, overlays=True)
    for kind, kept in (("NodePool", True), ("EC2NodeClass", True), ("NodeOverlay", False)):
        for each in of(made, kind).values():
            annotations = each.inputs["metadata"].get("annotations") or {}
            assert ("argocd.argoproj.io/sync-options" in annotations) == kept, each.name


def test_the_second_preview_is_the_first(tmp_path: Path) -> None:
    every = {"static_baseline": True, "overlays": True, "buffers": {"trainer": {"namespace": "ml"}}}
    first, second = (records(tmp_path / name, **every) for name in ("a", "b"))
    assert [(r.urn, r.inputs) for r in first] == [(r.urn, r.inputs) for r in second]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"overlay": True}, "overlay: unknown field; did you mean overlays?"),
        ({"mode": "auto"}, "mode: Input should be 'karpenter' or 'eks-auto'"),
        ({"mode": "eks-auto", "overlays": True}, "EKS Auto Mode has no overlays"),
        ({"mode": "eks-auto", "ami_version": "v1"}, "EKS Auto Mode has no ami_version"),
        ({"mode": "eks-auto", "buffers": {"trainer": {"namespace": "a"}}}, "has no buffers"),
        ({"release": ["trainer"]}, "release speaks of static nodes"),
        ({"approved": [DIGEST]}, "approved has no effect"),
        ({"approved": ["x"], "overlays": True}, "approved: x is no digest"),
        ({"approved": [DIGEST], "overlays": True}, "is no proposal of the plan"),
        ({"maintenance": {"start": "25:00", "hours": 2}}, "maintenance.start"),
        ({"maintenance": {"start": "02:00", "hours": 25}}, "maintenance.hours"),
        (
            {"maintenance": {"start": "02:00", "hours": 2, "days": ["monday"]}},
            "maintenance.days[0]",
        ),
        ({"reservations": {"trainer/held": {"tags": {}}}}, "reservations.trainer/held.tags"),
        ({"reservations": {"trainer/none": {"tags": {"a": "b"}}}}, "use one of trainer/held"),
        ({"reservations": {"trainer/spot": {"tags": {"a": "b"}}}}, "is bought as spot"),
        (
            {"pools": {"trainer": {"efa": True}}, "static_baseline": True},
            "drop efa or static_baseline",
        ),
        ({"pools": {"none": {}}}, "pools: none is no pool or group of the plan"),
    ],
)
def test_a_mistake_names_the_argument(tmp_path: Path, arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        records(tmp_path, **arguments)
    assert says in str(caught.value)
    assert str(caught.value).startswith('KarpenterPools "k"')


def test_a_bought_commitment_may_be_told(tmp_path: Path) -> None:
    proposed = plan(
        pools=[pool(groups=[group("g", PROPOSED, windows=windows((5, 5, 5)))])],
        commitments=[line(5)],
    )
    assert not of(records(tmp_path / "a", plan=proposed, overlays=True), "NodeOverlay")
    made = records(tmp_path / "b", plan=proposed, overlays=True, approved=[DIGEST])
    assert one(made, "NodeOverlay").inputs["spec"]["priceAdjustment"] == "-99.99999%"


@pytest.mark.parametrize(
    ("arguments", "features"),
    [
        ({}, ["reservedCapacity"]),
        ({"overlays": True}, ["reservedCapacity", "nodeOverlay"]),
        ({"static_baseline": True, "buffers": {"a": {}}},
         ["reservedCapacity", "staticCapacity", "capacityBuffer"]),
        ({"buffers": {}, "overlays": False}, ["reservedCapacity"]),
        ({"mode": "eks-auto", "static_baseline": True}, []),
    ],
)  # fmt: skip
def test_the_features_that_pools_need(arguments: dict[str, Any], features: list[str]) -> None:
    assert features_for(arguments) == features


def test_outputs_name_the_static_node_pool_after_its_groups_own(tmp_path: Path) -> None:
    found: list[Any] = []

    def program() -> None:
        made = KarpenterPools(
            "k",
            {
                "plan": plan(pools=[pool(groups=GROUPS)]),
                "cluster_name": "c",
                "static_baseline": True,
            },
        )
        pulumi.Output.all(made.node_pool_names).apply(lambda names: found.extend(names[0]))

    preview(tmp_path, program)
    assert found == [
        "trainer-held-0a1b2c",
        "trainer-held-0a1b2c-static",
        "trainer-spot-0a1b2c",
        "trainer-steady-0a1b2c",
    ]


def test_a_key_that_is_known_late_leaves_the_preview_complete(tmp_path: Path) -> None:
    def program() -> None:
        import pulumi_aws as aws

        document = plan(pools=[pool(groups=GROUPS)])
        key = aws.kms.Key("key").arn
        KarpenterPools("k", {"plan": document, "cluster_name": "c", "volume_key_arn": key})

    made = of(preview(tmp_path, program).records, "EC2NodeClass")
    assert len(made) == len(GROUPS)
    for each in made.values():
        (volume,) = each.inputs["spec"]["blockDeviceMappings"]
        assert volume["ebs"]["kmsKeyID"] == UNKNOWN
        assert volume["ebs"]["volumeSize"] == "100Gi"


def test_an_open_reservation_that_nothing_selects_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, **_: said.append(text))
    open_one = group("odcr", {"option": "reserved", "term": "open"})
    records(tmp_path, plan=plan(pools=[pool(groups=[open_one])]))
    (text,) = said
    assert text.startswith("trainer-odcr-0a1b2c: trainer/odcr is paid for by an open capacity")
