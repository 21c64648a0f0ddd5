"""What a plain diff leaves alone: libraries that only other inputs need, and other providers' tables.

Start-up is a third of the time of a diff of 1,000 resources. Nothing is timed here: what is imported and
opened decides.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAVY = ("boto3", "numpy", "pydantic", "rich", "typer", "yaml")
SCRIPT = """
import json, sys
opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
from trimtab.cli.main import main
status = main(sys.argv[1:])
print(json.dumps([status, sorted({name.partition(".")[0] for name in sys.modules}), opened]))
"""
AWS = {"instanceType": "m5.large", "ami": "ami-1"}
CONTAINER = {"name": "web", "image": "web", "resources": {"requests": {"cpu": "1"}}}
DEPLOYMENT: dict[str, Any] = {
    "metadata": {"name": "web"},
    "spec": {"replicas": 3, "template": {"spec": {"containers": [CONTAINER]}}},
}
STEPS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "aws": [
        ("aws:ec2/instance:Instance", AWS),
        ("aws:s3/bucketV2:BucketV2", {"bucket": "logs"}),
        ("aws:lambda/function:Function", {"memorySize": 512}),
        ("aws:iam/role:Role", {"name": "web"}),
    ],
    "azure": [
        ("azure:compute/linuxVirtualMachine:LinuxVirtualMachine", {"size": "Standard_D4s_v5"}),
        ("azure:core/resourceGroup:ResourceGroup", {"location": "eastus"}),
    ],
    "gcp": [
        (
            "gcp:compute/instance:Instance",
            {"machineType": "n2-standard-4", "zone": "us-central1-a"},
        ),
        ("gcp:serviceaccount/account:Account", {"accountId": "web"}),
    ],
    "kubernetes": [
        ("kubernetes:apps/v1:Deployment", DEPLOYMENT),
        ("kubernetes:batch/v1:Job", DEPLOYMENT),
        ("kubernetes:core/v1:ConfigMap", {"metadata": {"name": "web"}}),
    ],
}


def preview(steps: list[tuple[str, dict[str, Any]]]) -> str:
    made = []
    for number, (token, inputs) in enumerate(steps):
        urn = f"urn:pulumi:prod::shop::{token}::r{number}"
        state = {"urn": urn, "type": token, "custom": True, "inputs": inputs}
        made.append({"op": "create", "urn": urn, "newState": state})
    config = {"aws:region": "us-east-1", "azure:location": "eastus", "gcp:region": "us-central1"}
    return json.dumps({"config": config, "steps": made, "changeSummary": {"create": len(made)}})


def diff(path: Path, *options: str) -> tuple[set[str], list[str]]:
    """The libraries that a diff imports, and the tables that it opens."""
    fixed = ["--as-of", "2026-11-01", "--prices", "built-in", *options]
    command = [sys.executable, "-c", SCRIPT, "diff", str(path), *fixed]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    status, modules, opened = json.loads(result.stdout.splitlines()[-1])
    assert status == 0, result.stderr
    return set(modules), [name for name in opened if name.endswith(".csv")]


@pytest.mark.parametrize("provider", STEPS)
def test_a_plain_diff_imports_no_library_and_opens_no_other_providers_tables(
    tmp_path: Path, provider: str
) -> None:
    path = tmp_path / "preview.json"
    path.write_text(preview(STEPS[provider]))
    modules, tables = diff(path)
    assert modules.isdisjoint(HEAVY), modules & set(HEAVY)
    places = [Path(name).parts[-4:] for name in tables]
    strange = [
        place
        for place in places
        if any(
            part == other or part.startswith((f"{other}_", f"{other}."))
            for part in place
            for other in STEPS
            if other != provider
        )
    ]
    assert strange == []
    assert any(provider in part for place in places for part in place)


@pytest.mark.parametrize("ending", ["json", "md", "sarif", "xml", "html"])
def test_every_form_is_written_without_them_too(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "preview.json"
    path.write_text(preview(STEPS["aws"]))
    modules, _ = diff(path, "--out", str(tmp_path / f"out.{ending}"))
    assert modules.isdisjoint(HEAVY), modules & set(HEAVY)
