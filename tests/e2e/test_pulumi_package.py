"""The components as a Pulumi package on the real engine: the plugin's process, its schema, Construct.

A program in another language reaches a component this way: by its token and its plugin, with plain
values that have crossed the wire, where every number is a float.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pulumi_kubernetes as kubernetes
import pytest
import yaml
from pulumi import automation
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

import trimtab_components
from support.pulumi_cli import PulumiCli
from support.pulumi_plugins import COMPONENTS, KUBERNETES_STAND_IN, plugin_folder

pytestmark = pytest.mark.engine


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A folder with the package's plugin and the Kubernetes stand-in."""
    return plugin_folder(
        tmp_path / "plugins", {"trimtab": COMPONENTS, "kubernetes": KUBERNETES_STAND_IN}
    )


def test_the_plugin_serves_its_schema(plugins: Path) -> None:
    with subprocess.Popen(
        [plugins / "pulumi-resource-trimtab", "127.0.0.1:1"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                provider = provider_pb2_grpc.ResourceProviderStub(channel)
                schema = json.loads(
                    provider.GetSchema(provider_pb2.GetSchemaRequest(), timeout=60).schema
                )
        finally:
            process.terminate()
    assert schema["name"] == "trimtab"
    assert set(schema["resources"]) == {
        f"trimtab:index:{name}" for name in trimtab_components.installed()
    }
    assert all(each["isComponent"] for each in schema["resources"].values())


def test_a_component_is_made_by_its_token(
    pulumi_engine: PulumiCli, plugins: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "rendered"

    def program(**changes: Any) -> automation.Stack:
        def body() -> None:
            provider = kubernetes.Provider("k", render_yaml_to_directory=str(folder))
            given = {"image": "AL2023", "delivery": "flux", "sharing": "time-slicing"}
            pulumi.ComponentResource(
                "trimtab:index:GpuOperator",
                "gpus",
                {**given, "sharingReplicas": 4, **changes},
                pulumi.ResourceOptions(providers=[provider]),
                remote=True,
            )

        return automation.create_or_select_stack(
            stack_name="dev",
            project_name="other",
            program=body,
            opts=automation.LocalWorkspaceOptions(
                env_vars={
                    **pulumi_engine.env,
                    "PATH": f"{plugins}{os.pathsep}{pulumi_engine.env['PATH']}",
                    "STAND_IN_CLOUD": str(tmp_path / "cloud.json"),
                },
                pulumi_command=automation.PulumiCommand(root=str(pulumi_engine.root)),
            ),
        )

    program().up()
    (release,) = (folder / "1-manifest").glob("*helmrelease*")
    values = yaml.safe_load(release.read_text("utf-8"))["spec"]["values"]
    config = values["devicePlugin"]["config"]
    plugin = yaml.safe_load(config["data"][config["default"]])
    assert plugin["sharing"]["timeSlicing"]["resources"][0]["replicas"] == 4

    with pytest.raises(automation.CommandError, match="Input should be 'none', 'time-slicing' or"):
        program(sharing="time").preview()
