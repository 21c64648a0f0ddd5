"""The workflows of manifests that users copy, run step by step on `support.scenario`'s change.

kubectl is the real one, and so is helm where it is on PATH; the code host is stood in for.
"""

import re
from pathlib import Path

import pytest

from support.code_host import CodeHost
from support.engines import engine_version
from support.scenario import AFTER, BEFORE
from support.workflow_cases import CI, LESS, WORKFLOWS, check, commands, manifests
from support.workflows import Machine, Origin, Run

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("render", ["plain", "kustomize", "helm"])
def test_manifests(ci: str, render: str, origin: Origin, host: CodeHost, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine", commands(render))
    origin.branch(manifests(render, BEFORE), manifests(render, AFTER))
    file = WORKFLOWS / ci / "manifests.yml"

    def run() -> Run:
        return CI[ci](file, machine, origin, host, env={"RENDER": render})

    work = tmp_path / "machine" / "work"
    first = check(run, lambda: origin.commit(manifests(render, LESS)), host, work, 0.0)
    wanted = first.used.get("github/codeql-action/upload-sarif") or first.used["artifacts"]
    if ci == "github":
        assert wanted == {
            "sarif_file": "trimtab-out/findings.sarif",
            "category": "trimtab-manifests",
        }
        assert first.used["actions/upload-artifact"]["path"] == "trimtab-out/"
        assert machine.installed() == ["pip install trimtab==0.1.0"] * 2
    else:
        assert wanted["paths"] == ["trimtab-out/"]
        assert wanted["reports"] == {"junit": "trimtab-out/junit.xml"}
        pip, kubectl, helm, *_ = machine.installed()
        assert pip == "pip install trimtab==0.1.0"
        version = engine_version("kubectl")
        assert kubectl.split()[-1] == f"https://dl.k8s.io/release/{version}/bin/linux/amd64/kubectl"
        assert re.fullmatch(r".* https://get\.helm\.sh/helm-v3[.\d]+-linux-amd64\.tar\.gz", helm)
