"""From a commit to a sized node group: Flux, Crossplane and the capacity function, all real.

The Git repository holds `functions/examples/gitops` and what that names, as a user's would; the AWS
provider and EKS are `support.eks_provider`'s.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.capacity_cluster import (
    NODE_GROUP,
    NODE_GROUP_SET,
    PLAN,
    ROOT,
    CapacityControlPlane,
    Document,
    eventually,
    in_seconds,
)
from support.eks_provider import Eks, Scaling, eks_provider
from support.flux import Flux, flux
from support.git_server import GitRepository, git_server

pytestmark = pytest.mark.engine

EXAMPLE = Path("functions/examples/gitops")
PLAN_FILE = str(EXAMPLE / "capacity" / "plan.yaml")
PLATFORM, CAPACITY = "trimtab-platform", "trimtab-capacity"
NODE_GROUP_NAME = "ml-platform:trainer-on-demand-0a1b2c"
WINDOW_SECONDS, WINDOWS = 8, 40
SECONDS = 120.0


class Platform:
    """The example in a repository that Flux follows, and what came of it."""

    def __init__(self, flux: Flux, repository: GitRepository, eks: Eks) -> None:
        self.flux, self.repository, self.eks = flux, repository, eks
        self._edges = [in_seconds(WINDOW_SECONDS * each) for each in range(WINDOWS)]

    def plan(self, low: int, desired: int, high: int, revision: int = 0) -> str:
        """The example's plan with one size for all time, in windows that begin every few seconds.

        A shrink waits for a window in which nothing has moved yet.
        """
        plan = yaml.safe_load((ROOT / PLAN_FILE).read_text("utf-8"))
        (group,) = plan["spec"]["pools"][0]["groups"]
        edges = [
            group["windows"][0]["start"],
            *(f"{each:%Y-%m-%dT%H:%M:%SZ}" for each in self._edges),
            group["windows"][-1]["end"],
        ]
        group["windows"] = [
            {"start": start, "end": end, "min": low, "desired": desired, "max": high}
            for start, end in pairwise(edges)
        ]
        plan["spec"]["asOf"] = f"2026-10-31T00:00:{revision:02d}Z"
        return yaml.safe_dump(plan, sort_keys=False)

    def commit(self, message: str, files: dict[str, str | None]) -> str:
        """Commit files and have Flux fetch them; the commit."""
        commit = self.repository.commit(message, files)
        self.flux.fetch("trimtab")
        return commit

    def revert(self) -> str:
        """Take the last commit back and have Flux fetch that."""
        commit = self.repository.revert()
        self.flux.fetch("trimtab")
        return commit

    def awaits(self, commit: str, status: str, name: str = CAPACITY) -> str:
        """Wait until a Kustomization says that about a commit; its message."""

        def said() -> tuple[str, str, str]:
            return self.flux.attempted(name), *self.flux.ready(name)

        def holds(found: tuple[str, str, str]) -> bool:
            return found[0].endswith(commit) and found[1] == status

        try:
            return eventually(said, holds, SECONDS)[2]
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.flux.said()}") from None

    def awaits_size(self, *scaling: int) -> None:
        """Wait until EKS runs the node group with this min, desired and max."""

        def sized() -> Scaling | None:
            found = self.eks.find(NODE_GROUP_NAME)
            return found.scaling if found and found.active else None

        eventually(sized, lambda found: found == Scaling(*scaling), SECONDS)


@pytest.fixture(scope="module")
def platform(
    with_function: CapacityControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """The example in a repository, and Flux told where that is."""
    api = with_function.api
    folder = tmp_path_factory.mktemp("repository")
    with (
        git_server(folder) as (repository, url),
        flux(api, tmp_path_factory.mktemp("flux")) as running,
        eks_provider(api, "ml") as eks,
    ):
        files: dict[str, str | None] = {
            str(file.relative_to(ROOT)): file.read_text("utf-8")
            for part in (EXAMPLE, Path("functions/apis"))
            for file in sorted((ROOT / part).rglob("*.yaml"))
        }
        platform = Platform(running, repository, eks)
        repository.commit("The platform, and a plan", {**files, PLAN_FILE: platform.plan(2, 3, 4)})
        for document in yaml.safe_load_all((ROOT / EXAMPLE / "flux.yaml").read_text("utf-8")):
            if document["kind"] == "GitRepository":
                document["spec"]["url"] = url
            api.apply(document)
        yield platform


def xr(platform: Platform) -> Document:
    return platform.flux.api.get(*NODE_GROUP_SET, "ml-platform", "ml")


def test_a_commit_becomes_a_sized_node_group(platform: Platform) -> None:
    commit = platform.repository.head()
    platform.awaits(commit, "True", PLATFORM)
    message = platform.awaits(commit, "True")
    assert commit in message
    platform.awaits_size(2, 3, 4)
    assert platform.eks.refusals == []


def test_a_new_plan_resizes_it_and_a_revert_takes_that_back(platform: Platform) -> None:
    grown = platform.commit("Plan for more", {PLAN_FILE: platform.plan(3, 4, 8, revision=1)})
    platform.awaits_size(3, 3, 8)
    platform.awaits(grown, "True")
    seen = xr(platform)
    assert seen["metadata"]["annotations"]["example.org/plan-as-of"] == "2026-10-31T00:00:01Z"
    reverted = platform.revert()
    platform.awaits_size(2, 3, 4)
    platform.awaits(reverted, "True")
    assert platform.eks.refusals == []


def test_a_plan_that_is_refused_changes_nothing_and_flux_says_why(platform: Platform) -> None:
    api = platform.flux.api
    platform.awaits_size(2, 3, 4)
    before = api.get(*PLAN, "ml-platform", "ml")["spec"]
    groups = [each["spec"] for each in api.list_all(*NODE_GROUP, "ml")]
    refused = platform.commit("Plan nonsense", {PLAN_FILE: platform.plan(4, 3, 0, revision=2)})
    message = platform.awaits(refused, "False")
    assert "CapacityPlan/ml/ml-platform" in message
    assert "sizes must satisfy min <= desired <= max" in message
    assert api.get(*PLAN, "ml-platform", "ml")["spec"] == before
    assert [each["spec"] for each in api.list_all(*NODE_GROUP, "ml")] == groups
    platform.awaits_size(2, 3, 4)
    mended = platform.revert()
    platform.awaits(mended, "True")
    platform.awaits_size(2, 3, 4)


def test_a_node_group_set_taken_out_of_git_keeps_its_node_groups(platform: Platform) -> None:
    capacity = EXAMPLE / "capacity"
    kept: dict[str, Any] = yaml.safe_load((ROOT / capacity / "kustomization.yaml").read_text())
    kept["resources"].remove("xr.yaml")
    del kept["replacements"]
    removed = platform.commit(
        "Forget the node groups",
        {
            str(capacity / "kustomization.yaml"): yaml.safe_dump(kept),
            str(capacity / "xr.yaml"): None,
        },
    )
    platform.awaits(removed, "True")
    assert "deletionTimestamp" not in xr(platform)["metadata"]
    platform.awaits_size(2, 3, 4)
    platform.awaits(platform.revert(), "True")
