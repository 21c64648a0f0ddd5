"""Promotion on the real Flux: a commit of a promoted plan arrives, in order, and with no more right than that.

The objects are those of the component GitOps; the repository is a real one, served over HTTP.
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.cli import Cli
from support.flux import Flux, flux
from support.git_server import GitRepository, git_server
from support.kube_api import KubeApi, KubeError
from support.plans import START, group, plan, pool, windows
from trimtab.clock import format_instant
from trimtab.plan.document import load_plan, parse_plan, to_yaml
from trimtab.plan.model import API_VERSION, KIND, CapacityPlan
from trimtab.plan.promotion import PROMOTED_DIGEST
from trimtab.provision.delivery import gitops
from trimtab_components.delivery.shipped import documents

pytestmark = pytest.mark.engine

NAMESPACES = {"dev": "trimtab-dev", "prod": "trimtab-prod"}
AT = format_instant(START + timedelta(hours=1))
SECONDS = 60.0


def sized(nodes: int) -> CapacityPlan:
    """The plan `capacity` with a peak of so many nodes."""
    groups = [group("on-demand", {"option": "on-demand"}, windows=windows((0, nodes, 99)))]
    made = plan(pools=[pool(groups=groups)])
    metadata = made.metadata.model_copy(update={"name": "capacity"})
    return made.model_copy(update={"metadata": metadata})


class Platform:
    """The repository of two environments, and what of it is in the cluster."""

    def __init__(self, running: Flux, repository: GitRepository) -> None:
        self.flux, self.repository = running, repository

    def commit(self, **files: str | None) -> str:
        """Commit an environment's plan, by the environment's name; the commit."""
        stated = {f"{name}/plan.yaml": text for name, text in files.items()}
        commit = self.repository.commit("A plan", stated)
        self.flux.fetch("trimtab")
        return commit

    def arrived(self, environment: str) -> CapacityPlan | None:
        """The environment's plan in the cluster."""
        try:
            found = self.flux.api.get(API_VERSION, KIND, "capacity", NAMESPACES[environment])
        except KubeError:
            return None
        return parse_plan(found, environment)

    def digest(self, environment: str) -> str | None:
        found = self.arrived(environment)
        return found.digest if found else None

    def awaits(self, read: Callable[[], Any], wanted: Any) -> None:
        """Wait until what is read is what is wanted."""
        deadline = time.monotonic() + SECONDS
        while (seen := read()) != wanted:
            assert time.monotonic() < deadline, f"{seen} is not {wanted}\n{self.flux.said()}"
            time.sleep(0.1)

    def awaits_said(self, environment: str, phrase: str) -> str:
        """Wait until the environment's Kustomization is not ready and says so; its message."""
        name, told = f"trimtab-{environment}", ""

        def said() -> bool:
            nonlocal told
            status, told = self.flux.ready(name)
            return status == "False" and phrase in told

        self.awaits(said, True)
        return told


@pytest.fixture(scope="module")
def platform(kube_api: KubeApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("repository")
    kube_api.apply_all(documents("apis", "crds", "capacityplans.trimtab.dev.yaml"))
    for place in NAMESPACES.values():
        kube_api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}})
    with (
        git_server(folder) as (repository, url),
        flux(kube_api, tmp_path_factory.mktemp("flux")) as running,
    ):
        delivery = gitops.Delivery(
            gitops.Repository(url, "main", "1m"),
            tuple(
                gitops.Environment(name, name, place, "plan.yaml")
                for name, place in NAMESPACES.items()
            ),
            "flux-system",
            ("trimtab.dev",),
            timeout="30s",
        )
        made = Platform(running, repository)
        repository.commit("Begin", {f"{each}/plan.yaml": to_yaml(sized(10)) for each in NAMESPACES})
        for each in gitops.flux_objects(delivery):
            kube_api.apply(each.manifest())
        yield made


def test_every_environment_gets_its_own_plan(platform: Platform) -> None:
    begun = dict.fromkeys(NAMESPACES, sized(10).digest)
    platform.awaits(lambda: {each: platform.digest(each) for each in NAMESPACES}, begun)


def test_a_promoted_plan_arrives_with_where_it_came_from(
    platform: Platform, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    platform.commit(dev=to_yaml(sized(12)))
    platform.awaits(lambda: platform.digest("dev"), sized(12).digest)
    assert platform.digest("prod") == sized(10).digest
    # What the earlier environment has is asked of its cluster.
    found = platform.arrived("dev")
    assert found is not None
    running = tmp_path / "running.yaml"
    running.write_text(to_yaml(found), "utf-8")
    folder = platform.repository.folder
    files: list[str | Path] = [
        "--from",
        folder / "dev/plan.yaml",
        "--to",
        folder / "prod/plan.yaml",
    ]
    ran = Cli(capsys)("promote", *files, "--running", running, "--at", AT)
    assert ran.status == 0, ran.err
    platform.commit(prod=(folder / "prod/plan.yaml").read_text("utf-8"))
    platform.awaits(lambda: platform.digest("prod"), sized(12).digest)
    there = platform.arrived("prod")
    assert there is not None
    assert there.metadata.annotations[PROMOTED_DIGEST] == sized(12).digest
    assert load_plan(folder / "prod/plan.yaml").digest == sized(12).digest


def test_what_breaks_the_earlier_environment_does_not_reach_the_next(platform: Platform) -> None:
    before = platform.digest("prod")
    broken = to_yaml(sized(13)).replace("keep-running", "stop")
    platform.commit(dev=broken, prod=to_yaml(sized(14)))
    platform.awaits_said("dev", "fallback")
    platform.awaits_said("prod", "dependency 'flux-system/trimtab-dev'")
    assert platform.digest("prod") == before
    platform.commit(dev=to_yaml(sized(13)))
    platform.awaits(lambda: platform.digest("dev"), sized(13).digest)
    platform.awaits(lambda: platform.digest("prod"), sized(14).digest)


def test_nothing_but_plans_is_let_in(platform: Platform) -> None:
    stranger = {
        "dev/stranger.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: stranger}\n"
    }
    platform.repository.commit("More than a plan", stranger)
    platform.flux.fetch("trimtab")
    told = platform.awaits_said("dev", "forbidden")
    assert "system:serviceaccount:flux-system:trimtab-dev" in told
    platform.repository.revert()
    platform.flux.fetch("trimtab")
    platform.awaits(lambda: platform.flux.ready("trimtab-dev")[0], "True")


def test_an_environment_that_is_taken_away_leaves_its_plan(platform: Platform) -> None:
    kind = (gitops.FLUX_KUSTOMIZE, "Kustomization", "trimtab-prod", "flux-system")
    there = platform.digest("prod")
    assert there is not None
    platform.flux.api.delete(*kind)

    def gone() -> bool:
        try:
            platform.flux.api.get(*kind)
        except KubeError:
            return True
        return False

    platform.awaits(gone, True)
    assert platform.digest("prod") == there
