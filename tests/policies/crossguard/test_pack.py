"""The policy pack's own code on CrossGuard's own types; tests/e2e runs it under Pulumi's engine."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import PolicyResource, StackValidationArgs, StackValidationPolicy
from pulumi_policy.policy import PolicyProviderResource, PolicyResourceOptions
from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE, UNKNOWN_STRING_VALUE, unknown_checking_proxy

from support.plans import plan_data
from trimtab.plan.document import parse_plan, save_plan
from trimtab_policies.pack import policies
from trimtab_policies.stack import estate_of

STACK = "urn:pulumi:prod::shop::"
TAGS = {"team": "ml", "project": "search", "environment": "prod"}
PRICES = {"prices": "built-in", "asOf": "2026-11-01"}
GATEWAY = "aws:ec2/natGateway:NatGateway"
GROUP = "aws:eks/nodeGroup:NodeGroup"
# 730 h x 0.045, and 100 GB x 0.045 by default.
ONE_GATEWAY = 37.35


def resource(token: str, name: str, **props: Any) -> PolicyResource:
    """A resource as the pack is shown it: its properties behind proxies that raise at unknown values."""
    provider = PolicyProviderResource(
        "pulumi:providers:aws",
        unknown_checking_proxy({"region": "us-east-1"}),
        f"{STACK}pulumi:providers:aws::default",
        "default",
    )
    options = PolicyResourceOptions(
        protect=False,
        ignore_changes=[],
        delete_before_replace=None,
        aliases=[],
        custom_timeouts=None,  # type: ignore[arg-type]
        additional_secret_outputs=[],
        parent=None,
    )
    return PolicyResource(
        resource_type=token,
        props=unknown_checking_proxy(props),
        urn=f"{STACK}{token}::{name}",
        name=name,
        opts=options,
        provider=provider,
        parent=None,
        dependencies=[],
        property_dependencies={},
    )


def gateway(name: str, **props: Any) -> PolicyResource:
    return resource(GATEWAY, name, connectivityType="private", subnetId="subnet-1", **props)


def group(name: str, desired: Any, **props: Any) -> PolicyResource:
    sizes = {"minSize": 2, "desiredSize": desired, "maxSize": 8}
    return resource(GROUP, name, instanceTypes=["m7i.4xlarge"], scalingConfig=sizes, **props)


def said(
    name: str, resources: list[PolicyResource], config: Mapping[str, Any] | None = None
) -> list[tuple[str, str | None]]:
    """What a policy reports, with the URN that it is about."""
    (policy,) = (each for each in policies() if each.name == f"trimtab-{name}")
    assert isinstance(policy, StackValidationPolicy)
    reported: list[tuple[str, str | None]] = []
    args = StackValidationArgs(resources, {**PRICES, **(config or {})})

    def report(message: str, urn: str | None = None) -> None:
        reported.append((message, urn))

    policy.validate(args, report)
    return reported


def test_the_total_its_dearest_resources_and_what_is_not_in_it() -> None:
    unheard = resource("aws:unheard/of:Thing", "thing")
    ((message, urn),) = said("cost", [gateway("a", tags=TAGS), gateway("b"), unheard])
    first, *rest = message.split("\n")
    assert first.startswith("$74.70 a month")
    assert rest == [
        f"  $37.35  a ({GATEWAY})",
        f"  $37.35  b ({GATEWAY})",
        "  not in it: 1 not priced",
    ]
    assert urn is None


def test_five_of_the_dearest_are_named() -> None:
    ((message, _),) = said("cost", [gateway(f"g{i}") for i in range(8)])
    assert len(re.findall(rf"  \$37\.35  g\d \({GATEWAY}\)", message)) == 5
    assert message.startswith(f"${8 * ONE_GATEWAY:,.2f} a month")


def test_an_empty_stack_costs_nothing() -> None:
    ((message, _),) = said("cost", [])
    assert message == "$0.00 a month"
    assert said("attribution", []) == []
    assert said("budget", [], {"maxUsdPerMonth": 1, "maxUnpriced": 0}) == []


def test_who_does_not_say_who_pays() -> None:
    ((message, urn),) = said("attribution", [gateway("owned", tags=TAGS), gateway("orphan")])
    assert "orphan" in message
    assert all(tag in message for tag in TAGS)
    assert urn == f"{STACK}{GATEWAY}::orphan"
    team = {"require": ["team"]}
    assert said("attribution", [gateway("ours", tags={"team": "ml"})], team) == []
    assert said("attribution", [gateway("orphan")], {"require": []}) == []


# Values that only an update will know


def test_an_unknown_size_is_within_its_bounds() -> None:
    known = said("cost", [group("workers", 4)])[0][0]
    unknown = said("cost", [group("workers", UNKNOWN_NUMBER_VALUE)])[0][0]
    # Four machines at 0.8064 and four disks of 20 GiB at 0.10; two to eight of them.
    assert known.startswith(f"${4 * (730 * 0.8064 + 2):,.2f} a month")
    low, high = (n * (730 * 0.8064 + 2) for n in (2, 8))
    assert f"(${low:,.2f} to ${high:,.2f})" in unknown.split("\n")[0]


def test_unknown_tags_and_names_raise_nothing() -> None:
    odd = gateway("a", tags={"team": UNKNOWN_STRING_VALUE}, id=UNKNOWN_STRING_VALUE)
    nested = resource(GROUP, "b", scalingConfig={"minSize": [{"x": UNKNOWN_STRING_VALUE}]})
    found = estate_of(StackValidationArgs([odd, nested]))
    assert len(found.resources) == 2
    for policy in ("cost", "attribution"):
        assert said(policy, [odd, nested])


def test_a_budget_counts_the_least_of_what_nobody_can_expect() -> None:
    unknown = group("workers", UNKNOWN_NUMBER_VALUE)
    ((message, _),) = said("budget", [unknown], {"maxUsdPerMonth": 1000})
    # Two nodes at the least: 2 x (730 h x 0.8064 + 2.00).
    assert re.match(r"\$[\d,.]+ a month is over the \$1,000\.00 of maxUsdPerMonth", message)
    assert said("budget", [unknown], {"maxUsdPerMonth": 50_000}) == []


# Secrets: CrossGuard shows them in the clear


def test_no_value_of_a_property_is_printed() -> None:
    secret = "hunter2-very-secret"
    resources = [
        gateway("a", tags={"team": secret, "note": secret}, password=secret),
        resource(
            "aws:rds/instance:Instance",
            "db",
            password=secret,
            instanceClass=secret,
            engine="postgres",
            allocatedStorage=20,
        ),
        group("workers", secret, userData=secret),
    ]
    limits = {"maxUsdPerMonth": 1, "maxUnpriced": 0}
    printed = [*said("cost", resources), *said("attribution", resources)]
    printed += said("budget", resources, limits)
    assert printed
    assert not any(secret in message for message, _ in printed)


# Limits


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"maxUsdPerMonth": 74.70}, None),
        ({"maxUsdPerMonth": 74.69}, "$74.70 a month is over the $74.69 of maxUsdPerMonth"),
        ({"maxUnpriced": 0.34}, None),
        ({"maxUnpriced": 0.33}, "33.3% of what costs money has no price, 33.0% may"),
        ({}, None),
    ],
    ids=str,
)
def test_a_limit_is_kept_to_the_cent(limits: Mapping[str, float], message: str | None) -> None:
    stack = [gateway("a"), gateway("b"), resource("aws:unheard/of:Thing", "thing")]
    assert said("budget", stack, limits) == ([] if message is None else [(message, None)])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"plan": "no.yaml"}, r"can't be checked: /call/no\.yaml: no such file; check the path"),
        ({"inventory": "no.yaml"}, r"can't be checked: /call/no\.yaml: no such file; .*"),
        ({"usage": "no.yaml"}, r"can't be checked: /call/no\.yaml: no such file; .*"),
        ({"prices": "no"}, r"can't be checked: prices: /call/no is no folder; .*"),
        ({"asOf": "soon"}, r"can't be checked: asOf: 'soon' is no ISO 8601 instant; .*"),
        ({"regions": {"ibm": "x"}}, r"can't be checked: regions: unknown provider 'ibm'; .*"),
        ({"maxUsdPerMnth": 5}, r"trimtab-budget: unknown configuration maxUsdPerMnth; use .*"),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_a_limit_that_cannot_be_checked_is_not_kept(
    config: Mapping[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PWD", "/call")
    ((reported, urn),) = said("budget", [gateway("a")], {"maxUsdPerMonth": 1000, **config})
    assert re.fullmatch(message, reported)
    assert urn is None


def test_the_stacks_own_plan_is_taken_from_where_pulumi_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PWD", str(tmp_path))
    own = {"trimtab:plan": "plan.yaml", "shop:password": "hunter2"}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(own))
    ((without, _),) = said("cost", [gateway("a")])
    assert without.startswith("$37.35")
    plan = tmp_path / "plan.yaml"
    plan.write_text("kind: Other\n")
    ((wrong, _),) = said("cost", [gateway("a")])
    assert wrong.startswith(f"can't be checked: {plan}: ")
    save_plan(parse_plan(plan_data(), "test plan"), plan)
    ((message, _),) = said("cost", [gateway("a")])
    assert message == without
    monkeypatch.setenv("PULUMI_CONFIG", "[")
    assert said("cost", [gateway("a")]) == [(without, None)]


def test_a_wrong_plan_says_where_it_is_wrong(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("kind: Other\n")
    ((reported, _),) = said("cost", [gateway("a")], {"plan": str(plan)})
    assert reported.startswith(f"can't be checked: {plan}: ")
    assert "\n" not in reported


def test_the_levels_and_the_schema_of_each_policy() -> None:
    found = {each.name: each for each in policies()}
    levels = {name: each.enforcement_level.value for name, each in found.items()}  # type: ignore[union-attr]
    assert levels == {
        "trimtab-cost": "advisory",
        "trimtab-attribution": "advisory",
        "trimtab-budget": "mandatory",
    }
    shared = {"plan", "inventory", "usage", "asOf", "prices", "regions"}
    keys = {name: set(each.config_schema.properties) for name, each in found.items()}  # type: ignore[union-attr]
    assert keys == {
        "trimtab-cost": shared,
        "trimtab-attribution": {*shared, "require"},
        "trimtab-budget": {*shared, "maxUsdPerMonth", "maxUnpriced"},
    }


# The documents

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "ci" / "crossguard.md").read_text("utf-8")


def test_the_page_shows_what_its_configuration_prints(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```json\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    (shown,) = re.findall(r"^```text\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    stack = [gateway("orphan"), gateway("owned", tags=TAGS)]
    lines = set()
    for name, config in json.loads(example).items():
        policy = name.removeprefix("trimtab-")
        own = {key: value for key, value in config.items() if key != "enforcementLevel"}
        for message, _ in said(policy, stack, own):
            lines |= set(message.split("\n"))
    printed = {line[10:] for line in shown.splitlines() if line.startswith(" " * 10)}
    descriptions = {each.description for each in policies()}
    assert printed - descriptions == lines


def test_the_page_has_every_policy_and_every_key() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+) \|", PAGE, re.MULTILINE)
    found = {each.name: each for each in policies()}
    levels = {name: each.enforcement_level.value for name, each in found.items()}  # type: ignore[union-attr]
    assert {name: level for name, level in rows if name in found} == levels
    keys = {key for each in found.values() for key in each.config_schema.properties}  # type: ignore[union-attr]
    documented = re.findall(r"^\| `(\w+)` \| (?:each|`trimtab-[a-z]+`) \|", PAGE, re.MULTILINE)
    assert sorted(documented) == sorted(keys)
