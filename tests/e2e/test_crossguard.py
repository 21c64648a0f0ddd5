"""The policy pack under Pulumi's real engine: `pulumi preview` itself says what the stack costs."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi_aws as aws
import pytest
from pulumi import ResourceOptions, automation

from support.automation import EngineStack
from support.pulumi_cli import PulumiCli

pytestmark = pytest.mark.engine

REPO = Path(__file__).resolve().parents[2]
PACK = REPO / "policies" / "crossguard" / "pack"
TAGS = {"team": "ml", "project": "search", "environment": "prod"}


@pytest.fixture
def said(
    pulumi_engine: PulumiCli, stand_ins: dict[str, str], tmp_path: Path
) -> Callable[..., tuple[list[Any], str]]:
    """Previews a program under the pack; gives the policies' events and the error, if it was refused."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    # Where no language host is installed the engine starts a pack by a plugin of this name.
    shim = plugins / "pulumi-analyzer-policy-python"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -u -m pulumi.policy "$@"\n')
    shim.chmod(0o755)

    def preview(program: Callable[[], None], **config: Any) -> tuple[list[Any], str]:
        env = {**stand_ins, "PATH": str(plugins)}
        stack = EngineStack(pulumi_engine, tmp_path / "stack", "test", program=program, env=env)
        stack.set(**{"aws:region": "us-east-1"})
        settings = tmp_path / "policy.json"
        settings.write_text(json.dumps({"trimtab-budget": config, "trimtab-cost": {}}))
        events: list[Any] = []
        error = ""
        try:
            stack.stack.preview(
                on_event=lambda e: events.append(e.policy_event) if e.policy_event else None,
                policy_packs=[str(PACK)],
                policy_pack_configs=[str(settings)],
            )
        except automation.CommandError as failed:
            error = str(failed)
        return events, error

    return preview


def gateways() -> None:
    """Two gateways, one without an owner."""
    for name, tags in (("owned", TAGS), ("orphan", None)):
        aws.ec2.NatGateway(
            name,
            subnet_id="subnet-1",
            connectivity_type="private",
            tags=tags,
            opts=ResourceOptions(),
        )


def test_a_preview_prints_the_total_and_who_does_not_pay(
    said: Callable[..., tuple[list[Any], str]],
) -> None:
    events, error = said(gateways)
    assert not error
    by_policy: dict[str, list[str]] = {}
    for event in events:
        by_policy.setdefault(event.policy_name, []).append(event.message)
    (cost,) = by_policy["trimtab-cost"]
    # Two gateways of 730 h x 0.045 and 100 GB x 0.045 each.
    assert "$74.70 a month" in cost
    assert "$37.35  owned" in cost
    (orphan,) = by_policy["trimtab-attribution"]
    assert "orphan" in orphan
    assert "trimtab-budget" not in by_policy


def test_a_budget_refuses_the_preview(said: Callable[..., tuple[list[Any], str]]) -> None:
    events, error = said(gateways, maxUsdPerMonth=50)
    assert error
    (refusal,) = (event for event in events if event.policy_name == "trimtab-budget")
    assert "$74.70 a month is over the $50.00 of maxUsdPerMonth" in refusal.message
    assert refusal.enforcement_level == "mandatory"
