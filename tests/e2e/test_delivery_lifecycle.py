"""What delivers, on Pulumi's real engine: made in order, changed in place, taken down backwards."""

from collections.abc import Callable
from typing import Any

import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pytest
from pulumi import ResourceOptions

from support.component_rows.delivery import ROWS
from support.plans import plan
from support.programs import Programs
from support.stand_in.cloud import Cloud
from trimtab_components import CrossplaneControlPlane, GitOps, PolicyEngine

pytestmark = pytest.mark.engine

GIVEN = {(component, says): given for component, says, given in ROWS}
FLUX = GIVEN["GitOps", "Flux, everything"]
PLANE = GIVEN["CrossplaneControlPlane", "node groups of the plan"]
RULES = GIVEN["PolicyEngine", "Gatekeeper, everything"]


class World:
    """All three components in a program, and the cloud that they are made in."""

    def __init__(self, programs: Programs, cloud: Cloud) -> None:
        self.cloud = cloud
        self.changes: dict[str, dict[str, Any]] = {}
        self.parts: tuple[str, ...] = ("delivery", "plane", "rules")
        self.stack = programs.use(self._program)

    def _program(self) -> None:
        provider = kubernetes.Provider("kubernetes", kubeconfig="{}")

        after: list[Any] = []
        if "plane" in self.parts:  # pod identities are bound in it
            role = "arn:aws:iam::111122223333:role/platform"
            network: Any = {"subnet_ids": ["subnet-1", "subnet-2"]}
            after.append(
                aws.eks.Cluster("platform", name="platform", role_arn=role, vpc_config=network)
            )

        def options() -> ResourceOptions:
            return ResourceOptions(providers=[provider], depends_on=after)

        made: list[tuple[Callable[..., Any], str, dict[str, Any]]] = [
            (GitOps, "delivery", {**FLUX, "install": True}),
            (CrossplaneControlPlane, "plane", PLANE),
            (PolicyEngine, "rules", RULES),
        ]
        for kind, name, given in made:
            if name in self.parts:
                kind(name, {**given, **self.changes.get(name, {})}, options())

    def order(self, call: str) -> list[str]:
        """What was done since the last look, in order, by name."""
        return [each.name for each in self.cloud.take() if each.call == call]


@pytest.fixture
def world(programs: Programs, cloud: Cloud) -> World:
    return World(programs, cloud)


def in_order(done: list[str], *names: str) -> bool:
    places = [done.index(name) for name in names]
    return places == sorted(places)


FIRST_TO_LAST = (
    ("delivery-namespace", "delivery-repository", "delivery-source", "delivery-staging",
     "delivery-prod"),
    ("delivery-staging-role", "delivery-staging-binding", "delivery-staging"),
    ("plane-providers", "plane-provider-aws-eks", "plane-aws-config"),
    ("plane-provider-family-aws", "plane-provider-aws-eks"),
    ("plane-kind-capacityplans", "plane-api-nodegroupset", "plane-composition-nodegroupset-eks"),
    ("plane-function-deploymentruntimeconfig", "plane-function"),
    ("rules-namespace", "rules-config"),
    ("rules-spot-exclusion", "rules-spot-exclusion-binding"),
)  # fmt: skip


def test_all_is_made_in_order_and_taken_down_backwards(world: World) -> None:
    world.stack.up()
    made = world.order("create")
    for names in FIRST_TO_LAST:
        assert in_order(made, *names), names
    again = world.stack.preview()
    assert again.operations == set(), again.done

    # A new plan marks what is there and makes nothing anew.
    for name in ("delivery", "plane", "rules"):
        world.changes[name] = {"plan": plan(fallback="keep-running", start="2026-11-01T01:00:00Z")}
    changed = world.stack.up()
    assert changed.operations == {"update"}, changed.done
    assert set(world.order("create")) == set()

    assert world.stack.destroy().operations == {"delete"}
    gone = world.order("delete")
    for names in FIRST_TO_LAST:
        assert in_order(gone, *reversed(names)), names


def test_an_environment_comes_between_two_without_touching_their_plans(world: World) -> None:
    world.parts = ("delivery",)
    world.stack.up()
    world.cloud.take()
    staging, prod = FLUX["environments"]
    canary = {"name": "canary", "path": "clusters/canary", "namespace": "trimtab-canary"}
    world.changes["delivery"] = {"environments": [staging, canary, prod]}
    steps = world.stack.up()
    assert steps.operations == {"create", "update"}, steps.done
    assert set(steps.of("create", "Kustomization")) == {"delivery-canary"}
    # It waits for another environment now, and that is all.
    assert steps.of("update", "Kustomization") == ["delivery-prod"]
    world.changes["delivery"] = {"environments": [staging, prod]}
    assert world.stack.up().of("delete", "Kustomization") == ["delivery-canary"]


def test_rules_that_warn_first_may_deny_later_and_back(world: World) -> None:
    world.parts = ("rules",)
    world.stack.up()
    bindings = {"rules-spot-exclusion-binding", "rules-commitment-approval-binding"}
    for actions in (["Warn", "Audit"], ["Audit"], ["Deny"]):
        world.changes["rules"] = {"admission_actions": actions}
        assert set(world.stack.preview().of("replace")) == bindings
        world.cloud.take()
        world.stack.up()
        assert set(world.order("create")) == bindings
        held = world.cloud.of("ValidatingAdmissionPolicyBinding")
        assert [each.inputs["spec"]["validationActions"] for each in held] == [actions] * 2
