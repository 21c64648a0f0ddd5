"""The real Crossplane core takes what CrossplaneControlPlane makes: kinds, Compositions, packages."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.crossplane_core import NAMESPACE, ControlPlane, crossplane_control_plane
from support.kube_api import kube_api_server
from trimtab.provision.delivery import crossplane
from trimtab_components.delivery.shipped import documents

pytestmark = pytest.mark.engine

SECONDS = 30.0
PLATFORM = "platform.trimtab.dev/v1alpha1"
ABSENT = "127.0.0.1:1/nothing"
"""A registry at which nobody answers."""


def conditions(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    stated = found.get("status", {}).get("conditions", [])
    return {each["type"]: (each["status"], each.get("reason", "")) for each in stated}


def eventually(read: Callable[[], dict[str, Any]], holds: Callable[[dict[str, Any]], bool]) -> Any:
    """Poll until what is read is as wanted; what was read."""
    deadline = time.monotonic() + SECONDS
    while not holds(found := read()):
        assert time.monotonic() < deadline, found.get("status")
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A Crossplane on an API server of its own, and every object applied in its order."""
    apis = {each: documents("apis", each.lower()) for each in crossplane.XRDS}
    kinds = crossplane.kind_objects(documents("apis", "crds"), documents("apis", "rbac.yaml"), apis)
    plane = crossplane.ControlPlane(
        NAMESPACE, {"aws-eks": f"{ABSENT}:v1.0.0", "aws-ec2": f"{ABSENT}-2:v1.0.0"}, ()
    )
    with (
        kube_api_server(tmp_path_factory.mktemp("api")) as api,
        crossplane_control_plane(api, tmp_path_factory.mktemp("crossplane")) as running,
    ):
        for each in (*kinds, *crossplane.package_objects(plane)):
            api.apply(each.manifest())
        yield running


@pytest.mark.parametrize("kind", crossplane.XRDS)
def test_every_composite_resource_is_served(control_plane: ControlPlane, kind: str) -> None:
    (definition,) = [
        each for each in documents("apis", kind.lower()) if each["kind"].endswith("Definition")
    ]
    control_plane.api.wait_for_condition(
        definition["apiVersion"], definition["kind"], definition["metadata"]["name"], "Established"
    )
    listed = eventually(
        lambda: control_plane.api.request("GET", f"/apis/{PLATFORM}"),
        lambda found: kind in {each["kind"] for each in found["resources"]},
    )
    assert listed["groupVersion"] == PLATFORM


def test_every_composition_gets_a_revision(control_plane: ControlPlane) -> None:
    wanted = {
        each["metadata"]["name"]
        for kind in crossplane.XRDS
        for each in documents("apis", kind.lower())
        if each["kind"] == "Composition"
    }
    eventually(
        lambda: control_plane.api.request(
            "GET", "/apis/apiextensions.crossplane.io/v1/compositionrevisions"
        ),
        lambda found: (
            {
                each["metadata"]["labels"]["crossplane.io/composition-name"]
                for each in found["items"]
            }
            == wanted
        ),
    )


def test_the_activation_of_managed_resources_is_taken_up(control_plane: ControlPlane) -> None:
    kind = "ManagedResourceActivationPolicy"
    eventually(
        lambda: control_plane.api.get(crossplane.ACTIVATION, kind, "trimtab"),
        lambda found: conditions(found).get("Healthy", ("",))[0] == "True",
    )


def test_a_provider_that_is_not_there_is_not_healthy_and_so_awaited(
    control_plane: ControlPlane,
) -> None:
    found = eventually(
        lambda: control_plane.api.get(crossplane.PKG, "Provider", "provider-aws-eks"),
        lambda found: conditions(found).get("Installed", ("", ""))[1] == "UnpackingPackage",
    )
    assert conditions(found).get("Healthy", ("Unknown", ""))[0] != "True"
    assert crossplane.HEALTHY == {"pulumi.com/waitFor": "condition=Healthy"}
