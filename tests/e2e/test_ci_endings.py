"""How the workflows that users copy end: with verdicts, with mistakes, for forks, and with fetched prices.

The workflow of manifests stands for all: the steps that end a job are the same in each.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from support.code_host import CodeHost
from support.price_servers import Prices, item, serving
from support.scenario import AFTER, BEFORE
from support.workflow_cases import CI, OUTS, WORKFLOWS, artefacts, commands, manifests
from support.workflows import Machine, Origin, github
from trimtab.pricing.live import azure

pytestmark = pytest.mark.engine


BUDGETS = {
    "apiVersion": "trimtab.dev/v1alpha1",
    "kind": "Budgets",
    "budgets": [{"name": "ml", "owner": {"team": "ml"}, "usdPerMonth": 5000}],
}


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ("--fail-on warning", 7, "the change breaks attribution-tags"),
        ("--budgets budgets.yaml", 6, "the change adds to exceeded budgets: ml"),
        ("--max-unpriced 0", 8, "has no price"),
    ],
    ids=["rule", "budget", "unpriced"],
)
def test_a_verdict_fails_the_job_after_its_comment(
    ci: str,
    options: str,
    status: int,
    said: str,
    origin: Origin,
    host: CodeHost,
    tmp_path: Path,
) -> None:
    machine = Machine(tmp_path / "machine", commands("plain"))
    unknown = {
        "apiVersion": "ec2.aws.m.upbound.io/v1beta1",
        "kind": "Unheard",
        "metadata": {"name": "x"},
        "spec": {"forProvider": {"region": "us-east-1"}},
    }
    head = manifests("plain", AFTER)
    head["clusters/prod/unknown.yaml"] = yaml.safe_dump(unknown)
    head["budgets.yaml"] = yaml.safe_dump(BUDGETS)
    origin.branch(manifests("plain", BEFORE), head)
    file = WORKFLOWS / ci / "manifests.yml"
    env = {"RENDER": "plain", "OPTIONS": options}
    run = CI[ci](file, machine, origin, host, env=env)
    assert run.status == status, run.log
    assert f"exit {status}:" in run.log
    assert said in run.log
    (comment,) = host.comments.values()
    assert comment.startswith("<!-- trimtab:diff:manifests -->\n")
    assert artefacts(tmp_path / "machine" / "work") == OUTS
    if ci == "github":
        assert run.ran[-2:] == ("Send findings to code scanning", "Keep the reports")


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"FOLDER": "clusters/prdo"}, "neither side has clusters/prdo"),
        ({"RENDER": "kustomise"}, "RENDER is kustomise: write plain, kustomize or helm"),
        ({"REGION": "aws"}, "'aws' is no PROVIDER=REGION"),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_a_wrong_setting_fails_the_job_and_writes_no_comment(
    ci: str, env: Mapping[str, str], said: str, origin: Origin, host: CodeHost, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "machine", commands("plain"))
    origin.branch(manifests("plain", BEFORE), manifests("plain", AFTER))
    file = WORKFLOWS / ci / "manifests.yml"
    run = CI[ci](file, machine, origin, host, env={"RENDER": "plain", **env})
    assert run.status == 2
    assert said in run.log
    assert not host.comments


def test_a_fork_has_the_summary(ci: str, origin: Origin, host: CodeHost, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine", commands("plain"))
    origin.branch(manifests("plain", BEFORE), manifests("plain", AFTER))
    host.readonly = True
    file = WORKFLOWS / ci / "manifests.yml"
    run = CI[ci](file, machine, origin, host, env={"RENDER": "plain"}, fork=True)
    assert run.status == 0, run.log
    assert "no comment is written" in run.log
    assert not host.comments
    assert artefacts(tmp_path / "machine" / "work") == OUTS
    if ci == "github":
        assert "github/codeql-action/upload-sarif" not in run.used
        summary = tmp_path / "machine" / "temp" / "summary.md"
        assert summary.read_text().startswith("<!-- trimtab:diff:manifests -->")


def test_fetched_prices_go_before_those_of_the_package(
    origin: Origin, host: CodeHost, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "machine", commands("plain"))
    sku = {"armSkuName": "Standard_D4s_v5", "skuName": "D4s v5", "meterName": "D4s v5"}
    product = {"productName": "Virtual Machines Dsv5 Series"}
    offered = item("Virtual Machines", "eastus", 0.5, "1 Hour", **sku, **product)
    with serving(Prices(items=[offered])) as prices:
        run = github(
            WORKFLOWS / "github" / "prices.yml",
            machine,
            origin,
            host,
            env={"WHAT": "--provider azure --region eastus --service machines"},
            given={azure.VARIABLE: f"{prices.url}/api/retail/prices"},
        )
    assert run.status == 0, run.log
    assert prices.asked
    assert machine.installed() == ["pip install trimtab[live]==0.1.0"]
    cache = machine.home / ".cache" / "trimtab" / "prices"
    assert run.used["actions/cache/save"]["path"].replace("~", str(machine.home)) == str(cache)

    pool = {
        "apiVersion": "compute.azure.m.upbound.io/v1beta1",
        "kind": "LinuxVirtualMachine",
        "metadata": {"name": "x"},
        "spec": {"forProvider": {"location": "eastus", "size": "Standard_D4s_v5"}},
    }
    head = {"clusters/prod/machine.yaml": yaml.safe_dump(pool)}
    origin.branch(manifests("plain", BEFORE), head)
    file = WORKFLOWS / "github" / "manifests.yml"
    run = github(file, machine, origin, host, env={"RENDER": "plain"})
    assert run.status == 0, run.log
    (comment,) = host.comments.values()
    # 730 h at the fetched 0.50, not at the package's 0.192.
    assert "365.00" in comment
    assert f"fetched prices in {cache}" in comment
