"""Our steps run in this process as Crossplane runs them, and say the same."""

import copy
import stat
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from crossplane.function import response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from support.engines import engine_path
from trimtab.errors import EngineError, InputError
from trimtab.rendering import RenderRequest
from trimtab_functions.develop import crossplane_cli, engines, pipeline

FUNCTIONS = Path(__file__).parents[3] / "functions"
EXAMPLES = FUNCTIONS / "examples"
AS_OF = datetime(2026, 11, 20, tzinfo=UTC)
RESOURCE_NAME = "crossplane.io/composition-resource-name"

Document = dict[str, Any]


def read(path: Path) -> Document:
    document: Document = yaml.safe_load(path.read_text("utf-8"))
    return document


def request(**changes: Any) -> RenderRequest:
    """The example of NodeGroupSet."""
    api = FUNCTIONS / "apis" / "nodegroupset"
    given = {
        "xr": read(EXAMPLES / "xr.yaml"),
        "composition": read(api / "composition.yaml"),
        "xrd": read(api / "definition.yaml"),
        "observed": [],
        "required": [read(EXAMPLES / "plan.yaml")],
        "functions": [],
        "as_of": AS_OF,
    }
    return RenderRequest(**{**given, **changes})


def running(documents: Any, desired: int) -> list[Document]:
    """Rendered node groups as they stand once the provider has made them."""
    made = []
    for each in copy.deepcopy(list(documents)):
        each["metadata"] |= {"name": each["metadata"]["annotations"][RESOURCE_NAME]}
        each["status"] = {
            "atProvider": {"scalingConfig": {"desiredSize": desired}},
            "conditions": [{"type": "Ready", "status": "True", "reason": "Available"}],
        }
        made.append(each)
    return made


def reasons(xr: Any) -> dict[str, str]:
    return {each["type"]: each["reason"] for each in xr["status"]["conditions"]}


def test_the_example_is_sized_by_the_window_of_the_instant() -> None:
    november, december = (
        pipeline.render(request(as_of=at)) for at in (AS_OF, datetime(2026, 12, 2, tzinfo=UTC))
    )
    sizes = [
        {
            each["metadata"]["annotations"][RESOURCE_NAME]: each["spec"]["forProvider"][
                "scalingConfig"
            ]
            for each in rendered.composed
        }["trainer-on-demand-0a1b2c"]
        for rendered in (november, december)
    ]
    assert sizes == [{"minSize": 1, "maxSize": 6}, {"minSize": 2, "maxSize": 8}]
    assert reasons(november.xr)["PlanUsable"] == "PlanFound"
    assert "spec" not in november.xr


def test_without_the_plan_what_runs_stays() -> None:
    made = pipeline.render(request()).composed
    before = pipeline.render(request(observed=running(made, 4))).composed
    left = pipeline.render(request(required=[], observed=running(before, 4)))
    assert reasons(left.xr) == {
        "Ready": "Available",
        "PlanUsable": "PlanNotFound",
        "CapacityPlanned": "KeptRunning",
    }
    assert [e["spec"] for e in left.composed] == [e["spec"] for e in before]


def injecting() -> Document:
    return read(EXAMPLES / "inject" / "composition.yaml")


def test_a_step_of_anothers_is_skipped_and_named() -> None:
    xr = read(EXAMPLES / "xr.yaml") | {"spec": {"subnetIds": ["subnet-1"]}}
    rendered = pipeline.render(request(xr=xr, xrd=None, composition=injecting()))
    assert [(each.step, each.function) for each in rendered.skipped] == [
        ("node-groups", "function-go-templating")
    ]
    # The plan came by the step's bootstrap requirement.
    assert reasons(rendered.xr)["PlanUsable"] == "PlanFound"


@pytest.mark.engine
@pytest.mark.parametrize("case", ["created", "running", "no plan", "expired", "wrong input"])
def test_crossplanes_own_engine_gives_the_same(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(crossplane_cli.BINARY_VARIABLE, str(engine_path("crossplane-cli")))
    asked = request()
    if case != "created":
        asked = request(observed=running(pipeline.render(asked).composed, 2))
    if case == "no plan":
        asked = request(observed=asked.observed, required=[])
    if case == "expired":
        asked = request(observed=asked.observed, as_of=datetime(2100, 1, 1, tzinfo=UTC))
    if case == "wrong input":
        composition = copy.deepcopy(dict(asked.composition))
        composition["spec"]["pipeline"][0]["input"]["mode"] = "Sideways"
        asked = request(observed=asked.observed, composition=composition)
    ours, theirs = pipeline.render(asked), engines.render(asked)
    assert "crossplane" in theirs.engine
    assert ours.xr == theirs.xr
    assert list(ours.composed) == list(theirs.composed)
    assert list(ours.results) == list(theirs.results)


@pytest.mark.engine
@pytest.mark.parametrize("example", ["aks", "gke", "karpenter"])
def test_crossplanes_own_engine_gives_the_same_for_another_kind(
    example: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(crossplane_cli.BINARY_VARIABLE, str(engine_path("crossplane-cli")))
    folder = EXAMPLES / example
    definition = folder / "definition.yaml"
    plan = folder / "plan.yaml"
    asked = request(
        xr=read(folder / "xr.yaml"),
        composition=read(folder / "composition.yaml"),
        xrd=read(definition) if definition.exists() else None,
        required=[read(plan if plan.exists() else EXAMPLES / "plan.yaml")],
    )
    ours, theirs = pipeline.render(asked), crossplane_cli.render(asked)
    assert ours.composed
    assert ours.xr == theirs.xr
    assert list(ours.composed) == list(theirs.composed)
    assert list(ours.results) == list(theirs.results)


def test_requirements_that_never_settle_end() -> None:
    class Restless:
        calls = 0

        def compose(self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> None:
            self.calls += 1
            response.require_resources(
                rsp, f"r{self.calls}", "v1", "ConfigMap", match_name="x", namespace="y"
            )

    function = Restless()
    with pytest.raises(InputError, match=r"does not settle in 6 calls"):
        pipeline.run_step(function, fnv1.RunFunctionRequest(), [])
    assert function.calls == 6


def test_what_is_required_by_labels_is_found_in_its_namespace() -> None:
    def plan(name: str, namespace: str, **labels: str) -> Document:
        metadata = {"name": name, "namespace": namespace, "labels": labels}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}

    found = []

    class Looking:
        def compose(self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> None:
            response.require_resources(
                rsp, "maps", "v1", "ConfigMap", match_labels={"a": "b"}, namespace="here"
            )
            if "maps" in req.required_resources:
                found.append(
                    [e.resource["metadata"]["name"] for e in req.required_resources["maps"].items]
                )

    given = [plan("x", "here", a="b"), plan("y", "there", a="b"), plan("z", "here", a="c")]
    pipeline.run_step(Looking(), fnv1.RunFunctionRequest(), given)
    assert found == [["x"]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"composition": {"kind": "XRD"}}, r"COMPOSITION: is a XRD, no Composition"),
        ({"composition": {"kind": "Composition"}}, r"COMPOSITION: has no pipeline"),
        (
            {"composition": {"kind": "Composition", "spec": {"pipeline": [{"step": "a"}]}}},
            r"spec\.pipeline\[0\]: needs step and functionRef\.name",
        ),
        (
            {
                "composition": {
                    "kind": "Composition",
                    "spec": {"pipeline": [{"step": "a", "functionRef": {"name": "b"}}]},
                }
            },
            r"has no step of ours; render it with --engine crossplane",
        ),
        (
            {"observed": [{"kind": "NodeGroup"}]},
            r"observed resource 1: NodeGroup has no annotation",
        ),
        ({"xrd": {"spec": {"versions": []}}}, r"XRD: has no version 'v1alpha1'"),
    ],
    ids=["no Composition", "no pipeline", "no name", "not ours", "no name in it", "another XRD"],
)
def test_what_cannot_be_rendered_says_why(changes: Document, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pipeline.render(request(**changes))


def test_crossplane_is_taken_only_where_it_can_run_every_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(crossplane_cli.BINARY_VARIABLE, raising=False)
    assert engines.render(request()).engine == pipeline.ENGINE
    with pytest.raises(EngineError, match=r"no crossplane on the PATH; .*--engine local"):
        crossplane_cli.render(request())
    fake(tmp_path, "exit 1")
    with pytest.raises(EngineError, match=r"has no command to render with"):
        engines.render(request())
    # A step of another function, which nobody said how to run.
    xr = read(EXAMPLES / "xr.yaml") | {"spec": {}}
    asked = request(xr=xr, xrd=None, composition=injecting())
    assert engines.render(asked).engine == pipeline.ENGINE
    with pytest.raises(InputError, match=r"--functions: no Function object for function-go"):
        crossplane_cli.render(asked)


def test_the_newer_spelling_is_found_and_a_refusal_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv(crossplane_cli.BINARY_VARIABLE, raising=False)
    fake(
        tmp_path,
        """
        [ "$1" = composition ] || exit 80
        [ "$3" = --help ] && exit 0
        echo "crossplane: error: no such thing: $5" >&2
        exit 1
        """,
    )
    with pytest.raises(InputError, match=r"crossplane: no such thing: .*/functions\.yaml"):
        crossplane_cli.render(request())


def test_a_command_that_needs_docker_is_not_taken_unasked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv(crossplane_cli.BINARY_VARIABLE, raising=False)
    monkeypatch.delenv(crossplane_cli.CORE_VARIABLE, raising=False)
    fake(
        tmp_path,
        """
        [ "$2" = --help ] && echo "--crossplane-binary=PATH" && exit 0
        for each; do case "$each" in --crossplane-binary=*) echo "got $each" >&2; esac; done
        exit 1
        """,
    )
    assert engines.render(request()).engine == pipeline.ENGINE
    monkeypatch.setenv(crossplane_cli.CORE_VARIABLE, "/bin/core")
    with pytest.raises(InputError, match=r"got --crossplane-binary=/bin/core"):
        engines.render(request())


def fake(folder: Path, script: str) -> None:
    path = folder / "crossplane"
    path.write_text(f"#!/bin/sh\n{textwrap.dedent(script)}\n", "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
