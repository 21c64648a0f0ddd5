"""Each admission policy on a real API server: what it lets pass, what it refuses and what it says."""

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.kube_api import KubeApi, KubeError
from support.least_crd import least_crd
from support.plans import plan
from trimtab.plan.attribution import group_object_labels
from trimtab.plan.labels import INTERRUPTIBLE_LABEL, OPTION_LABEL

pytestmark = pytest.mark.engine

ADMISSION = Path(__file__).parents[2] / "policies" / "admission"
POLICIES = sorted(ADMISSION.glob("*.yaml"))
CASES = {
    policy.stem: yaml.safe_load((Path(__file__).parent / "cases" / policy.name).read_text("utf-8"))
    for policy in POLICIES
}
ROWS = [
    pytest.param(stem, case, id=f"{stem}: {case['case']}")
    for stem, cases in CASES.items()
    for case in cases
]
CRDS = (
    least_crd("eks.aws.m.upbound.io", "v1beta1", "NodeGroup"),
    least_crd("ec2.aws.m.upbound.io", "v1beta1", "CapacityReservation"),
    least_crd("ec2.aws.m.upbound.io", "v1beta1", "CapacityBlockReservation"),
    least_crd("karpenter.sh", "v1", "NodePool", scope="Cluster"),
)
ACTIVE_SECONDS = 30.0
_namespaces = itertools.count(1)


class Guarded:
    """The API server, on which policies come and go."""

    def __init__(self, api: KubeApi) -> None:
        self.api = api

    def install(self) -> None:
        """Apply every policy, and wait until each refuses what it must."""
        for policy in POLICIES:
            self.api.apply_all(policy)
        for cases in CASES.values():
            probe = next(c for c in cases if "refused" in c and "stored" not in c)
            self._wait(lambda probe=probe: self._refuses(probe["object"]))  # type: ignore[misc]

    def remove(self) -> None:
        """Delete the bindings, and wait until nothing is refused."""
        for stem in CASES:
            self.api.delete(
                "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding",
                f"{stem}.trimtab.dev",
            )  # fmt: skip
        for cases in CASES.values():
            probe = next(c for c in cases if "refused" in c and "stored" not in c)
            self._wait(lambda probe=probe: not self._refuses(probe["object"]))  # type: ignore[misc]

    def _refuses(self, document: dict[str, Any]) -> bool:
        try:
            self.api.apply(document, dry_run=True)
        except KubeError:
            return True
        return False

    def _wait(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + ACTIVE_SECONDS
        while not until():
            assert time.monotonic() < deadline, "the policies did not take effect"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def guarded(policy_api: KubeApi) -> dict[str, str]:
    """The API server with the policies, and what stood before them: namespace by case."""
    policy_api.apply_all(CRDS)
    before: dict[str, str] = {}
    for cases in CASES.values():
        for case in cases:
            if case.get("before-policy"):
                before[case["case"]] = _store(policy_api, case["stored"])
    Guarded(policy_api).install()
    return before


def _store(api: KubeApi, document: dict[str, Any]) -> str:
    """Store an object in a namespace of its own; the namespace."""
    namespace = f"case-{next(_namespaces)}"
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    api.apply(_in(document, namespace))
    return namespace


def _in(document: dict[str, Any], namespace: str) -> dict[str, Any]:
    return {**document, "metadata": {**document["metadata"], "namespace": namespace}}


@pytest.mark.parametrize(("policy", "case"), ROWS)
def test_case(
    policy_api: KubeApi, guarded: dict[str, str], policy: str, case: dict[str, Any]
) -> None:
    namespace = "default"
    if "stored" in case:
        namespace = guarded.get(case["case"]) or _store(policy_api, case["stored"])
    document = case["object"]
    if document["kind"] != "NodePool":
        document = _in(document, namespace)
    if "refused" not in case:
        policy_api.apply(document, dry_run=True)
        return
    with pytest.raises(KubeError) as error:
        policy_api.apply(document, dry_run=True)
    assert f"ValidatingAdmissionPolicy '{policy}.trimtab.dev'" in error.value.message
    assert error.value.code == 403
    for part in case["refused"]:
        assert part in error.value.message


def test_an_unapproved_reservation_from_before_can_still_be_deleted(
    policy_api: KubeApi, guarded: dict[str, str]
) -> None:
    legacy = next(c["stored"] for c in CASES["commitment-approval"] if c.get("before-policy"))
    Guarded(policy_api).remove()
    namespace = _store(policy_api, legacy)
    finalized = _in(legacy, namespace)
    finalized["metadata"]["finalizers"] = ["finalizer.managedresource.crossplane.io"]
    policy_api.apply(finalized)
    Guarded(policy_api).install()
    api_version, kind, name = legacy["apiVersion"], legacy["kind"], legacy["metadata"]["name"]
    policy_api.delete(api_version, kind, name, namespace)
    finalized["metadata"]["finalizers"] = []
    policy_api.apply(finalized)
    with pytest.raises(KubeError, match="not found"):
        policy_api.get(api_version, kind, name, namespace)


def test_the_policies_ask_for_the_labels_that_consumers_set() -> None:
    exclusion = (ADMISSION / "spot-exclusion.yaml").read_text("utf-8")
    for label in (INTERRUPTIBLE_LABEL, OPTION_LABEL):
        assert f"labels[?'{label}']" in exclusion
    labels = group_object_labels(plan(), plan().spec.pools[0], plan().spec.pools[0].groups[2])
    assert (labels[INTERRUPTIBLE_LABEL], labels[OPTION_LABEL]) == ("true", "spot")


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.stem)
def test_every_rule_of_a_policy_refuses_a_case_and_each_kind_has_an_accepted_one(
    policy: Path,
) -> None:
    rule, _binding = yaml.safe_load_all(policy.read_text("utf-8"))
    cases = CASES[policy.stem]
    refused = [part for case in cases for part in case.get("refused", ())]
    assert len(refused) >= len(rule["spec"]["validations"])
    resources = {
        r for each in rule["spec"]["matchConstraints"]["resourceRules"] for r in each["resources"]
    }
    for outcome in (True, False):
        met = {f"{c['object']['kind'].lower()}s" for c in cases if ("refused" in c) == outcome}
        assert met == resources
