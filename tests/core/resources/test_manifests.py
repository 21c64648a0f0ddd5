"""Kubernetes manifests, and what Crossplane renders."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from support.change_inputs import MANIFESTS, render, write
from trimtab.errors import EngineError, InputError
from trimtab.resources.inputs import SECRET
from trimtab.resources.model import Estate, Origin, Resource, Role
from trimtab.resources.readers import NOTHING, read_change, read_estate, yaml_objects
from trimtab.resources.readers.yaml_objects import objects_of

POOL = "karpenter.sh/NodePool/gpu"
CLASS = "karpenter.k8s.aws/EC2NodeClass/default"
WEB, CLAIM = "apps/Deployment/shop/web", "core/PersistentVolumeClaim/shop/data"
XR = "example.org/XCluster/shop/demo"


def by_key(estate: Estate) -> dict[str, Resource]:
    return {each.key: each for each in estate.resources}


def test_every_document_is_an_object_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, "all.yaml", MANIFESTS)
    found = by_key(read_estate(path))
    lines = {key: int(each.where.removeprefix(f"{path}:")) for key, each in found.items()}
    assert lines == {POOL: 2, CLASS: 15, WEB: 25, CLAIM: 40, "core/Secret/shop/login": 45}
    assert {each.kind for each in found.values()} == {
        "karpenter.sh/NodePool",
        "karpenter.k8s.aws/EC2NodeClass",
        "apps/Deployment",
        "core/PersistentVolumeClaim",
        "core/Secret",
    }
    assert found[WEB].id == WEB
    assert found[WEB].type == "apps/v1/Deployment"


def test_objects_are_joined_to_those_they_name(tmp_path: Path) -> None:
    found = by_key(read_estate(write(tmp_path, "all.yaml", MANIFESTS)))
    assert found[POOL].references == {"spec": (CLASS,)}
    assert found[WEB].references == {"spec": (CLAIM,)}
    assert found[POOL].region == "us-east-1"  # of its zones
    assert found[POOL].tags == {"team": "shop"}


def test_secrets_are_masked(tmp_path: Path) -> None:
    estate = read_estate(write(tmp_path, "all.yaml", MANIFESTS))
    found = by_key(estate)
    values = found["core/Secret/shop/login"].inputs.values
    assert (values["data"], values["stringData"]) == ({"password": SECRET}, {"user": SECRET})
    container = found[WEB].inputs.values["spec"]["template"]["spec"]["containers"][0]
    assert container["env"] == [
        {"name": "DB_PASSWORD", "value": SECRET},
        {"name": "MODE", "value": "fast"},
    ]
    assert "never-seen" not in str(estate)
    assert "bmV2ZXItc2Vlbg" not in str(estate)


def test_what_kubectl_keeps_of_a_secret_is_left_out(tmp_path: Path) -> None:
    applied = {"kubectl.kubernetes.io/last-applied-configuration": "never-seen", "a": "b"}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "x", "annotations": applied},
    }
    estate = read_estate(write(tmp_path, "live.json", secret))
    assert estate.resources[0].inputs.values["metadata"]["annotations"] == {"a": "b"}


def test_json_is_read_as_an_object_a_list_or_a_stream(tmp_path: Path) -> None:
    objects = [each for each in yaml.safe_load_all(MANIFESTS) if each]
    flat = [inner for each in objects for inner in each.get("items", [each])]
    forms = [
        json.dumps({"apiVersion": "v1", "kind": "List", "items": flat}),
        json.dumps(flat),
        "\n".join(map(json.dumps, flat)),
    ]
    expected = list(by_key(read_estate(write(tmp_path, "y", MANIFESTS))))
    for index, form in enumerate(forms):
        assert list(by_key(read_estate(write(tmp_path, f"j{index}", form)))) == expected


def test_a_folder_is_read_with_those_in_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    first, *rest = MANIFESTS.split("---\n")
    write(tmp_path / "a", "pool.yaml", first)
    write(tmp_path / "a" / "b", "rest.yml", "---\n".join(rest))
    write(tmp_path / "a", "values.yaml", "replicas: 3\n")
    write(tmp_path / "a", "readme.md", "no: {manifest")
    write(tmp_path / ".git", "hidden.yaml", "}")
    estate = read_estate(str(tmp_path))
    assert len(estate.resources) == 5
    assert estate.notes == (f"{tmp_path}/a/values.yaml:1: not a Kubernetes object: left out",)


def test_two_objects_of_one_name_are_refused(tmp_path: Path) -> None:
    first = MANIFESTS.split("---\n")[0]
    with pytest.raises(
        InputError, match=rf"all.yaml:16: {POOL} is declared twice, first in .*all.yaml:2; remove"
    ):
        read_estate(write(tmp_path, "all.yaml", f"{first}---\n{first}"))


def kustomization(folder: Path) -> Path:
    (folder / "app").mkdir()
    write(folder / "app", "kustomization.yaml", "resources: [pool.yaml]\nnamePrefix: my-\n")
    write(folder / "app", "pool.yaml", MANIFESTS.split("---\n")[0])
    return folder / "app"


def test_a_kustomization_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = tmp_path / "kustomize"
    built.write_text('#!/bin/sh\ntest "$1" = build && sed s/gpu/my-gpu/ "$2/pool.yaml"\n')
    built.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    estate = read_estate(str(kustomization(tmp_path)))
    assert [each.name for each in estate.resources] == ["my-gpu"]


def test_a_kustomization_that_fails_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = tmp_path / "kubectl"
    failing.write_text("#!/bin/sh\necho 'error: no such base' >&2\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="cannot be built: no such base; mend the kustomization"):
        read_estate(str(kustomization(tmp_path)))


def test_a_kustomization_needs_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(EngineError, match="neither kustomize nor kubectl is on PATH; install one"):
        read_estate(str(kustomization(tmp_path)))


@pytest.mark.parametrize("group", ["eks.aws.upbound.io", "eks.aws.m.upbound.io"])
def test_a_render_has_terraforms_kinds(tmp_path: Path, group: str) -> None:
    estate = read_estate(write(tmp_path, "render", render(group=group)))
    found = by_key(estate)
    assert {key: each.kind for key, each in found.items()} == {
        XR: "example.org/XCluster",
        "XCluster/demo/workers": "aws_eks_node_group",
        "XCluster/demo/cluster": "aws_eks_cluster",
        "XCluster/demo/pool": "karpenter.sh/NodePool",
        "iam.aws.upbound.io/Role/nodes": "aws_iam_role",
    }
    group_ = found["XCluster/demo/workers"]
    assert (group_.origin, group_.name, group_.region) == (
        Origin.CROSSPLANE,
        "workers",
        "eu-central-1",
    )
    assert (group_.tags, group_.parent, group_.id) == ({"team": "shop"}, XR, "")
    sizes = [group_.inputs.count(f"scaling_config.{each}", 0) for each in ("min_size", "max_size")]
    assert sizes == [1, 5]  # forProvider goes before initProvider
    assert group_.inputs.count("scaling_config.desired_size", 0) == 2
    assert group_.references == {
        "cluster_name": ("XCluster/demo/cluster",),
        "node_role_arn": ("iam.aws.upbound.io/Role/nodes",),
    }
    assert found["iam.aws.upbound.io/Role/nodes"].role is Role.EXISTING
    assert found[XR].role is Role.COMPONENT
    assert found["XCluster/demo/pool"].inputs.count("spec.limits.cpu", 0) == 100
    assert estate.notes == ("the function of step 'capacity' warns: no plan yet",)


def test_renders_before_and_after_have_the_same_keys(tmp_path: Path) -> None:
    before, after = write(tmp_path, "a", render()), write(tmp_path, "b", render(desired=4))
    change = read_change(before, after)
    assert list(by_key(change.before)) == list(by_key(change.after))
    key = "XCluster/demo/workers"
    sizes = [
        by_key(each)[key].inputs.count("scaling_config.desired_size", 0)
        for each in (change.before, change.after)
    ]
    assert sizes == [2, 4]


def test_a_fatal_result_is_the_functions_error(tmp_path: Path) -> None:
    failed = render().replace("SEVERITY_WARNING", "SEVERITY_FATAL")
    with pytest.raises(InputError, match="the function of step 'capacity' failed: no plan yet"):
        read_estate(write(tmp_path, "render", failed))


def test_a_selector_by_labels_finds_what_has_them(tmp_path: Path) -> None:
    text = """\
apiVersion: ec2.aws.upbound.io/v1beta1
kind: Subnet
metadata: {name: a, labels: {zone: a}}
spec: {forProvider: {region: us-east-1}}
---
apiVersion: ec2.aws.upbound.io/v1beta1
kind: Subnet
metadata: {name: b, labels: {zone: b}}
spec: {forProvider: {region: us-east-1}}
---
apiVersion: eks.aws.upbound.io/v1beta1
kind: Cluster
metadata: {name: c}
spec:
  forProvider:
    region: us-east-1
    vpcConfig:
    - subnetIdSelector: {matchLabels: {zone: b}}
      subnetIdRefs: [{name: a}]
"""
    found = by_key(read_estate(write(tmp_path, "all", text)))
    assert found["eks.aws.upbound.io/Cluster/c"].references == {
        "vpc_config": ("ec2.aws.upbound.io/Subnet/b", "ec2.aws.upbound.io/Subnet/a")
    }


def test_claims_and_definitions_cost_what_is_composed(tmp_path: Path) -> None:
    text = """\
apiVersion: example.org/v1
kind: Cluster
metadata: {name: claim, namespace: shop}
spec: {compositionRef: {name: eks}}
---
apiVersion: apiextensions.crossplane.io/v2
kind: CompositeResourceDefinition
metadata: {name: xclusters.example.org}
spec: {}
"""
    estate = read_estate(write(tmp_path, "all", text))
    assert {each.role for each in estate.resources} == {Role.COMPONENT}


def test_an_empty_side_is_dev_null(tmp_path: Path) -> None:
    change = read_change(write(tmp_path, "all", MANIFESTS), NOTHING)
    assert (len(change.before.resources), change.after.resources) == (5, ())


ANCHORED = """\
apiVersion: v1
kind: ConfigMap
metadata: &meta {name: a, labels: {x: "1"}}
data: *meta
"""


@pytest.mark.parametrize(
    "text",
    [MANIFESTS, render(), MANIFESTS.replace("\n", "\r\n"), f"--- # first\n{MANIFESTS}...\n", ANCHORED],
    ids=["manifests", "render", "crlf", "markers", "anchors"],
)  # fmt: skip
def test_one_pass_and_the_careful_reader_agree(text: str) -> None:
    assert list(objects_of(text, "x")) == list(yaml_objects._carefully(text, "x"))


def test_a_literal_text_keeps_what_looks_like_a_marker(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |\n    a\n    ---\n    b\n"
    (only,) = read_estate(write(tmp_path, "x", text)).resources
    assert only.inputs.get("data.x") == "a\n---\nb\n"
