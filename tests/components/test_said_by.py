"""An error from beneath names the component, once, and keeps its kind and its mend."""

from typing import Any

import pytest

from support.plans import plan
from trimtab.errors import InputError, StalePlanError
from trimtab.provision.arguments import said_by
from trimtab_components import HeterogeneousCluster, KarpenterPools

WHERE = 'HeterogeneousCluster "c"'


@pytest.mark.parametrize(
    ("place", "says"),
    [
        (None, f"{WHERE}: is wrong; mend it"),
        ("plan.yaml:3", f"{WHERE}: plan.yaml:3: is wrong; mend it"),
        (WHERE, f"{WHERE}: is wrong; mend it"),
        (f"{WHERE}: pools.a", f"{WHERE}: pools.a: is wrong; mend it"),
    ],
)
def test_it_is_named_once(place: str | None, says: str) -> None:
    with pytest.raises(StalePlanError) as caught, said_by(WHERE):
        raise StalePlanError("is wrong", where=place, mend="mend it")
    assert str(caught.value) == says


@pytest.mark.parametrize(
    ("component", "arguments", "says"),
    [
        (HeterogeneousCluster, {"plan": "nope.yaml"}, "nope.yaml"),
        (HeterogeneousCluster, {"as_of": "2030-01-01T00:00:00Z"}, "as_of (trimtab:asOf): 2030-01-01"),
        (HeterogeneousCluster, {"pools": {"trainer": {"local_storage": "raid0", "efa": True}},
                                "region": "eu-west-1"}, "spec.site.region"),
        (KarpenterPools, {"plan_pools": ["trainr"]}, "plan_pools (trimtab:planPools): trainr"),
    ],
)  # fmt: skip
def test_a_component_says_which_one_it_is(
    component: Any, arguments: dict[str, Any], says: str
) -> None:
    own = {"cluster_name": "k"} if component is KarpenterPools else {"region": "us-east-1"}
    with pytest.raises((InputError, StalePlanError)) as caught:
        component("c", {"plan": plan(), **own, **arguments})
    assert str(caught.value).startswith(f'{component.__name__} "c": ')
    assert says in str(caught.value)
