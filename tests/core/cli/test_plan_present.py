"""`trimtab plan` with what is there and what is to come: inventory, the plan before, events."""

import json
from pathlib import Path

import pytest

from support.cli import Cli, write_series
from trimtab.plan.document import load_plan

OFFERS = (
    "provider,region,instance_type,vcpu,memory_gib,accelerator,accelerator_count,"
    "on_demand_usd_hour,spot_usd_hour,reserved_1y_usd_hour,reserved_3y_usd_hour,as_of,source\n"
    "aws,us-east-1,p4d.24xlarge,96,1152,a100-40gb,8,30,10,18,12,2026-05-01,test\n"
)
INVENTORY = """\
apiVersion: trimtab.dev/v1alpha1
kind: CapacityInventory
spec:
  reserved:
    - {id: ri-1, provider: aws, region: us-east-1, instanceType: p4d.24xlarge, quantity: 4,
       usdPerHour: 18, term: 1y, starts: 2026-01-01, expires: 2027-01-01}
    - {id: ri-2, provider: aws, region: us-east-1, instanceType: p4d.24xlarge, quantity: 2,
       usdPerHour: 18, term: 1y, starts: 2026-01-01, expires: 2027-01-01, pool: batch}
  running: [{pool: gpus, group: on-demand, nodes: 25}]
"""
EVENTS = """\
apiVersion: trimtab.dev/v1alpha1
kind: DemandEvents
spec:
  events:
    - {name: launch, start: 2026-07-02T00:00:00Z, multiply: 2, appliesTo: [gpus]}
"""
PLAN = ("plan", "--demand", "gpus.csv", "--offers", "offers.csv", "--out", "plan.yaml")


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder with a series, offers, an inventory and events."""
    monkeypatch.chdir(tmp_path)
    write_series(tmp_path / "gpus.csv")
    (tmp_path / "offers.csv").write_text(OFFERS, encoding="utf-8")
    (tmp_path / "held.yaml").write_text(INVENTORY, encoding="utf-8")
    (tmp_path / "events.yaml").write_text(EVENTS, encoding="utf-8")
    return tmp_path


def test_what_is_held_is_said_and_only_the_rest_proposed(cli: Cli) -> None:
    ran = cli(*PLAN, "--inventory", "held.yaml", "--format", "json")
    data = json.loads(ran.out)
    assert data["commitments"][0]["quantity"] == 6
    assert [(row["id"], row["decision"]) for row in data["held"]] == [
        ("ri-1", "used"),
        ("ri-2", "idle"),
    ]
    for said in (
        "assumed: inventory: pool batch has ri-2 and is none of this plan's: passed over",
        "note: no pool: ri-2 (2 nodes): idle: no pool batch is planned",
        "note: gpus: on-demand (runs 25): ",
    ):
        assert said in ran.err
    kinds = [each.kind for each in load_plan(Path("plan.yaml")).spec.evidence.inputs]
    assert kinds == ["demand", "offers", "inventory"]


def test_the_plan_before_keeps_its_site_and_its_approved_lines(cli: Cli, folder: Path) -> None:
    assert cli(*PLAN).status == 0
    line = load_plan(Path("plan.yaml")).spec.commitments[0]
    (folder / "approved").mkdir()
    (folder / "approved" / "q3.yaml").write_text(
        "apiVersion: trimtab.dev/v1alpha1\nkind: CommitmentApproval\nmetadata: {name: q3}\n"
        f"spec: {{plan: gpus, commitment: '{line.digest}', quantity: 10, ceilingUsdPerHour: 18,\n"
        "  approvedBy: finops, approvedAt: 2026-06-30, expires: 2026-08-01}\n",
        encoding="utf-8",
    )
    ran = cli(*PLAN, "--previous", "plan.yaml", "--approvals", "approved")
    assert ran.status == 0
    plan = load_plan(Path("plan.yaml"))
    assert plan.spec.commitments == ()
    assert [row.id for row in plan.spec.evidence.held or ()] == ["approval q3"]
    assert "assumed: site: where the cluster is already" in ran.err


def test_a_pool_that_is_planned_no_more_is_named(cli: Cli) -> None:
    assert cli(*PLAN).status == 0
    ran = cli(*PLAN, "--previous", "plan.yaml", "--name", "other")
    assert (
        "assumed: previous: pool gpus is planned no more: its groups go with this plan" in ran.err
    )


def test_a_launch_ahead_raises_the_sizes(cli: Cli) -> None:
    ran = cli(*PLAN, "--events", "events.yaml")
    assert ran.status == 0
    (pool,) = load_plan(Path("plan.yaml")).spec.pools
    first, last = (sum(g.windows[at].desired for g in pool.groups) for at in (0, -1))
    assert first <= 11
    assert last >= 20
    assert "assumed: events: launch: expected as their file says" in ran.err


def test_hours_at_their_limit_are_said_and_plan_for_more(cli: Cli, folder: Path) -> None:
    rows = (folder / "gpus.csv").read_text("utf-8").splitlines()
    waves = [60 + 10 * (hour % 24 > 11) + hour % 7 for hour in range(len(rows) - 1)]
    stamps = [row.partition(",")[0] for row in rows[1:]]
    for name, limit in (("capped", "68"), ("blind", "999")):
        lines = [f"{at},{min(x, 68)},{limit}" for at, x in zip(stamps, waves, strict=True)]
        text = "\n".join(["timestamp,demand,limit", *lines]) + "\n"
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    found = {}
    for name in ("capped", "blind"):
        ran = cli(
            *("plan", "--demand", f"{name}.csv", "--unit", "gpus", "--offers", "offers.csv"),
            *("--out", f"{name}.yaml"),
        )
        assert ran.status == 0, ran.err
        (pool,) = load_plan(Path(f"{name}.yaml")).spec.pools
        found[name] = pool.expected.demand.mean, "stood at their limit" in ran.err
    assert found["capped"][0] > found["blind"][0]
    assert (found["capped"][1], found["blind"][1]) == (True, False)


LIMITS = """\
apiVersion: trimtab.dev/v1alpha1
kind: PlanningLimits
spec:
  commitments: {usdPerHour: 100, terms: [1y]}
  clients: [{workload: chat, regions: [eu]}]
"""
CHAT = """\
apiVersion: trimtab.dev/v1alpha1
kind: Workload
metadata: {name: chat}
spec: {resources: {nvidia.com/gpu: 1}, replicas: 4, latencyMs: LATENCY}
"""


def chat(folder: Path, latency_ms: int) -> tuple[str, ...]:
    """The options of a workload with a latency bound, its limits and a latency table."""
    (folder / "chat.yaml").write_text(CHAT.replace("LATENCY", str(latency_ms)), encoding="utf-8")
    (folder / "limits.yaml").write_text(LIMITS, encoding="utf-8")
    rows = "from_region,to_region,rtt_ms\neu,us-east-1,80\neu,us-west-2,140\n"
    (folder / "rtt.csv").write_text(rows, encoding="utf-8")
    return ("--workloads", "chat.yaml", "--limits", "limits.yaml", "--latency", "rtt.csv")


def test_limits_and_latency_hold_and_are_said(cli: Cli, folder: Path) -> None:
    ran = cli(*PLAN, *chat(folder, 100))
    assert ran.status == 0, ran.err
    plan = load_plan(Path("plan.yaml"))
    assert sum(line.quantity for line in plan.spec.commitments) == 5
    assert "assumed: chat: regions within 100 ms of its users on offer: 1" in ran.err
    kinds = [each.kind for each in plan.spec.evidence.inputs]
    assert kinds == ["demand", "workloads", "offers", "limits", "latency"]


def test_a_latency_bound_that_no_region_keeps_is_infeasible(cli: Cli, folder: Path) -> None:
    phrase = (
        "no region on offer is within 50 ms of the users of chat in eu; the nearest, us-east-1,"
    )
    cli.refused((*PLAN, *chat(folder, 50)), 3, phrase)


def test_a_term_that_the_limits_forbid_is_a_contradiction(cli: Cli, folder: Path) -> None:
    phrase = "spec.commitments.terms: allows commitments of 1y only, and 3y is asked for"
    cli.refused((*PLAN, *chat(folder, 100), "--term", "3y"), 2, phrase)


REFUSED = {
    "approvals without their plan": (
        ("--approvals", "approved.yaml"), "an approval names a plan's line by its digest",
    ),
    "an event of another pool": (("--events", "other.yaml"), "event launch concerns 'chat'"),
    "an inventory that is none": (("--inventory", "events.yaml"), "kind: is DemandEvents"),
    "a plan of later": (
        ("--previous", "plan.yaml", "--as-of", "2026-06-20T00:00:00Z"),
        "was made as of 2026-07-01T00:00:00Z, after this one's instant",
    ),
    "the inventory as the output": (
        ("--inventory", "held.yaml", "--out", "held.yaml"), "is an input, which the plan would ",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("options", "phrase"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_go_together(
    cli: Cli, folder: Path, options: tuple[str, ...], phrase: str
) -> None:
    digest = "sha256:" + "0" * 64
    (folder / "approved.yaml").write_text(
        "apiVersion: trimtab.dev/v1alpha1\nkind: CommitmentApproval\nmetadata: {name: q3}\n"
        f"spec: {{plan: gpus, commitment: '{digest}', quantity: 10, ceilingUsdPerHour: 18,\n"
        "  approvedBy: finops, approvedAt: 2026-06-30, expires: 2026-08-01}\n",
        encoding="utf-8",
    )
    (folder / "other.yaml").write_text(EVENTS.replace("gpus", "chat"), encoding="utf-8")
    if "plan.yaml" in options:
        assert cli(*PLAN).status == 0
    cli.refused((*PLAN, *options), 2, phrase)
