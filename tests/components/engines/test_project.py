"""Project and stack files: what is accepted, and the one error for what is not."""

from pathlib import Path

import pytest

pytest.importorskip("pulumi", reason="the pulumi environment has it")

from trimtab.errors import InputError
from trimtab_components.engines.project import find_project, read_config

GOOD = "name: demo\nruntime: python\nmain: stacks\nstackConfigDir: stacks\n"


def write(folder: Path, project: str = GOOD, stack: str | None = "config: {}\n") -> Path:
    (folder / "stacks" / "deeper").mkdir(parents=True)
    (folder / "stacks" / "__main__.py").touch()
    (folder / "Pulumi.yaml").write_text(project, "utf-8")
    if stack is not None:
        (folder / "stacks" / "Pulumi.dev.yaml").write_text(stack, "utf-8")
    return folder


@pytest.mark.parametrize("start", [".", "stacks", "stacks/deeper", "Pulumi.yaml"])
def test_a_project_is_found_from_anywhere_in_it(tmp_path: Path, start: str) -> None:
    project = find_project(write(tmp_path) / start)
    assert project.name == "demo"
    assert (project.folder, project.program) == (tmp_path, tmp_path / "stacks")
    assert project.main == tmp_path / "stacks" / "__main__.py"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("runtime: python\n", "Pulumi.yaml: name: missing; give the project a name"),
        ("name: demo\nruntime: nodejs\n", "runtime: is nodejs; only Python programs"),
        ("name: demo\n", "runtime: is missing"),
        ("name: demo\nruntime: {name: python}\nmain: gone\n", "does not exist; name the program"),
        ("name: [\n", "Pulumi.yaml:2: is not YAML"),
        ("- a\n", "is not a mapping"),
        ("name: demo\nruntime: python\nmain: stacks\nconfig: [a]\n", "config: is not a mapping"),
    ],
)
def test_a_bad_project_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        find_project(write(tmp_path, text))
    assert message in str(caught.value)


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no Pulumi\.yaml here or above"):
        find_project(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        find_project(tmp_path / "gone")


def test_an_unknown_stack_lists_the_stacks(tmp_path: Path) -> None:
    project = find_project(write(tmp_path))
    with pytest.raises(InputError, match=r"no stack 'prod'.*name one of: dev"):
        read_config(project, "prod", {})
    (tmp_path / "stacks" / "Pulumi.dev.yaml").unlink()
    with pytest.raises(InputError, match="create it"):
        read_config(project, "prod", {})


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        ("config: 3\n", "config: is not a mapping"),
        ("config:\n  a: b: c\n", "Pulumi.dev.yaml:2: is not YAML"),
    ],
)
def test_a_bad_stack_file(tmp_path: Path, stack: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_config(find_project(write(tmp_path, stack=stack)), "dev", {})
    assert message in str(caught.value)


def test_secrets_are_known_by_their_keys(tmp_path: Path) -> None:
    stack = (
        "config:\n  a: {secure: v1:x}\n  b: {list: [{secure: v1:y}]}\n  aws:c: {d: e}\n  f: no\n"
    )
    config = read_config(find_project(write(tmp_path, stack=stack)), "org/demo/dev", {"b": "open"})
    assert config.secret_keys == {"demo:a"}
    assert config.values["demo:b"] == "open"
    assert config.values["aws:c"] == '{"d":"e"}'
    assert config.values["demo:f"] == "false"
