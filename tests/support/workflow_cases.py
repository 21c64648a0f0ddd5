"""What a run of a CI workflow must have left behind for `support.scenario`'s change."""

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from support import scenario
from support.code_host import CodeHost
from support.engines import engine_path
from support.scenario import AFTER, Pool
from support.workflows import Run, github, gitlab

WORKFLOWS = Path(__file__).resolve().parents[2] / "docs" / "ci"
GPU = "gpu"
LESS: Mapping[str, Pool] = {**AFTER, GPU: (*AFTER[GPU][:2], (0, 1, 4), AFTER[GPU][3])}
"""The change after a second push: one GPU machine instead of two."""
OUTS = {"comment.md", "diff.json", "findings.sarif", "junit.xml", "report.html"}
CI = {"github": github, "gitlab": gitlab}
CENT = 0.005

Pools = Mapping[str, Pool]


def check(
    run: Callable[[], Run], push: Callable[[], object], host: CodeHost, work: Path, disks: float
) -> Run:
    """Run for the change and for the push after it; the first run.

    Args:
        disks: dollars a month of a node's disk.
    """
    first = run()
    assert first.status == 0, first.log
    (number,) = host.comments
    delta = scenario.DELTA_WORKERS + scenario.GPUS + 2 * disks
    assert expected(work) == pytest.approx(delta, abs=CENT)
    comment = host.comments[number]
    assert f"+${delta:,.2f} a month" in comment.split("\n")[2]
    assert f"{-scenario.DELTA_WORKERS:,.2f}" in comment
    assert re.search(r"gpu.*environment", comment)
    assert artefacts(work) == OUTS

    push()
    second = run()
    assert second.status == 0, second.log
    assert list(host.comments) == [number]
    less = scenario.DELTA_WORKERS + scenario.GPUS / 2 + disks
    assert f"+${less:,.2f} a month" in host.comments[number].split("\n")[2]
    assert f"updated {host.url}/acme/infra" in second.log
    return first


def expected(work: Path) -> float:
    told = json.loads((work / "trimtab-out" / "diff.json").read_text())
    usd: float = told["totals"]["delta"]["usd_per_month"]["expected"]
    return usd


def artefacts(work: Path) -> set[str]:
    """The names of the reports, each of which is what it says."""
    folder = work / "trimtab-out"
    json.loads((folder / "findings.sarif").read_text())["runs"]
    ElementTree.parse(folder / "junit.xml")  # noqa: S314 - our own
    assert (folder / "report.html").read_text().lower().startswith("<!doctype html>")
    return {each.name for each in folder.iterdir()}


def manifests(render: str, pools: Pools) -> dict[str, str | None]:
    """The files of the change's manifests, as they are rendered: plain, kustomize, helm."""
    folder, text = "clusters/prod", scenario.manifests(pools)
    if render == "plain":
        return {f"{folder}/pools.yaml": text}
    if render == "kustomize":
        kustomization = {"resources": ["pools.yaml"], "nameSuffix": "-a"}
        return {
            f"{folder}/pools.yaml": text,
            f"{folder}/kustomization.yaml": yaml.safe_dump(kustomization),
        }
    chart = {"apiVersion": "v2", "name": "pools", "version": "0.1.0"}
    template = "{{ range .Values.pools }}\n---\n{{ toYaml . }}\n{{ end }}\n"
    return {
        f"{folder}/Chart.yaml": yaml.safe_dump(chart),
        f"{folder}/values.yaml": yaml.safe_dump({"pools": list(yaml.safe_load_all(text))}),
        f"{folder}/templates/pools.yaml": template,
    }


def commands(render: str) -> dict[str, Path]:
    """What a job may call; skips where helm is asked for and absent."""
    helm = shutil.which("helm")
    if render == "helm" and helm is None:
        pytest.skip("helm is not on PATH")
    return {"kubectl": engine_path("kubectl"), "helm": Path(helm or "/bin/false")}
