"""The workflows of Pulumi and Crossplane that users copy, run step by step on `support.scenario`'s change.

Crossplane and Pulumi are the real ones; AWS and the code host are stood in for. The change moves a pool to
spot, adds a GPU pool and forgets its tag; the figures are worked out there by hand.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.runtime.proto import provider_pb2

from support import scenario
from support.capacity_function import template_function
from support.code_host import CodeHost
from support.engines import engine_path, engine_version
from support.pulumi_cli import PulumiCli
from support.scenario import AFTER, BEFORE
from support.stand_in.aws import Aws
from support.stand_in.cloud import Cloud, Held
from support.stand_in.server import attached
from support.workflow_cases import CI, LESS, WORKFLOWS, Pools, check
from support.workflows import Machine, Origin, Run

pytestmark = pytest.mark.engine


# Pulumi, without its command line


def program(pools: Pools) -> dict[str, str | None]:
    lines = ["import pulumi_aws as aws", ""]
    for name, (instance_type, capacity_type, (low, desired, high), tags) in pools.items():
        sizes = f'{{"min_size": {low}, "desired_size": {desired}, "max_size": {high}}}'
        lines += [
            f"aws.eks.NodeGroup({name!r}, cluster_name='ml', node_group_name={name!r},",
            "    node_role_arn='arn:aws:iam::123456789012:role/nodes', subnet_ids=['subnet-1'],",
            f"    instance_types=[{instance_type!r}], capacity_type={capacity_type!r},",
            f"    scaling_config={sizes}, tags={dict(tags)!r})",
        ]
    return {"infra/__main__.py": "\n".join([*lines, ""])}


PROJECT: dict[str, str | None] = {
    "infra/Pulumi.yaml": "name: ml\nruntime: python\n",
    "infra/Pulumi.prod.yaml": "config: {aws:region: us-east-1}\n",
    "infra/requirements.txt": "pulumi-aws\n",
}


def test_pulumi_without_credentials(
    ci: str, origin: Origin, host: CodeHost, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "machine", {})
    origin.branch({**PROJECT, **program(BEFORE)}, program(AFTER))
    file = WORKFLOWS / ci / "pulumi.yml"

    def run() -> Run:
        return CI[ci](file, machine, origin, host, env={"PROGRAM": "infra"})

    check(
        run,
        lambda: origin.commit(program(LESS)),
        host,
        tmp_path / "machine" / "work",
        scenario.DISK,
    )
    packages = "trimtab==0.1.0 trimtab-components==0.1.0"
    installs = [f"pip install --requirement infra/requirements.txt {packages}"] * 2
    assert machine.installed() == installs


# Pulumi's own command line


class DescribedAws(Aws):
    """The stand-in with as much of the provider's schema as YAML's type checker asks for."""

    def GetSchema(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        anything = {"$ref": "pulumi.json#/Any"}
        names = ["nodeRoleArn", "subnetIds", *scenario.pulumi_inputs("x", BEFORE["workers"])]
        properties = dict.fromkeys(names, anything)
        schema = {
            "name": "aws",
            "version": self.GetPluginInfo(None, None).version,
            "provider": {"inputProperties": {"region": {"type": "string"}}},
            "resources": {
                "aws:eks/nodeGroup:NodeGroup": {
                    "properties": properties,
                    "inputProperties": properties,
                }
            },
        }
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))


def yaml_program(pools: Pools) -> dict[str, str | None]:
    nodes = {"nodeRoleArn": "arn:aws:iam::123456789012:role/nodes", "subnetIds": ["subnet-1"]}
    resources = {
        name: {
            "type": "aws:eks/nodeGroup:NodeGroup",
            "properties": {**nodes, **scenario.pulumi_inputs(name, pool)},
        }
        for name, pool in pools.items()
    }
    text = json.dumps({"name": "ml", "runtime": "yaml", "resources": resources}, indent=1)
    return {"Pulumi.yaml": text}


@pytest.fixture
def aws() -> Iterator[dict[str, str]]:
    """A cloud with the cluster that the program's node groups are of."""
    cloud = Cloud()
    cluster = "aws:eks/cluster:Cluster"
    cloud.held[cluster, "ml"] = Held(cluster, "ml", "ml", {}, {})
    with attached({"aws": DescribedAws(cloud)}) as env:
        yield env


def test_pulumis_own_preview(
    ci: str,
    origin: Origin,
    host: CodeHost,
    tmp_path: Path,
    pulumi_engine: PulumiCli,
    aws: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine_path("pulumi-language-yaml")  # skips where it is absent; the command finds it
    engine = {key: value for key, value in pulumi_engine.env.items() if key != "PATH"}
    for name, value in aws.items():
        monkeypatch.setenv(name, value)
    origin.commit(yaml_program(BEFORE))
    for words in (
        ["stack", "init", "prod"],
        ["config", "set", "aws:region", "us-east-1"],
        ["up", "--yes"],
    ):
        ended = pulumi_engine.run(*words, cwd=origin.folder)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    _stacked(origin)
    machine = Machine(tmp_path / "machine", {"pulumi": pulumi_engine.binary})
    given = {**engine, **aws}
    file = WORKFLOWS / ci / "pulumi-cli.yml"

    def run(*, fork: bool = False) -> Run:
        env = {"STACK": "prod"}
        return CI[ci](file, machine, origin, host, env=env, given=given, fork=fork)

    assert run(fork=True).log == "skipped"
    work = tmp_path / "machine" / "work"
    first = check(run, lambda: origin.commit(yaml_program(LESS)), host, work, scenario.DISK)
    version = engine_version("pulumi").removeprefix("v")
    if ci == "github":
        assert first.used["pulumi/actions"] == {"pulumi-version": version}
    else:
        (job,) = yaml.safe_load(file.read_text()).values()
        assert job["image"] == f"pulumi/pulumi-python-3.12:{version}"
    assert machine.installed() == ["pip install trimtab==0.1.0"] * 2


def _stacked(origin: Origin) -> None:
    """Commit the stack's file, and the change on its branch."""
    origin.commit({})
    origin.git("checkout", "--quiet", "-b", "change")
    origin.commit(yaml_program(AFTER))


# Crossplane


def composition(pools: Pools) -> dict[str, str | None]:
    """A composition whose function composes a cluster and its node groups."""
    _, *composed = yaml.safe_load_all(scenario.crossplane_render(pools))
    templates = {}
    for each in composed:
        key = each["metadata"]["annotations"]["crossplane.io/composition-resource-name"]
        templates[key] = {field: each[field] for field in ("apiVersion", "kind", "spec")}
    step = {
        "apiVersion": "test.trimtab.dev/v1",
        "kind": "Templates",
        "resources": templates,
    }
    document = {
        "apiVersion": "apiextensions.crossplane.io/v1",
        "kind": "Composition",
        "metadata": {"name": "platform"},
        "spec": {
            "compositeTypeRef": {"apiVersion": "infra.example.org/v1", "kind": "Platform"},
            "mode": "Pipeline",
            "pipeline": [
                {"step": "compose", "functionRef": {"name": "templates"}, "input": step},
            ],
        },
    }
    return {"composition.yaml": yaml.safe_dump(document)}


COMPOSITE = """
apiVersion: infra.example.org/v1
kind: Platform
metadata: {name: ml, namespace: prod}
spec: {}
"""


def functions(target: str) -> str:
    place = "render.crossplane.io/runtime"
    annotations = {place: "Development", f"{place}-development-target": target}
    return yaml.safe_dump(
        {
            "apiVersion": "pkg.crossplane.io/v1",
            "kind": "Function",
            "metadata": {"name": "templates", "annotations": annotations},
            "spec": {"package": "example.org/templates:v0.0.0"},
        }
    )


def test_crossplane(ci: str, origin: Origin, host: CodeHost, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine", {"crossplane": engine_path("crossplane-cli")})
    version = engine_version("crossplane-cli")
    with template_function(tmp_path) as function:
        base = {
            "composites/ml.yaml": COMPOSITE,
            "functions.yaml": functions(function.target),
            **composition(BEFORE),
        }
        origin.branch(base, composition(AFTER))
        file = WORKFLOWS / ci / "crossplane.yml"

        def run() -> Run:
            return CI[ci](file, machine, origin, host)

        work = tmp_path / "machine" / "work"
        check(run, lambda: origin.commit(composition(LESS)), host, work, scenario.DISK)
    pip, curl, *again = machine.installed()
    assert pip == "pip install trimtab==0.1.0"
    address = f"https://releases.crossplane.io/stable/{version}/bin/linux_amd64/crank"
    assert curl.split()[-1] == address
    assert again == [pip, curl]


def test_composites_that_the_base_does_not_have_are_new(
    ci: str, origin: Origin, host: CodeHost, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "machine", {"crossplane": engine_path("crossplane-cli")})
    with template_function(tmp_path) as function:
        base = {"functions.yaml": functions(function.target), **composition(BEFORE)}
        origin.branch(base, {"composites/ml.yaml": COMPOSITE})
        run = CI[ci](WORKFLOWS / ci / "crossplane.yml", machine, origin, host)
    assert run.status == 0, run.log
    told = json.loads((tmp_path / "machine/work/trimtab-out/diff.json").read_text())
    assert told["totals"]["before"]["usd_per_month"]["expected"] == 0
    assert told["totals"]["after"]["usd_per_month"]["expected"] > scenario.ON_DEMAND_WORKERS
