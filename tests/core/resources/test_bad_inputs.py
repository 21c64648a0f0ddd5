"""Inputs that are wrong: each is one error with the place and the mend."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.change_inputs import changed, pulumi_preview, stack_export, terraform_plan
from trimtab.errors import InputError, TrimtabError
from trimtab.resources.readers import NOTHING, Options, read_change, read_estate

PREVIEW = json.dumps(pulumi_preview())
KNOWN = (
    "give one of: pulumi preview --json, an update plan, an event log, pulumi stack export, "
    "terraform show -json, crossplane render, Kubernetes manifests, or a CapacityPlan"
)
CUT = "the text ends in the middle: the command may have failed half-way; look at its stderr"


def failed(message: str, **fields: Any) -> str:
    diagnostic = {"severity": "error", "message": message, **fields}
    return json.dumps({"steps": [], "diagnostics": [{"severity": "info"}, diagnostic]})


def with_step(**fields: Any) -> str:
    preview = pulumi_preview()
    preview["steps"][2] |= fields
    return json.dumps(preview)


CASES: dict[str, tuple[str | bytes, str]] = {
    "an empty file": (
        "",
        "X: is empty; the command that wrote it may have failed: look at its stderr",
    ),
    "only spaces": (
        " \n\t\n",
        "X: is empty; the command that wrote it may have failed: look at its stderr",
    ),
    "a preview cut in a string": (PREVIEW[:200], f"X, byte 200: is not whole JSON; {CUT}"),
    "a preview cut between steps": (
        PREVIEW[: PREVIEW.index('{"op": "update"')],
        (
            f"X, byte {PREVIEW.index(chr(123) + chr(34) + 'op' + chr(34) + ': ' + chr(34) + 'update')}: "
            f"is not whole JSON; {CUT}"
        ),
    ),
    "a comma too many": ('{"steps": [],}', "X, byte 13: is not JSON (a key is missing)"),
    "more after its end": (
        f"{PREVIEW}\nwarning: x",
        (
            "X: has more after its end: 'w'; keep the command's stderr out of it (no 2>&1), and one "
            "result in a file"
        ),
    ),
    "a key twice": (
        '{"steps": [], "steps": []}',
        "X, byte 21: key steps stands twice; write it once",
    ),
    "a number without end": (
        '{"steps": [], "duration": ' + "9" * 5000 + "}",
        "X, byte 26: has a number with thousands of digits; is it what the engine wrote?",
    ),
    "another JSON": ('{"name": "x"}', f"X: is nothing that is known here; {KNOWN}"),
    "another YAML": ("name: x\n", f"X: is nothing that is known here; {KNOWN}"),
    "a text": (
        "hello\n",
        (
            "X, line 1, document 1: is not a Kubernetes object; write a mapping with "
            "apiVersion and kind"
        ),
    ),
    "bytes that are no text": (
        b'{"steps": "\xff"}',
        "X: is not UTF-8 text (byte 0xff); save it as UTF-8",
    ),
    "a damaged archive": (
        gzip.compress(PREVIEW.encode())[:100],
        "X: is not whole: its compressed text is cut or damaged; fetch or write it again",
    ),
    "Terraform's binary plan": (
        b"PK\x03\x04rest",
        (
            "X: is a plan file of Terraform's own, or another archive; print it as JSON: terraform show "
            "-json X > plan.json"
        ),
    ),
    "Terraform's state file": (
        json.dumps({"version": 4, "serial": 1, "lineage": "x", "resources": []}),
        (
            "X: is Terraform's state file, whose form is its own; print it: terraform show -json > "
            "state.json"
        ),
    ),
    "Terraform's log": (
        '{"@level":"info","@message":"Terraform 1.9"}\n{"@level":"info"}\n',
        (
            "X: is the log of a run, which has no inputs; save the plan (-out=plan) and run terraform "
            "show -json plan"
        ),
    ),
    "a plan of another format": (
        json.dumps(changed(terraform_plan(), format_version="2.0")),
        (
            "X, format_version: is of format version '2.0', which is not known; known are 0.x and 1.x, "
            "of Terraform 0.12 and OpenTofu 1.6 or later"
        ),
    ),
    "an export of another version": (
        json.dumps(changed(stack_export(), version=9)),
        (
            "X, version: is a deployment of version 9; export it with a current Pulumi, which writes "
            "version 3"
        ),
    ),
    "a preview with other fields": (
        json.dumps(changed(pulumi_preview(), previewVersion=2)),
        (
            "X: has steps like a Pulumi preview, and fields of another version: previewVersion; make the "
            "preview with Pulumi 3"
        ),
    ),
    "an operation that nobody knows": (
        with_step(op="teleport"),
        (
            "X, steps[2]: unknown operation 'teleport': not a step of this Pulumi's preview; known: "
            "create, create-replacement, delete, delete-replaced, diff, discard, discard-replaced, "
            "extend-parameterize, import, import-replacement, read, read-replacement, refresh, "
            "remove-pending-replace, replace, same, update"
        ),
    ),
    "steps that are no list": ('{"steps": {}}', "X, steps: is not a list"),
    "a program that failed": (
        failed("error: name must be set\nmore", urn="urn:pulumi:a::b::c::web"),
        "X, web: the preview failed: name must be set; mend the program and preview it again",
    ),
    "a program that raised": (
        failed(
            'Program failed:\nTraceback (most recent call last):\n  File "x"\nValueError: no size'
        ),
        "X: the preview failed: ValueError: no size; mend the program and preview it again",
    ),
    "a program that died, told a line at a time": (
        json.dumps(
            {
                "diagnostics": [
                    {"severity": "info#err", "message": "    import pulumi\n"},
                    {
                        "severity": "info#err",
                        "message": "ModuleNotFoundError: No module named 'x'\n",
                    },
                    {
                        "severity": "error",
                        "message": "error: an unhandled error occurred: program exited with non-zero exit code: 1\n",
                    },
                ]
            }
        ),
        (
            "X: the preview failed: ModuleNotFoundError: No module named 'x'; mend the program and "
            "preview it again"
        ),
    ),
    "an engine's error in place of its result": (
        "error: no stack selected; please use pulumi stack select\n",
        (
            "X: holds an engine's error: no stack selected; please use pulumi stack select; mend that "
            "and run the command again"
        ),
    ),
    "a box of Terraform's": (
        "╷\n│ Error: Failed to load plugin schemas\n│ \n╵\n",
        (
            "X: holds an engine's error: Failed to load plugin schemas; mend that and run the command "
            "again"
        ),
    ),
    "what Pulumi prints for people": (
        "Previewing update (dev):\n +  aws:ec2:Instance web create\n",
        "X: is what the engine prints for people; run pulumi preview --json",
    ),
    "an object without a name": (
        "apiVersion: v1\nkind: Pod\n",
        "X:1: the Pod has no name; write metadata.name",
    ),
    "a manifest with a key twice": (
        "apiVersion: v1\nkind: Pod\nkind: Pod\n",
        "X, line 3: key kind stands twice; remove one",
    ),
    "a template that is not rendered": (
        "apiVersion: v1\nkind: {{ .Values.kind }}\nname: {{ x }}\n",
        "X, line 2: is not YAML (found unhashable key); render the template first (helm template)",
    ),
}


@pytest.mark.parametrize(("content", "message"), CASES.values(), ids=CASES.keys())
def test_a_wrong_input_is_one_error(
    content: str | bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("X").write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError) as caught:
        read_change(None, "X")
    assert str(caught.value) == message


def chart(folder: Path) -> None:
    (folder / "Chart.yaml").write_text("name: x\n")


def configuration(folder: Path) -> None:
    (folder / "main.tf").write_text("")


def program(folder: Path) -> None:
    (folder / "Pulumi.yaml").write_text("name: x\n")
    (folder / "Pulumi.prod.yaml").write_text("config: {}\n")


def others(folder: Path) -> None:
    (folder / "values.yaml").write_text("a: b\n")


FOLDERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a chart": (chart, "D: is a Helm chart; render it first: helm template D > rendered.yaml"),
    "Terraform's configuration": (
        configuration,
        (
            "D: is Terraform's configuration; plan it first: terraform plan -out=plan && terraform show "
            "-json plan"
        ),
    ),
    "a program without a stack": (
        program,
        "D: is a Pulumi program, and no stack is named; give --stack (there are prod)",
    ),
    "nothing": (
        lambda _: None,
        "D: holds no YAML or JSON file; name a folder of manifests, or one with a Pulumi.yaml",
    ),
    "other YAML": (others, "D: holds no Kubernetes object; name a folder of manifests"),
}


@pytest.mark.parametrize(("fill", "message"), FOLDERS.values(), ids=FOLDERS.keys())
def test_a_wrong_folder_is_one_error(
    fill: Callable[[Path], object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("D").mkdir()
    fill(Path("D"))
    with pytest.raises(TrimtabError) as caught:
        read_estate("D")
    assert str(caught.value) == message


def test_a_file_must_be_there() -> None:
    with pytest.raises(InputError, match=r"^nowhere: no such file; check the path$"):
        read_change(None, "nowhere")


def test_standard_input_is_one_side() -> None:
    with pytest.raises(InputError, match="standard input can't be both sides"):
        read_change("-", "-")


def test_what_a_wrapper_writes_around_a_plan_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    path.write_text(
        f"[command]/bin/terraform show -json p\n::debug::x\n{json.dumps(terraform_plan())}\n"
        "::debug::Terraform exited with code 0.\n::set-output name=exitcode::0\n"
    )
    assert len(read_change(None, str(path)).after.resources) == 4


def test_an_update_plan_is_not_applied_to_manifests(tmp_path: Path) -> None:
    plan, manifest = tmp_path / "plan", tmp_path / "pod"
    plan.write_text('{"resourcePlans": {}}')
    manifest.write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n")
    with pytest.raises(InputError, match="Kubernetes manifests, to which an update plan can't be"):
        read_change(str(manifest), str(plan), Options())
    assert read_change(NOTHING, str(plan)).after.resources == ()
