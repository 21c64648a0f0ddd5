"""A pool's settings: how a group's lie over its pool's, and what is refused."""

import re
from typing import Any

import pytest

from support.plans import group, plan, pool
from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan
from trimtab.provision.pool_settings import Settings, SettingsByGroup
from trimtab_components.pool_settings import PoolSettings


def two_pools() -> CapacityPlan:
    """GPUs of a team, and CPUs of nobody."""
    cpus = group("on-demand", {"option": "on-demand"}, accelerator=None)
    return plan(pools=[pool(), pool(name="web", owner={}, groups=[cpus], interruptibleShare=0.0)])


def settings(stated: dict[str, Any] | None) -> dict[str, Settings]:
    one = two_pools()
    found = SettingsByGroup(one, stated, 'Cluster "c"')
    return {f"{p.name}/{g.name}": found.of(p, g) for p in one.spec.pools for g in p.groups}


def test_nothing_stated_is_the_default_everywhere() -> None:
    assert set(settings(None).values()) == {Settings()} == set(settings({}).values())


def test_a_groups_settings_lie_over_its_pools_key_by_key() -> None:
    found = settings(
        {
            "trainer": {"efa": True, "volume_gib": 200, "team_taint": True},
            "trainer/spot": {"efa": False, "local_storage": "raid0"},
        }
    )
    whole = Settings(efa=True, volume_gib=200, team_taint=True)
    assert found["trainer/reserved"] == found["trainer/on-demand"] == whole
    assert found["trainer/spot"] == Settings(volume_gib=200, team_taint=True, local_storage="raid0")
    assert found["web/on-demand"] == Settings()


def test_numbers_of_other_languages_are_whole_numbers() -> None:
    """Pulumi's protocol carries every number as a float."""
    found = settings({"trainer": {"volume_gib": 200.0, "sharing": "mps", "sharing_replicas": 2.0}})
    assert found["trainer/spot"].volume_gib == 200
    assert found["trainer/spot"].sharing_config == "mps-2"


def test_the_arguments_and_what_checks_them_have_the_same_fields() -> None:
    assert set(PoolSettings.__annotations__) == set(Settings.model_fields)


ACCEPTED: dict[str, dict[str, Any]] = {
    "an image and a volume": {"ami_family": "BOTTLEROCKET", "volume_gib": 16384},
    "time-slicing of MIG slices": {
        "mig_profile": "all-1g.10gb", "sharing": "time-slicing", "sharing_replicas": 2,
    },
    "a balanced MIG layout": {"mig_profile": "all-balanced"},
    "every taint": {"accelerator_taint": True, "team_taint": True, "readiness_taint": True},
    "everything for training": {"efa": True, "placement_group": True, "local_storage": "raid0"},
    "a whole group at once": {"max_unavailable_percentage": 100, "node_repair": True},
}  # fmt: skip


@pytest.mark.parametrize("stated", ACCEPTED.values(), ids=ACCEPTED)
def test_what_fits_together_is_accepted(stated: dict[str, Any]) -> None:
    settings({"trainer": stated})


REJECTED: dict[str, tuple[dict[str, Any], str]] = {
    "a pool that is not there": (
        {"trainers": {}},
        'Cluster "c": pools: trainers is no pool or group of the plan; use one of trainer, trainer/',
    ),
    "a misspelt setting": (
        {"trainer": {"sharng": "mps"}},
        'Cluster "c": pools.trainer: sharng: unknown field; did you mean sharing?',
    ),
    "an image family that is gone": (
        {"trainer": {"ami_family": "AL2"}},
        "pools.trainer: ami_family: Input should be 'AL2023' or 'BOTTLEROCKET' (found 'AL2')",
    ),
    "a share of nobody": ({"web": {"sharing": "mps"}}, "give sharing time-slicing or mps with"),
    "replicas of nothing": ({"trainer": {"sharing_replicas": 2}}, "or neither"),
    "MPS on MIG slices": (
        {"trainer": {"mig_profile": "all-1g.5gb", "sharing": "mps", "sharing_replicas": 2}},
        "MPS can't share MIG slices (mig_profile all-1g.5gb)",
    ),
    "MIG without a GPU": (
        {"web": {"mig_profile": "all-1g.5gb"}},
        "pools.web: mig_profile is all-1g.5gb, but group on-demand has no NVIDIA GPU; drop mig_profile",
    ),
    "sharing without a GPU": (
        {"web": {"sharing": "mps", "sharing_replicas": 2}},
        "pools.web: sharing is mps-2, but group on-demand has no NVIDIA GPU",
    ),
    "waiting for no accelerator": (
        {"web/on-demand": {"readiness_taint": True}},
        "pools.web/on-demand: readiness_taint waits for accelerators, but group on-demand has none",
    ),
    "a team that is not stated": (
        {"web": {"team_taint": True}},
        "pools.web: team_taint: pool web states no team; give its workloads owner.team, or drop",
    ),
    "a volume too small for an image": ({"trainer": {"volume_gib": 10}}, "volume_gib"),
    "more than a whole group": (
        {"trainer": {"max_unavailable_percentage": 101}},
        "max_unavailable",
    ),
    "a word that is no flag": ({"trainer": {"efa": "yes"}}, "efa: Input should be a valid boolean"),
}


def test_mig_needs_a_gpu_that_can_be_cut() -> None:
    a10g = {"model": "a10g", "resource": "nvidia.com/gpu", "perNode": 1}
    document = plan(pools=[pool(groups=[group("g", {"option": "on-demand"}, accelerator=a10g)])])
    with pytest.raises(InputError, match="group g has a10g, which can't be cut; drop mig_profile"):
        SettingsByGroup(document, {"trainer": {"mig_profile": "all-1g.5gb"}}, "here")


@pytest.mark.parametrize(("stated", "says"), REJECTED.values(), ids=REJECTED)
def test_what_does_not_fit_is_one_line(stated: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)) as error:
        settings(stated)
    assert "\n" not in str(error.value)
