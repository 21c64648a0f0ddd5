"""`trimtab diff` as a process: `make bench ARGS="diff_speed"`, start-up, reading, pricing and writing.

Previews of 1,000, 2,000, 5,000 and 10,000 resources of thirty kinds, two thirds untouched, as `pulumi preview
--json --show-sames` writes them; every billable one must come out with a price. A last one of 10,000 has
outputs of 4 kB on each side, 100 MB in all. Python's compiled modules are kept beside the previews, as an
installed package has them. `--beside COMMAND` runs another tool on the same file of 1,000, turn by turn with
Trimtab, such as `--beside "finfocus cost projected --pulumi-json {}"`.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Figure, Run, print_figures, run, runs

SIZES = (1_000, 2_000, 5_000, 10_000)
TIMES = 5
LONG = 4_500
"""Bytes of outputs on each side of a resource of the largest preview."""
TAGS = {"team": "ml", "project": "search", "environment": "prod"}
KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("aws:ec2/instance:Instance", {"instanceType": "m5.large", "ami": "ami-1"}),
    ("aws:ebs/volume:Volume", {"size": 100, "type": "gp3", "availabilityZone": "us-east-1a"}),
    ("aws:s3/bucketV2:BucketV2", {"bucket": "logs"}),
    ("aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": "application"}),
    (
        "aws:rds/instance:Instance",
        {"instanceClass": "db.t3.medium", "engine": "postgres", "allocatedStorage": 100},
    ),
    ("aws:iam/role:Role", {"assumeRolePolicy": json.dumps({"Statement": ["x" * 400]})}),
    (
        "aws:eks/nodeGroup:NodeGroup",
        {
            "instanceTypes": ["m5.xlarge"],
            "scalingConfig": {"minSize": 1, "desiredSize": 2, "maxSize": 5},
        },
    ),
    ("aws:lambda/function:Function", {"memorySize": 512, "runtime": "python3.13"}),
    ("aws:ec2/natGateway:NatGateway", {"subnetId": "subnet-1"}),
    ("aws:dynamodb/table:Table", {"billingMode": "PAY_PER_REQUEST", "hashKey": "id"}),
    ("aws:eks/cluster:Cluster", {"version": "1.36"}),
    ("aws:kms/key:Key", {"description": "secrets"}),
    ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 14}),
    ("aws:sqs/queue:Queue", {"name": "jobs"}),
    ("aws:ec2/securityGroup:SecurityGroup", {"vpcId": "vpc-1"}),
    ("aws:ec2/subnet:Subnet", {"cidrBlock": "10.0.0.0/24"}),
    (
        "aws:autoscaling/group:Group",
        {
            "minSize": 0,
            "maxSize": 10,
            "desiredCapacity": 3,
            "mixedInstancesPolicy": {
                "launchTemplate": {
                    "launchTemplateSpecification": {"launchTemplateName": "web"},
                    "overrides": [{"instanceType": "m5.large"}, {"instanceType": "m5a.large"}],
                }
            },
        },
    ),
    ("aws:elasticache/cluster:Cluster", {"nodeType": "cache.t3.micro", "numCacheNodes": 1}),
    ("aws:efs/fileSystem:FileSystem", {"encrypted": True}),
    ("aws:secretsmanager/secret:Secret", {"name": "db"}),
    ("aws:ec2/eip:Eip", {"domain": "vpc"}),
    ("aws:route53/zone:Zone", {"name": "example.org"}),
    ("aws:ecr/repository:Repository", {"name": "app"}),
    ("aws:sns/topic:Topic", {"name": "alerts"}),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", {"comparisonOperator": "x", "metricName": "CPU"}),
    ("kubernetes:core/v1:ConfigMap", {"metadata": {"name": "x", "namespace": "y"}}),
    (
        "kubernetes:apps/v1:Deployment",
        {
            "metadata": {"name": "web", "namespace": "y"},
            "spec": {
                "replicas": 3,
                "template": {
                    "spec": {
                        "containers": [
                            {
                                "name": "web",
                                "image": "web",
                                "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}},
                            }
                        ]
                    }
                },
            },
        },
    ),
    ("gcp:compute/instance:Instance", {"machineType": "n2-standard-4", "zone": "us-central1-a"}),
    (
        "azure:containerservice/kubernetesClusterNodePool:KubernetesClusterNodePool",
        {"vmSize": "Standard_D4s_v5", "nodeCount": 3, "location": "eastus"},
    ),
    ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", {"role": "r", "policyArn": "arn"}),
)


def write_preview(path: Path, count: int, output_bytes: int = 0) -> None:
    """A preview of so many resources, every third of which changes a tag; outputs may be so much longer.

    Written piece by piece, for a process is counted from its parent's peak of memory on.
    """
    updated = (count + 2) // 3
    summary = json.dumps({"same": count - updated, "update": updated})
    with path.open("w") as file:
        file.write('{"config": {"aws:region": "us-east-1", "azure:location": "eastus"}, "steps": [')
        for number in range(count):
            file.write(", " if number else "")
            json.dump(_step(number, output_bytes), file)
        file.write(f'], "changeSummary": {summary}}}')


def _step(number: int, output_bytes: int) -> dict[str, Any]:
    token, inputs = KINDS[number % len(KINDS)]
    urn = f"urn:pulumi:prod::big::{token}::resource-{number}"
    arn = f"arn:aws:x:us-east-1:1:thing/{number}"
    outputs: dict[str, Any] = {**inputs, "arn": arn, "tags": TAGS}
    if output_bytes:
        line = f"{number:08d} of what the provider answers"
        outputs["answer"] = [line] * (output_bytes // (len(line) + 4))
    state: dict[str, Any] = {
        "urn": urn,
        "custom": True,
        "id": f"id-{number}",
        "type": token,
        "inputs": {**inputs, "tags": TAGS},
        "outputs": outputs,
        "parent": "urn:pulumi:prod::big::pulumi:pulumi:Stack::big-prod",
    }
    if number % 3:
        return {"op": "same", "urn": urn, "oldState": state, "newState": state}
    changed = {**state, "inputs": {**inputs, "tags": {**TAGS, "version": "2"}}}
    return {"op": "update", "urn": urn, "oldState": state, "newState": changed}


def main(arguments: Sequence[str] = ()) -> None:
    """Measure and print; fails where a billable resource has no price."""
    parser = argparse.ArgumentParser(prog="diff_speed", description=__doc__)
    parser.add_argument("--beside", help="another tool's command, {} for the file")
    options = parser.parse_args(arguments)
    table = Table(title=f"trimtab diff, one process, median of {TIMES}")
    for heading in ("resources", "file MB", "wall s", "processor s", "peak MiB", "priced"):
        table.add_column(heading, justify="right")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        run(_diff("/dev/null", "/dev/null"))
        start = runs(_diff("/dev/null", "/dev/null"), TIMES)
        table.add_row("0", "", *_row(start), "")
        found = {}
        for size in SIZES:
            path = folder / f"{size}.json"
            write_preview(path, size)
            found[size] = _measured(path, size, table)
        largest = folder / "100MB.json"
        write_preview(largest, SIZES[-1], LONG)
        long = _measured(largest, SIZES[-1], table)
        beside = _beside(options.beside, folder / f"{SIZES[0]}.json") if options.beside else []
    Console().print(table)
    first, last = found[SIZES[0]], found[SIZES[-1]]
    megabytes = f"{SIZES[-1]:,} resources of 100 MB"
    print_figures(
        "trimtab diff",
        [
            Figure("nothing to compare: start-up", start.wall_seconds, 0.3, "s"),
            Figure(f"{SIZES[0]:,} resources", first.wall_seconds, 0.7, "s"),
            Figure(f"{SIZES[-1]:,} resources", last.wall_seconds, 5.0, "s"),
            Figure(f"{SIZES[-1]:,} resources, peak memory", last.peak_mib, 500.0, "MiB"),
            Figure(f"{megabytes}, peak memory", long.peak_mib, 500.0, "MiB"),
            *beside,
        ],
    )


def _diff(*inputs: str) -> list[str]:
    fixed = ["--as-of", "2026-11-01", "--prices", "built-in"]
    return [sys.executable, "-m", "trimtab", "diff", *inputs, *fixed]


def _measured(path: Path, size: int, table: Table) -> Run:
    """Runs of one file, as a row of the table."""
    out = path.with_suffix(".out.json")
    run([*_diff(str(path)), "--out", str(out)])  # compiles what it imports, too
    counts = _counts(out)
    if counts.get("not priced"):
        raise RuntimeError(f"{counts['not priced']} of {size} have no price: {counts}")
    measured = runs(_diff(str(path)), TIMES)
    priced = counts.get("priced", 0) + counts.get("partly priced", 0) + counts.get("bounded", 0)
    table.add_row(f"{size:,}", f"{path.stat().st_size / 1e6:.1f}", *_row(measured), f"{priced:,}")
    return measured


def _counts(path: Path) -> dict[str, int]:
    """How many resources have each status; read by another process, for the sake of this one's peak."""
    script = "import json, sys; print(json.dumps(json.load(open(sys.argv[1]))['counts_by_status']))"
    command = [sys.executable, "-c", script, str(path)]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    counts: dict[str, int] = json.loads(said)
    return counts


def _row(measured: Run) -> tuple[str, str, str]:
    return (
        f"{measured.wall_seconds:.2f}",
        f"{measured.processor_seconds:.2f}",
        f"{measured.peak_mib:.0f}",
    )


def _beside(command: str, path: Path) -> list[Figure]:
    """Both tools in turn, so that both have the same neighbours."""
    ours, theirs = [], []
    for _ in range(TIMES):
        theirs.append(run(shlex.split(command.replace("{}", str(path)))))
        ours.append(run(_diff(str(path))))
    return [
        Figure(f"beside, {what}: {command}", median(theirs_), median(ours_), "s")
        for what, theirs_, ours_ in (
            ("wall", [r.wall_seconds for r in theirs], [r.wall_seconds for r in ours]),
            (
                "processor",
                [r.processor_seconds for r in theirs],
                [r.processor_seconds for r in ours],
            ),
        )
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
