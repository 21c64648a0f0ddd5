"""`trimtab plan`: what it writes, what it says, and what it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from support.cli import Cli, write_series
from trimtab.errors import ExitCode
from trimtab.plan.document import load_plan

MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  annotations: {{{annotations}}}
spec:
  replicas: 4
  template:
    spec:
      containers:
        - name: main
          resources: {{limits: {{{resource}: 1, cpu: "4", memory: 16Gi}}}}
"""
HEADER = (
    "provider,region,instance_type,vcpu,memory_gib,accelerator,accelerator_count,"
    "on_demand_usd_hour,spot_usd_hour,reserved_1y_usd_hour,reserved_3y_usd_hour,as_of,source\n"
)
ROW = (
    "aws,us-east-1,p4d.24xlarge,96,1152,a100-40gb,8,{on_demand},{spot},{one},{three},{as_of},test\n"
)


def manifest(name: str, annotations: str = "", resource: str = "nvidia.com/gpu") -> str:
    return MANIFEST.format(name=name, annotations=annotations, resource=resource)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with series, workloads and a price table."""
    monkeypatch.chdir(tmp_path)
    write_series(tmp_path / "gpus.csv")
    write_series(tmp_path / "rps.csv", level=12)
    write_series(tmp_path / "replicas.csv", level=12)
    write_series(tmp_path / "series.csv")
    write_series(tmp_path / "a=b.csv")
    write_series(tmp_path / "brief.csv", days=3)
    two = [manifest("train"), manifest("batch", 'trimtab.dev/interruptible: "true"')]
    (tmp_path / "two.yaml").write_text("---\n".join(two), encoding="utf-8")
    stated = "trimtab.dev/units-per-accelerator: '3'"
    serve = [manifest("chat", stated), manifest("search")]
    (tmp_path / "serve.yaml").write_text("---\n".join(serve), encoding="utf-8")
    (tmp_path / "spaced.yaml").write_text(
        manifest("train", "trimtab.dev/team: Foundation Models"), encoding="utf-8"
    )
    labelled = manifest("train").replace(
        "containers", "nodeSelector: {tier: a b}\n      containers"
    )
    (tmp_path / "label.yaml").write_text(labelled, encoding="utf-8")
    (tmp_path / "named.yaml").write_text(manifest("Train_1"), encoding="utf-8")
    row = ROW.format(on_demand=30, spot=10, one=18, three=12, as_of="2026-05-01")
    (tmp_path / "offers.csv").write_text(HEADER + row, encoding="utf-8")
    old = ROW.format(on_demand=30, spot="", one="", three="", as_of="2021-05-01")
    (tmp_path / "old.csv").write_text(HEADER + old, encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_a_series_alone_becomes_a_plan_that_states_what_was_assumed(cli: Cli) -> None:
    ran = cli("plan", "--demand", "series.csv", "--offers", "offers.csv", "--out", "plan.yaml")
    assert (ran.status, ran.out) == (ExitCode.OK, "")
    plan = load_plan(Path("plan.yaml"))
    (pool,) = plan.spec.pools
    assert (plan.metadata.name, pool.name, pool.unit) == ("series", "series", "gpus")
    assert {group.name: group.windows[0].max for group in pool.groups} == {
        "reserved": 10,
        "on-demand": 0,
    }
    for said in (
        "assumed: as of: 2026-07-01T00:00:00Z, where the series ends",
        "assumed: unit gpus: nothing says otherwise",
        "assumed: accelerator: a100 assumed",
        "assumed: offers: 1 take emissions or interruption bands that offers.csv lacks",
        "note: series: proposes to commit 10 x p4d.24xlarge for 1y, $1,576,800 in all",
        f"wrote plan.yaml: plan series ({plan.digest}) for aws us-east-1",
        "series: $180 ($180 to $180) an hour, $131,400 ($131,400 to $131,400) a month",
        "series: 40% cheaper than all on-demand; as dear as the best residual Cost-Explorer; ",
        "0.00% of demand expected unmet, 1.00% tolerated",
    ):
        assert said in ran.err


@pytest.mark.usefixtures("folder")
def test_stdout_takes_the_plan_and_stderr_the_rest(cli: Cli) -> None:
    ran = cli("plan", "--demand", "gpus.csv", "--offers", "offers.csv")
    assert ran.status == ExitCode.OK
    assert yaml.safe_load(ran.out)["kind"] == "CapacityPlan"
    assert "wrote stdout: plan gpus" in ran.err


@pytest.mark.usefixtures("folder")
def test_the_same_inputs_give_the_same_bytes_and_another_form_of_summary(cli: Cli) -> None:
    arguments = ["plan", "--demand", "gpus.csv", "--offers", "offers.csv"]
    text = cli(*arguments).out
    ran = cli(*arguments, "--out", "plan.yaml", "--format", "json")
    assert Path("plan.yaml").read_text("utf-8") == text
    data = json.loads(ran.out)
    (pool,) = data["pools"]
    assert data["file"] == "plan.yaml"
    assert data["valid_until"] == "2026-07-08T00:00:00Z"
    assert pool["usd_per_hour"] == {"mean": 180.0, "low": 180.0, "high": 180.0}
    assert pool["usd_per_month"]["mean"] == pytest.approx(180 * 730)
    assert pool["usd_per_hour_unapproved"]["mean"] == pytest.approx(300)
    assert pool["saving_on_all_on_demand"] == pytest.approx(0.4)
    assert pool["saving_on_residual_cost_explorer"] == pytest.approx(0.0)
    assert [group["purchase_option"] for group in pool["groups"]] == ["reserved", "on-demand"]
    assert data["commitments"][0]["quantity"] == 10
    assert "─" not in ran.err


@pytest.mark.usefixtures("folder")
def test_workloads_share_one_series_and_one_pool_named_after_their_file(cli: Cli) -> None:
    ran = cli(
        *("plan", "--demand", "gpus.csv", "--workloads", "two.yaml", "--offers", "offers.csv"),
        *("--out", "plan.yaml", "--region", "us-east-1"),
        *("--zone", "us-east-1a", "--zone", "us-east-1b", "--zone", "us-east-1a"),
    )
    assert ran.status == ExitCode.OK, ran.err
    plan = load_plan(Path("plan.yaml"))
    (pool,) = plan.spec.pools
    assert (pool.name, pool.workloads) == ("two", ("train", "batch"))
    assert pool.interruptible_share == 0.5
    assert plan.spec.site.zones == ("us-east-1a", "us-east-1b")
    spot = next(group for group in pool.groups if group.name == "spot")
    assert spot.purchase.pools == 2  # type: ignore[union-attr]
    assert plan.spec.evidence.inputs[1].name == "two.yaml"


@pytest.mark.usefixtures("folder")
def test_a_named_series_for_each_workload_makes_a_pool_for_each(cli: Cli) -> None:
    ran = cli(
        *("plan", "--demand", "train=gpus.csv", "--demand", "batch=a=b.csv", "--name", "both"),
        *("--workloads", "two.yaml", "--offers", "offers.csv", "--out", "plan.yaml"),
    )
    assert ran.status == ExitCode.OK, ran.err
    plan = load_plan(Path("plan.yaml"))
    assert plan.metadata.name == "both"
    assert [(p.name, p.workloads) for p in plan.spec.pools] == [
        ("train", ("train",)),
        ("batch", ("batch",)),
    ]


@pytest.mark.usefixtures("folder")
def test_a_workloads_own_throughput_wins_and_the_option_serves_the_others(cli: Cli) -> None:
    ran = cli(
        *("plan", "--demand", "chat=rps.csv", "--demand", "search=rps.csv"),
        *("--workloads", "serve.yaml", "--units-per-accelerator", "6"),
        *("--offers", "offers.csv", "--out", "plan.yaml"),
    )
    assert ran.status == ExitCode.OK, ran.err
    plan = load_plan(Path("plan.yaml"))
    assert [p.groups[0].units_per_node for p in plan.spec.pools] == [24.0, 48.0]
    noted = "chat: its own 3 requests per second an accelerator count, not the 6 of"
    assert any(sentence.startswith(noted) for sentence in plan.spec.evidence.assumptions)


@pytest.mark.usefixtures("folder")
def test_the_path_of_a_series_may_hold_an_equals_sign(cli: Cli) -> None:
    ran = cli("plan", "--demand", "a=b.csv", "--offers", "offers.csv", "--out", "plan.yaml")
    assert ran.status == ExitCode.OK
    assert load_plan(Path("plan.yaml")).metadata.name == "a-b"


@pytest.mark.usefixtures("folder")
def test_short_evidence_binds_nothing_and_old_prices_are_said_to_be_old(cli: Cli) -> None:
    ran = cli("plan", "--demand", "brief.csv", "--offers", "old.csv", "--horizon", "36h")
    assert ran.status == ExitCode.OK
    assert (
        "note: brief: nothing is committed: no commitment of an allowed term is on sale below list price"
        in ran.err
    )
    assert "assumed: prices: of 2021-05-01 to 2021-05-01, taken to hold at" in ran.err
    assert yaml.safe_load(ran.out)["spec"]["validUntil"] == "2026-06-05T12:00:00Z"


@pytest.mark.usefixtures("folder")
def test_nothing_after_the_as_of_instant_is_seen(cli: Cli) -> None:
    options = ["--offers", "offers.csv", "--name", "x", "--as-of", "2026-06-20T00:30:00Z"]
    ran = cli("plan", "--demand", "gpus.csv", *options)
    spec = yaml.safe_load(ran.out)["spec"]
    assert (spec["asOf"], spec["start"]) == ("2026-06-20T00:30:00Z", "2026-06-20T01:00:00Z")
    assert "456 h up to 2026-06-20T00:00:00Z" in spec["evidence"]["inputs"][0]["detail"]


def test_standard_input_is_read_by_a_process_of_its_own(folder: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("trimtab")),
        *("plan", "--demand", "-", "--offers", "offers.csv", "--out", "plan.yaml"),
        *("--unit", "gpus", "--format", "json"),
    ]
    ran = subprocess.run(
        command,
        cwd=folder,
        input=(folder / "gpus.csv").read_bytes(),
        capture_output=True,
        check=False,
    )
    assert ran.returncode == ExitCode.OK, ran.stderr
    assert json.loads(ran.stdout)["name"] == "stdin"
    assert load_plan(folder / "plan.yaml").spec.evidence.inputs[0].name == "stdin"


REFUSED: list[tuple[str, str, int, str]] = [
    ("no such series", "--demand nope.csv", 2, "nope.csv: no such file"),
    ("no such workloads", "--demand gpus.csv --workloads nope.yaml", 2, "nope.yaml: no such file"),
    ("no such offers", "--demand gpus.csv --offers nope.csv", 2, "nope.csv: no such file"),
    ("an empty name", "--demand =gpus.csv", 2, "--demand: '=gpus.csv' has no name before ="),
    ("an empty file", "--demand train=", 2, "--demand: 'train=' names no file; write NAME=FILE"),
    (
        "several series without names",
        "--demand gpus.csv --demand rps.csv",
        2,
        "--demand: gpus.csv has no name beside other series; write NAME=gpus.csv",
    ),
    ("one name twice", "--demand a=gpus.csv --demand a=rps.csv", 2, "name a is given twice"),
    ("stdin twice", "--demand a=- --demand b=-", 2, "standard input - is given twice"),
    (
        "names that make one pool",
        "--demand a_b=gpus.csv --demand a.b=gpus.csv",
        2,
        "two series would make the pool a-b",
    ),
    (
        "an unknown workload",
        "--demand trian=gpus.csv --workloads two.yaml",
        2,
        "no workload 'trian' in two.yaml; name one of: batch, train",
    ),
    (
        "a workload without a series",
        "--demand train=gpus.csv --workloads two.yaml",
        2,
        "no series for workload batch of two.yaml; add --demand batch=FILE",
    ),
    (
        "an owner that can be no label",
        "--demand gpus.csv --workloads spaced.yaml",
        2,
        "Kubernetes takes no 'Foundation Models' as the owner's team of workload train",
    ),
    (
        "a selected label that is none",
        "--demand gpus.csv --workloads label.yaml",
        2,
        "Kubernetes takes no 'a b' as the value of selected label tier of workload train; use up",
    ),
    (
        "a name that is none",
        "--demand gpus.csv --workloads named.yaml",
        2,
        "Kubernetes takes no 'Train_1' as the name of workload Train_1",
    ),
    (
        "requests without a throughput",
        "--demand rps.csv",
        2,
        "--unit requests-per-second: requests per second need a stated throughput",
    ),
    (
        "requests without a throughput of a workload's",
        "--demand rps.csv --workloads two.yaml",
        2,
        "no throughput of workload train on",
    ),
    ("replicas of no size", "--demand replicas.csv", 2, "a replica has no size without a workload"),
    (
        "a throughput of GPUs",
        "--demand gpus.csv --units-per-accelerator 2",
        2,
        "--units-per-accelerator: has no meaning for demand in gpus",
    ),
    (
        "a throughput of nothing",
        "--demand rps.csv --units-per-accelerator 0",
        2,
        "--units-per-accelerator: 0 is no throughput; give a positive number",
    ),
    (
        "a throughput that is NaN",
        "--demand rps.csv --units-per-accelerator nan",
        2,
        "--units-per-accelerator: nan is no throughput",
    ),
    (
        "an unknown accelerator",
        "--demand gpus.csv --accelerator a10000",
        2,
        "--accelerator: unknown accelerator 'a10000'; did you mean a100?",
    ),
    (
        "an accelerator beside workloads",
        "--demand gpus.csv --workloads two.yaml --accelerator a100",
        2,
        "--accelerator: speaks of an assumed workload, and --workloads gives real ones",
    ),
    (
        "interruptible beside workloads",
        "--demand gpus.csv --workloads two.yaml --interruptible",
        2,
        "state it with the annotation trimtab.dev/interruptible",
    ),
    ("no instant", "--demand gpus.csv --as-of soon", 2, "--as-of: 'soon' is no ISO 8601 instant"),
    (
        "an instant before the series",
        "--demand gpus.csv --as-of 2026-06-01",
        2,
        "gpus.csv: before 2026-06-01T00:00:00Z the series is too short",
    ),
    (
        "an instant long after the series",
        "--demand gpus.csv --as-of 2026-12-01",
        2,
        "too old to plan 7 d from; export newer demand",
    ),
    ("no duration", "--demand gpus.csv --horizon week", 2, "--horizon: 'week' is no duration"),
    ("a fraction", "--demand gpus.csv --horizon 1.5d", 2, "--horizon: '1.5d' is no duration"),
    ("part of an hour", "--demand gpus.csv --horizon 90min", 2, "in whole hours"),
    ("no horizon", "--demand gpus.csv --horizon 0h", 2, "is not from 1h to 31 d"),
    ("a year ahead", "--demand gpus.csv --horizon 365d", 2, "is not from 1h to 31 d"),
    ("a gap of no length", "--demand gpus.csv --max-gap=-1h", 2, "--max-gap: '-1h' is no duration"),
    (
        "an unknown provider",
        "--demand gpus.csv --provider asw",
        2,
        "--provider: 'asw' is not in built-in offers; did you mean aws? use one of aws, azure, gcp",
    ),
    (
        "an unknown region",
        "--demand gpus.csv --offers offers.csv --region us-west-9",
        2,
        "--region: 'us-west-9' is not in offers.csv; did you mean us-east-1?",
    ),
    (
        "a provider without the region",
        "--demand gpus.csv --provider gcp --region us-east-1",
        3,
        "no offer is at gcp us-east-1",
    ),
    (
        "an accelerator that nobody offers",
        "--demand gpus.csv --offers offers.csv --accelerator h100",
        3,
        "no offer suits",
    ),
    ("zones of no region", "--demand gpus.csv --zone us-east-1a", 2, "zones belong to one region"),
    (
        "zones of two regions",
        "--demand gpus.csv --zone us-east-1a --region us-east-1 --region us-west-2",
        2,
        "--zone: zones belong to one region",
    ),
    (
        "a zone elsewhere",
        "--demand gpus.csv --zone eu-west-1a --region us-east-1",
        2,
        "--zone: 'eu-west-1a' is no zone of us-east-1",
    ),
    ("no name", "--demand gpus.csv --name My_Plan", 2, "--name: 'My_Plan' is no name for a plan"),
    ("a folder", "--demand gpus.csv --out .", 2, "--out .: is a folder"),
    (
        "no folder",
        "--demand gpus.csv --out none/plan.yaml",
        2,
        "--out none/plan.yaml: its folder does not exist; make none first",
    ),
    (
        "an input",
        "--demand gpus.csv --out gpus.csv",
        2,
        "is an input, which the plan would replace",
    ),
    ("an input with =", "--demand a=b.csv --out a=b.csv", 2, "--out a=b.csv: is an input"),
    ("a named input", "--demand a=gpus.csv --out gpus.csv", 2, "--out gpus.csv: is an input"),
    (
        "JSON where the plan goes",
        "--demand gpus.csv --format json",
        2,
        "--format: json prints the summary on stdout, where the plan would go",
    ),
]


@pytest.mark.parametrize(
    ("arguments", "status", "phrase"),
    [case[1:] for case in REFUSED],
    ids=[case[0] for case in REFUSED],
)
def test_what_is_refused_names_the_option_and_leaves_the_old_plan(
    cli: Cli, folder: Path, arguments: str, status: int, phrase: str
) -> None:
    words = arguments.split()
    if "--out" not in words and "json" not in words:
        words += ["--out", "plan.yaml"]
    (folder / "plan.yaml").write_text("the old plan", encoding="utf-8")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    cli.refused(["plan", *words], status, phrase)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        ([], "'--demand'"),
        (["--demand", "gpus.csv", "--unit", "gallons"], "'gpus', 'nodes', 'vcpus', 'replicas'"),
        (["--demand", "gpus.csv", "--term", "2y"], "'1y', '3y'"),
        (["--demand", "gpus.csv", "--hoirzon", "7d"], "--horizon"),
    ],
    ids=["no series", "an unknown unit", "an unknown term", "a misspelt option"],
)
@pytest.mark.usefixtures("folder")
def test_options_that_are_no_options_are_refused_with_what_is_allowed(
    cli: Cli, arguments: list[str], phrase: str
) -> None:
    ran = cli("plan", *arguments)
    assert ran.status == ExitCode.BAD_INPUT
    assert phrase in ran.err


@pytest.mark.usefixtures("folder")
def test_a_series_of_many_gaps_keeps_the_plan_within_its_bounds(cli: Cli) -> None:
    rows = write_series(Path("holes.csv"), days=320).read_text("utf-8").splitlines()
    kept = [row for i, row in enumerate(rows) if i % 25 != 8]
    Path("holes.csv").write_text("\n".join(kept) + "\n", "utf-8")
    ran = cli("plan", "--demand", "holes.csv", "--offers", "offers.csv", "--out", "plan.yaml")
    assert ran.status == ExitCode.OK, ran.err
    repairs = load_plan(Path("plan.yaml")).spec.evidence.repairs
    assert "repaired: holes: Gap from 2026-06-01T07:00:00Z" in ran.err
    assert (len(repairs), repairs[-1]) == (240, "holes: and 68 more of the kind")
