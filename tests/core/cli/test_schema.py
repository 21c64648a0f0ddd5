"""`trimtab schema`: what it prints is what Trimtab validates with."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from support.cli import Cli
from support.plans import plan, plan_data
from trimtab.cli.schema import Kind
from trimtab.errors import ExitCode
from trimtab.plan.document import to_data
from trimtab.schemas.published import published


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


def test_a_plans_schema_accepts_a_plan_and_refuses_another(cli: Cli) -> None:
    ran = cli("schema", "capacityplan")
    assert (ran.status, ran.err) == (ExitCode.OK, "")
    validator = Draft202012Validator(json.loads(ran.out))
    assert validator.is_valid(to_data(plan()))
    assert not validator.is_valid({**plan_data(), "kind": "Deployment"})


def test_a_workloads_schema_accepts_a_workload_and_refuses_a_typo(cli: Cli) -> None:
    validator = Draft202012Validator(json.loads(cli("schema", "workload").out))
    document = {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "Workload",
        "metadata": {"name": "batch"},
        "spec": {"resources": {"cpu": "4", "memory": "16Gi"}, "interruptible": True},
    }
    assert validator.is_valid(document)
    document["spec"] = {"resources": {"cpu": "4"}, "interruptable": True}
    assert not validator.is_valid(document)


def test_an_events_schema_accepts_events_and_refuses_a_typo(cli: Cli) -> None:
    validator = Draft202012Validator(json.loads(cli("schema", "demandevents").out))
    launch = {"name": "launch", "start": "2026-12-01T00:00:00Z", "multiply": 1.4}
    document = {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "DemandEvents",
        "spec": {"events": [launch]},
    }
    assert validator.is_valid(document)
    document["spec"] = {"events": [{**launch, "ends": "2026-12-02T00:00:00Z"}]}
    assert not validator.is_valid(document)


DIGEST = "sha256:" + "0" * 64
HEAD = {"apiVersion": "trimtab.dev/v1alpha1"}
FILES = {
    "capacityinventory": {
        "kind": "CapacityInventory",
        "spec": {"running": [{"pool": "a", "group": "spot", "nodes": 3}]},
    },
    "commitmentapproval": {
        "kind": "CommitmentApproval",
        "metadata": {"name": "q3"},
        "spec": {
            "plan": "a", "commitment": DIGEST, "quantity": 1, "ceilingUsdPerHour": 2.5,
            "approvedBy": "finops", "approvedAt": "2026-12-01T00:00:00Z",
            "expires": "2027-01-01T00:00:00Z",
        },
    },
    "capacitypolicy": {
        "kind": "CapacityPolicy",
        "metadata": {"name": "platform"},
        "spec": {"limits": {"maxNodes": 40}},
    },
    "planninglimits": {
        "kind": "PlanningLimits",
        "spec": {"budgets": [{"team": "vision", "usdPerMonth": 90000}]},
    },
}  # fmt: skip


@pytest.mark.parametrize(("kind", "document"), FILES.items(), ids=FILES)
def test_the_schemas_of_inputs_accept_them_and_refuse_typos(
    cli: Cli, kind: str, document: dict[str, Any]
) -> None:
    validator = Draft202012Validator(json.loads(cli("schema", kind).out))
    assert validator.is_valid(HEAD | document)
    assert not validator.is_valid(HEAD | document | {"spec": document["spec"] | {"typo": 1}})


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("capacityplan", "capacityplans"),
        ("commitmentapproval", "commitmentapprovals"),
        ("workload", "workloads"),
        ("capacitypolicy", "capacitypolicies"),
    ],
)
def test_the_crd_is_one_that_a_cluster_takes(cli: Cli, kind: str, plural: str) -> None:
    crd = yaml.safe_load(cli("schema", kind, "--as", "crd").out)
    assert crd["kind"] == "CustomResourceDefinition"
    assert crd["metadata"]["name"] == f"{plural}.trimtab.dev"
    assert crd["spec"]["names"]["kind"].lower() == kind


@pytest.mark.parametrize("kind", list(Kind), ids=str)
def test_every_document_prints_what_is_published(cli: Cli, kind: Kind) -> None:
    file = f"docs/schemas/{kind.value}-v1alpha1.schema.json"
    assert cli("schema", kind.value).out == published()[file]


def test_every_published_json_schema_is_of_a_document_that_can_be_asked_for() -> None:
    files = {f"docs/schemas/{kind.value}-v1alpha1.schema.json" for kind in Kind}
    assert files == {file for file in published() if file.endswith(".json")}


@pytest.mark.parametrize("options", [[], ["--as", "crd"]], ids=["JSON Schema", "CRD"])
def test_a_file_gets_the_same_bytes_as_stdout(cli: Cli, tmp_path: Path, options: list[str]) -> None:
    path = tmp_path / "schema"
    ran = cli("schema", "capacityplan", *options, "--out", path)
    assert (ran.status, ran.out, ran.err) == (ExitCode.OK, "", f"wrote {path}\n")
    assert path.read_text("utf-8") == cli("schema", "capacityplan", *options).out


def test_a_file_is_no_cluster_resource(cli: Cli) -> None:
    phrase = (
        "--as crd: demandevents is a file, no cluster resource; use --as json-schema, or ask for one of "
        "capacityplan, capacitypolicy, commitmentapproval, workload"
    )
    cli.refused(["schema", "demandevents", "--as", "crd"], ExitCode.BAD_INPUT, phrase)


def test_a_folder_that_is_not_there_is_named(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "none" / "x.json"
    phrase = f"{out}: cannot be written (No such file or directory)"
    cli.refused(["schema", "workload", "--out", out], ExitCode.BAD_INPUT, phrase)


@pytest.mark.parametrize("arguments", [["plan"], [], ["workload", "--as", "xsd"]], ids=str)
def test_an_unknown_document_or_form_lists_what_is_known(cli: Cli, arguments: list[str]) -> None:
    ran = cli("schema", *arguments)
    assert (ran.status, ran.out) == (ExitCode.BAD_INPUT, "")
