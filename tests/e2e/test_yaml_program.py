"""The example of a YAML program on Pulumi's real engine: the package from another language.

The program is that of `docs/examples/estate-yaml`, run by Pulumi's own host of YAML programs; the
package's plugin is the repository's. AWS and the cluster are stand-ins that the engine attaches to.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi import automation
from pulumi.runtime.proto import provider_pb2

from support.automation import OperationError, Steps
from support.engines import engine_path
from support.pulumi_cli import PulumiCli
from support.pulumi_plugins import COMPONENTS, plugin_folder
from support.stand_in.aws import Aws
from support.stand_in.cloud import Cloud
from support.stand_in.kubernetes import Kubernetes
from support.stand_in.server import attached
from trimtab.plan.document import load_plan, parse_plan, save_plan, to_data
from trimtab.preview.records import PreviewRequest
from trimtab_components import installed
from trimtab_components.engines.recorder import record

pytestmark = pytest.mark.engine

REPO = Path(__file__).resolve().parents[2]
EXAMPLE = REPO / "docs" / "examples" / "estate-yaml"


class DescribedKubernetes(Kubernetes):
    """The stand-in with as much of the provider's schema as YAML's type checker asks for."""

    def GetSchema(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        text = {"type": "string"}
        settings = {"kubeconfig": text, "renderYamlToDirectory": text}
        schema = {
            "name": "kubernetes",
            "version": self.GetPluginInfo(None, None).version,
            "provider": {"inputProperties": settings},
        }
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))


class YamlStack:
    """The example in a folder of its own, with the plugin of this checkout, on the real engine."""

    def __init__(self, cli: PulumiCli, folder: Path, env: Mapping[str, str]) -> None:
        engine_path("pulumi-language-yaml")  # skips where it is absent; the command finds it
        self.folder = folder / "docs" / "examples" / "estate-yaml"
        self.plan = folder / "stacks" / "plans" / "estate.yaml"
        shutil.copytree(EXAMPLE, self.folder)
        shutil.copytree(REPO / "stacks" / "plans", folder / "stacks" / "plans")
        plugin_folder(folder / "plugins", {"trimtab": COMPONENTS})
        self.change(plugins={"providers": [{"name": "trimtab", "path": "../../../plugins"}]})
        self.stack = automation.create_stack(
            stack_name="dev",
            work_dir=str(self.folder),
            opts=automation.LocalWorkspaceOptions(
                env_vars={**cli.env, **env},
                pulumi_command=automation.PulumiCommand(root=str(cli.root)),
            ),
        )

    def shorten_plan(self) -> None:
        """Leave each of the plan's groups one window, and so no schedule."""
        data = to_data(load_plan(self.plan))
        for pool in data["spec"]["pools"]:
            for group in pool["groups"]:
                first, *_, last = group["windows"] * 2
                group["windows"] = [{**first, "end": last["end"]}]
        save_plan(parse_plan(data, "shortened"), self.plan)

    def program(self) -> dict[str, Any]:
        """The program as data."""
        found: dict[str, Any] = yaml.safe_load((self.folder / "Pulumi.yaml").read_text("utf-8"))
        return found

    def change(self, **sections: Any) -> None:
        """Replace sections of the program."""
        text = yaml.safe_dump({**self.program(), **sections}, sort_keys=False)
        (self.folder / "Pulumi.yaml").write_text(text, "utf-8")

    def change_resource(self, name: str, **properties: Any) -> None:
        """Change properties of one of the program's resources."""
        resources = self.program()["resources"]
        resources[name]["properties"].update(properties)
        self.change(resources=resources)

    def steps(self, operation: str) -> Steps:
        """Run one of the stack's operations: preview, up, destroy."""
        steps = Steps()
        try:
            getattr(self.stack, operation)(on_event=steps.take)
        except automation.CommandError as error:
            raise OperationError(steps, error) from error
        return steps

    def state(self) -> dict[str, dict[str, Any]]:
        """The resources of the stack's state by URN."""
        exported = self.stack.export_stack().deployment or {}
        return {each["urn"]: each for each in exported.get("resources", [])}


@pytest.fixture
def example(
    pulumi_engine: PulumiCli, tmp_path: Path, cloud: Cloud, compiled: dict[str, str]
) -> Iterator[YamlStack]:
    """The example as a fresh stack."""
    with attached({"aws": Aws(cloud), "kubernetes": DescribedKubernetes(cloud)}) as env:
        yield YamlStack(pulumi_engine, tmp_path, {**env, **compiled})


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Lets the plugin keep what it compiles: the engine starts it several times an operation."""
    prefix = str(tmp_path_factory.mktemp("compiled"))
    return {"PYTHONPYCACHEPREFIX": prefix, "PYTHONDONTWRITEBYTECODE": ""}


def test_the_example_previews_what_the_python_example_does(example: YamlStack) -> None:
    steps = example.steps("preview")
    assert steps.operations == {"create"}
    made = {(kind, name) for _, kind, name in steps.done if not name.startswith("default")}
    recorded = record(PreviewRequest(EXAMPLE.parent / "estate-python", "dev")).records
    assert made == {(each.type.rpartition(":")[2], each.name) for each in recorded}


def test_the_life_of_the_estate(example: YamlStack, cloud: Cloud) -> None:
    example.shorten_plan()
    example.steps("up")
    state = example.state()
    top = {urn.split("::")[2] for urn in state} & {f"trimtab:index:{n}" for n in installed()}
    declared = {each["type"] for each in example.program()["resources"].values()}
    assert {token.replace(":index:", ":") for token in top} == {
        each for each in declared if each.startswith("trimtab:")
    }
    objects = [
        each for each in state.values() if each["custom"] and each["type"].startswith("kubernetes:")
    ]
    assert objects
    for each in objects:
        assert "::inside::" in each["provider"], each["urn"]

    assert example.steps("preview").operations == set()

    example.steps("destroy")
    assert not cloud.held


def test_a_mistake_is_one_line(example: YamlStack) -> None:
    example.shorten_plan()
    example.change_resource("estate", nat="two")
    with pytest.raises(OperationError) as caught:
        example.steps("preview")
    said = caught.value.steps.text
    assert "HeterogeneousCluster \"estate\": nat: Input should be 'none', 'single' or" in said
    assert "Traceback" not in said
    assert ".py" not in said
