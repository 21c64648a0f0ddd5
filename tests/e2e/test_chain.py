"""The whole chain on real demand: series -> plan -> priced Pulumi program -> Crossplane node groups.

Every consumer must show the plan's own numbers. The function reads the clock, so each real series is
moved in time to end at this hour; its values are as they were recorded.
"""

import csv
import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.capacity_function import COMMAND, capacity_function
from support.crossplane_cli import CrossplaneCli
from trimtab.plan import eks
from trimtab.plan.document import load_plan
from trimtab.plan.model import CapacityPlan
from trimtab.plan.sizing import Sizes, window_at

REPOSITORY = Path(__file__).parents[2]
TRIMTAB = REPOSITORY / ".venv" / "pulumi" / "bin" / "trimtab"
DATA = REPOSITORY.parent / "shared" / "data"
API = REPOSITORY / "functions" / "apis" / "nodegroupset"

SERIES = {
    "philly_nodes": ("--unit", "nodes"),
    "earth_vc6YE": ("--interruptible",),
    "servegen_m-large": ("--unit", "requests-per-second", "--units-per-accelerator", "2.5"),
}

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="the shared data is not here"),
    pytest.mark.skipif(not TRIMTAB.exists(), reason="the pulumi environment is not built"),
]


def trimtab(*arguments: str | Path) -> str:
    """What the command prints; fails with what it says when it refuses."""
    done = subprocess.run(
        [TRIMTAB, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def moved(source: Path, target: Path) -> None:
    """The series, its last step ending at this hour."""
    with source.open(newline="") as stream:
        header, *rows = list(csv.reader(stream))
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    first = hour - len(rows) * timedelta(hours=1)
    with target.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        for step, (_, *values) in enumerate(rows):
            writer.writerow([(first + timedelta(hours=step)).isoformat(), *values])


@pytest.fixture(scope="module", params=SERIES)
def plan_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plan of a real series against the real price table, on AWS."""
    folder = tmp_path_factory.mktemp(request.param)
    moved(DATA / "demand" / f"{request.param}.csv", folder / "demand.csv")
    out = folder / "plan.yaml"
    trimtab(
        "plan", "--demand", folder / "demand.csv", *SERIES[request.param],
        "--offers", DATA / "prices" / "offers.csv", "--provider", "aws", "--region", "us-east-1",
        "--name", "chain", "--out", out,
    )  # fmt: skip
    return out


@pytest.fixture(scope="module")
def now() -> datetime:
    """One instant for the module."""
    return datetime.now(UTC)


def sizes_by_name(plan: CapacityPlan, instant: datetime) -> dict[str, Sizes]:
    """What EKS must be asked for, by node group name."""
    found = {}
    for pool in plan.spec.pools:
        for group in pool.groups:
            window = window_at(group, instant)
            sizes = Sizes(window.min, window.desired, window.max)
            found[eks.node_group_name(pool, group)] = eks.accepted_sizes(sizes)
    return found


def test_the_preview_shows_the_plans_numbers(plan_file: Path) -> None:
    plan = load_plan(plan_file)
    shown = json.loads(
        trimtab("preview", "--stack", "cluster", "--plan", plan_file, "--format", "json")
    )
    node_groups = [r for r in shown["resources"] if r["type"] == "aws:eks/nodeGroup:NodeGroup"]
    assert shown["plan"]
    by_line = {r["plan_line"].split()[-1]: r for r in node_groups}
    expected_sizes = sizes_by_name(plan, plan.spec.start)
    for pool in plan.spec.pools:
        for group in pool.groups:
            row = by_line.pop(f"pools[{pool.name}].groups[{group.name}]")
            wanted = expected_sizes[eks.node_group_name(pool, group)]
            assert row["nodes"] == {
                "min": wanted.min,
                "desired": wanted.desired,
                "max": wanted.max,
            }
            assert row["purchase_option"] == group.purchase.option
            assert group.expected.usd_per_hour is not None
            # The machines are the plan's; their disks come on top.
            planned = [each for each in row["charges"] if each["basis"] == "plan"]
            assert sum(each["usd_per_month_expected"] for each in planned) == pytest.approx(
                group.expected.usd_per_hour * 730, abs=0.01
            )
    assert by_line == {}


@pytest.fixture(scope="module")
def function_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The function as a process, served as `crossplane render` calls it."""
    if not COMMAND.exists():
        pytest.skip("the function environment is not built")
    with capacity_function(tmp_path_factory.mktemp("function")) as serving:
        yield serving.target


@pytest.mark.engine
def test_crossplane_composes_the_plans_numbers(
    plan_file: Path, crossplane: CrossplaneCli, function_target: str, now: datetime
) -> None:
    plan = load_plan(plan_file)
    document: dict[str, Any] = yaml.safe_load(plan_file.read_text())
    document["metadata"]["namespace"] = "ml"
    xr = {
        "apiVersion": "platform.trimtab.dev/v1alpha1",
        "kind": "NodeGroupSet",
        "metadata": {"name": "chain", "namespace": "ml"},
        "spec": {
            "planRef": {"name": "chain"},
            "pools": [pool.name for pool in plan.spec.pools],
            "clusterName": "chain",
            "region": "us-east-1",
            "nodeRoleArn": "arn:aws:iam::111122223333:role/node",
            "subnetIds": ["subnet-0a1b2c3d", "subnet-4e5f6a7b"],
        },
    }
    rendered = crossplane.render(
        xr,
        API / "composition.yaml",
        {"function-trimtab-capacity": function_target},
        required_resources=document,
        xrd=API / "definition.yaml",
    )
    composed = {
        each["metadata"]["annotations"]["crossplane.io/external-name"]: each["spec"]
        for each in rendered
        if each["kind"] == "NodeGroup"
    }
    shown = {
        name: Sizes(
            spec["forProvider"]["scalingConfig"]["minSize"],
            spec["initProvider"]["scalingConfig"]["desiredSize"],
            spec["forProvider"]["scalingConfig"]["maxSize"],
        )
        for name, spec in composed.items()
    }
    assert shown == sizes_by_name(plan, now)
    capacity_types = {
        eks.node_group_name(pool, group): eks.capacity_type(group)
        for pool in plan.spec.pools
        for group in pool.groups
    }
    assert {
        name: spec["forProvider"]["capacityType"] for name, spec in composed.items()
    } == capacity_types
