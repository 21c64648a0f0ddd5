"""A stack's settings: names and types read off argument classes, and mistakes named by their path."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pytest
from pulumi.runtime import config as runtime_config

from trimtab.errors import InputError
from trimtab.provision.arguments import argument_name, setting_name
from trimtab_components.program import read_settings, settings_for


class Inner(TypedDict):
    """A nested argument."""

    public_cidr: NotRequired[str]
    node_pools: NotRequired[list[str]]


class Outer(TypedDict):
    """A component's arguments."""

    plan: Any
    vpc_id: NotRequired[pulumi.Input[str]]
    volume_gib: NotRequired[int]
    auto_mode: NotRequired[Inner]
    by_pool: NotRequired[dict[str, Inner]]
    entries: NotRequired[list[Inner]]
    tags: NotRequired[dict[str, str]]
    values: NotRequired[dict[str, Any]]


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Any:
    def read(**stated: str) -> dict[str, Any]:
        monkeypatch.setattr(pulumi, "get_project", lambda: "trimtab")
        found = {f"trimtab:{key}": text for key, text in stated.items()}
        monkeypatch.setattr(runtime_config, "get_config_env", lambda: found)
        return read_settings(settings_for(Outer, leave_out=["plan"]))

    return read


@pytest.mark.parametrize(
    ("argument", "setting"),
    [
        ("as_of", "asOf"),
        ("plan", "plan"),
        ("max_unavailable_percentage", "maxUnavailablePercentage"),
    ],
)
def test_names_go_both_ways(argument: str, setting: str) -> None:
    assert setting_name(argument) == setting
    assert argument_name(setting) == argument


def test_fields_are_renamed_and_users_own_keys_are_not(configured: Any) -> None:
    found = configured(
        vpcId="vpc-1",
        volumeGib="100",
        autoMode='{"publicCidr": "10.0.0.0/8", "nodePools": ["a"]}',
        byPool='{"myPool": {"publicCidr": "x"}}',
        entries='[{"publicCidr": "y"}]',
        tags='{"costCenter": 42}',
        values='{"camelCase": {"nestedKey": 1}}',
    )
    assert found == {
        "vpc_id": "vpc-1",
        "volume_gib": 100,
        "auto_mode": {"public_cidr": "10.0.0.0/8", "node_pools": ["a"]},
        "by_pool": {"myPool": {"public_cidr": "x"}},
        "entries": [{"public_cidr": "y"}],
        "tags": {"costCenter": "42"},
        "values": {"camelCase": {"nestedKey": 1}},
    }


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ({"volumGib": "1"}, "trimtab:volumGib: unknown setting; did you mean volumeGib?"),
        ({"volumeGib": "1.5"}, "trimtab:volumeGib: is 1.5; give a whole number"),
        ({"volumeGib": "true"}, "trimtab:volumeGib: is true; give a whole number"),
        ({"autoMode": "yes"}, "trimtab:autoMode: is yes; give an object"),
        (
            {"autoMode": '{"nodePool": []}'},
            "trimtab:autoMode.nodePool: unknown setting; did you mean",
        ),
        ({"autoMode": '{"nodePools": "a"}'}, "trimtab:autoMode.nodePools: is a; give a list"),
        ({"byPool": '{"p": {"publicCidr": []}}'}, "trimtab:byPool.p.publicCidr: is []; give text"),
        ({"entries": '[{"a": 1}]'}, "trimtab:entries[0].a: unknown setting; use one of"),
        ({"plan": "p"}, "trimtab:plan: unknown setting"),
    ],
)
def test_a_mistake_is_named_by_its_path(configured: Any, stated: dict[str, str], says: str) -> None:
    with pytest.raises(InputError) as caught:
        configured(**stated)
    assert says in str(caught.value)
