"""`trimtab diff` as a process: `make bench ARGS="diff_speed"`, start-up, reading, pricing and writing.

Previews of 1,000, 2,000, 5,000 and 10,000 resources of thirty kinds, two thirds untouched, as `pulumi preview
--json --show-sames` writes them; every billable one must come out with a price. `--beside COMMAND` times
another tool on the same file of 1,000, such as `--beside "finfocus cost projected --pulumi-json {}"`.
"""

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Figure, print_figures, runs

SIZES = (1_000, 2_000, 5_000, 10_000)
TIMES = 5
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


def preview(count: int) -> str:
    """A preview of so many resources, every third of which changes a tag."""
    return json.dumps(
        {
            "config": {"aws:region": "us-east-1", "azure:location": "eastus"},
            "steps": [_step(number) for number in range(count)],
            "changeSummary": {"same": count},
        }
    )


def _step(number: int) -> dict[str, Any]:
    token, inputs = KINDS[number % len(KINDS)]
    urn = f"urn:pulumi:prod::big::{token}::resource-{number}"
    state: dict[str, Any] = {
        "urn": urn,
        "custom": True,
        "id": f"id-{number}",
        "type": token,
        "inputs": {**inputs, "tags": TAGS},
        "outputs": {**inputs, "arn": f"arn:aws:x:us-east-1:1:thing/{number}", "tags": TAGS},
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
    trimtab = [sys.executable, "-m", "trimtab"]
    table = Table(title=f"trimtab diff, one process, median of {TIMES}")
    for heading in ("resources", "file MB", "seconds", "seconds per 1,000", "peak MiB", "priced"):
        table.add_column(heading, justify="right")
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        start = runs([*trimtab, "diff", "/dev/null", "/dev/null"], TIMES)
        for size in SIZES:
            path = Path(folder) / f"{size}.json"
            path.write_text(preview(size))
            command = [*trimtab, "diff", str(path), "--as-of", "2026-11-01", "--prices", "built-in"]
            measured = runs(command, TIMES)
            out = Path(folder) / "diff.json"
            runs([*command, "--out", str(out)], 1)
            counts = json.loads(out.read_text())["counts_by_status"]
            if counts.get("not priced"):
                raise RuntimeError(f"{counts['not priced']} of {size} have no price: {counts}")
            seconds = measured.wall_seconds
            table.add_row(
                f"{size:,}",
                f"{path.stat().st_size / 1e6:.1f}",
                f"{seconds:.2f}",
                f"{seconds / size * 1000:.3f}",
                f"{measured.peak_mib:.0f}",
                f"{counts.get('priced', 0) + counts.get('partly priced', 0):,}",
            )
            if size in (SIZES[0], SIZES[-1]):
                goal = 0.7 if size == SIZES[0] else 5.0
                figures.append(Figure(f"{size:,} resources", seconds, goal, "s"))
        figures.append(Figure("10,000 resources, peak memory", measured.peak_mib, 500.0, "MiB"))
        figures.insert(0, Figure("nothing to compare: start-up", start.wall_seconds, 0.3, "s"))
        if options.beside:
            path = Path(folder) / f"{SIZES[0]}.json"
            other = runs(shlex.split(options.beside.replace("{}", str(path))), TIMES)
            figures.append(Figure(f"beside, 1,000: {options.beside}", other.wall_seconds, 0.7, "s"))
    Console().print(table)
    print_figures("trimtab diff", figures)


if __name__ == "__main__":
    main(sys.argv[1:])
