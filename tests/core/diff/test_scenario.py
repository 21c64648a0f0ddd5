"""One pull request as Pulumi, Terraform, Crossplane and plain manifests say it: one comment, by hand.

The figures are those of `support.scenario`, worked out from the book's prices.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from support import scenario
from trimtab.cli.main import main

CENT = 0.005


@pytest.fixture(params=["pulumi", "terraform", "crossplane", "manifests"])
def inputs(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, list[str]]:
    """The language, and the files or the file to give."""
    texts = {
        "pulumi": [scenario.pulumi_preview()],
        "terraform": [scenario.terraform_plan()],
        "crossplane": [scenario.crossplane_render(p) for p in (scenario.BEFORE, scenario.AFTER)],
        "manifests": [scenario.manifests(p) for p in (scenario.BEFORE, scenario.AFTER)],
    }[request.param]
    paths = [tmp_path / f"{request.param}-{i}" for i in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return request.param, [str(path) for path in paths]


def run(inputs: list[str], *options: str) -> int:
    given = ["--as-of", "2026-11-01", "--region", "aws=us-east-1", "--prices", "built-in"]
    return main(["diff", *inputs, *given, *options])


def test_the_sums_are_those_worked_out_by_hand(
    inputs: tuple[str, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    language, files = inputs
    assert run(files, "--format", "json") == 0
    told = json.loads(capsys.readouterr().out)
    changes: dict[str, Any] = {
        c["resource"]["name"].removeprefix("ml-"): c for c in told["changes"]
    }
    disks = 0.0 if language == "manifests" else scenario.DISK
    workers, gpu = changes["workers"], changes["gpu"]
    assert workers["usd_per_month"]["expected"] == pytest.approx(scenario.DELTA_WORKERS, abs=CENT)
    assert gpu["operation"] == "create"
    assert gpu["usd_per_month"]["expected"] == pytest.approx(scenario.GPUS + 2 * disks, abs=CENT)
    control_plane = 0.0 if language == "manifests" else scenario.CONTROL_PLANE
    before = control_plane + scenario.ON_DEMAND_WORKERS + 4 * disks
    after = control_plane + scenario.SPOT_WORKERS + scenario.GPUS + 6 * disks
    for side, usd in (("before", before), ("after", after), ("delta", after - before)):
        assert told["totals"][side]["usd_per_month"]["expected"] == pytest.approx(usd, abs=CENT)
    # m7i.4xlarge is interrupted at 5 to 10 % a month: four machines, 0.2 to 0.4 times.
    spot = told["totals"]["after"]["interruptions_per_month"]
    assert spot["expected"] == pytest.approx(4 * 0.075)
    assert told["totals"]["before"]["interruptions_per_month"]["expected"] == 0


def test_the_comment_shows_the_move_the_new_pool_and_the_forgotten_tag(
    inputs: tuple[str, list[str]], tmp_path: Path
) -> None:
    _, files = inputs
    comment = tmp_path / "comment.md"
    assert run(files, "--out", str(comment), "--fail-on", "warning") == 7
    text = comment.read_text()
    assert text.startswith("<!-- trimtab:diff:trimtab -->\n")
    assert "workers" in text
    assert "gpu" in text
    assert f"{-scenario.DELTA_WORKERS:,.2f}" in text
    assert "environment" in text
    assert "spot" in text


def test_every_multiplication_can_be_asked_for(
    inputs: tuple[str, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    _, files = inputs
    assert run(files, "--explain", "*gpu") == 0
    told = capsys.readouterr().out
    assert "5.672" in told
    assert "730" in told
    assert f"{scenario.GPUS:,.2f}" in told
    assert "aws/karpenter-provider-aws 2026-07-20" in told
