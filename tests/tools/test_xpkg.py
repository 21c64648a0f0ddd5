"""The function's package is built from pins and a base, equal inputs to equal bytes."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.base_image import empty_layer, write_archive, write_layout
from support.xpkg_toy import ROOT, Toy, toy_repository
from tools.steps import SetupError
from tools.xpkg.__main__ import main
from tools.xpkg.base import file_system, read_base, resolve_path
from tools.xpkg.build import Built, Inputs, build
from tools.xpkg.layers import Layer, gzipped, make_layer
from tools.xpkg.metadata import package_yaml
from tools.xpkg.runtime import read_runtime, target
from tools.xpkg.wheels import dependencies, read_pins

ARCHITECTURES = ("amd64", "arm64")


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    made = toy_repository(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(made.wheels))
    return made


@pytest.fixture
def bases(tmp_path: Path) -> list[Path]:
    return write_bases(tmp_path)


def write_bases(folder: Path) -> list[Path]:
    status = b"Package: libc6\nVersion: 2:2.41-12\nArchitecture: amd64\nDescription: C\n more\n"
    layer = make_layer({"libc6": status}, "/var/lib/dpkg/status.d")
    return [
        write_archive(folder / "amd64.tar", "amd64", layer),
        write_archive(folder / "arm64.tar", "arm64", empty_layer()),
    ]


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Toy, list[Built], list[Built]]:
    """A repository, and its packages built two times."""
    folder = tmp_path_factory.mktemp("xpkg")
    toy, bases = toy_repository(folder), write_bases(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(toy.wheels))
        first, second = (
            build(toy.inputs, (), bases, folder / out, byte_code=False) for out in ("one", "two")
        )
    return toy, first, second


@pytest.fixture
def packages(twice: tuple[Toy, list[Built], list[Built]]) -> list[Built]:
    return twice[1]


def config_of(built: Built) -> dict[str, Any]:
    (image,) = read_base(built.xpkg)
    return dict(image.config)


def files_of(built: Built) -> dict[str, bytes]:
    (image,) = read_base(built.xpkg)
    nodes = file_system(image.layers)
    return {path: node.content for path, node in nodes.items() if node.kind == "file"}


def test_two_builds_give_the_same_bytes(twice: tuple[Toy, list[Built], list[Built]]) -> None:
    _, first, second = twice
    assert [each.architecture for each in first] == list(ARCHITECTURES)
    for one, other in zip(first, second, strict=True):
        assert one.xpkg != other.xpkg
        assert one.xpkg.read_bytes() == other.xpkg.read_bytes()
        assert one.bom.read_bytes() == other.bom.read_bytes()
        assert one.digest == other.digest


def test_the_image_holds_what_is_needed_for_its_architecture_and_nothing_else(
    packages: list[Built],
) -> None:
    for built, machine in zip(packages, ("x86_64", "aarch64"), strict=True):
        files = files_of(built)
        modules = {path for path in files if path.endswith(".py")}
        assert modules == {
            "site-packages/deep.py",
            "site-packages/deeper.py",
            "site-packages/leaf.py",
            "site-packages/native.py",
            "site-packages/trimtab/__init__.py",
            "site-packages/trimtab_functions/__init__.py",
        }
        assert machine in files["site-packages/native.py"].decode()
        # Own metadata stays, since entry points and versions are read from it.
        assert "site-packages/trimtab_functions-1.2.3.dist-info/METADATA" in files


def test_the_configuration_runs_the_function_without_rights(packages: list[Built]) -> None:
    built = packages[0]
    config = config_of(built)
    run = config["config"]
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    assert run["Entrypoint"] == ["/usr/bin/python3", "-m", "trimtab_functions.serving.main"]
    assert "Cmd" not in run
    assert run["User"] == "65532:65532"
    assert run["ExposedPorts"] == {"9443/tcp": {}}
    assert {"PATH=/usr/bin", "PYTHONPATH=/site-packages"} <= set(run["Env"])
    assert len(config["history"]) == len(config["rootfs"]["diff_ids"]) == 4


def test_the_last_layer_is_the_package_and_is_labelled_so(packages: list[Built]) -> None:
    built = packages[0]
    (image,) = read_base(built.xpkg)
    last = image.layers[-1]
    labels = config_of(built)["config"]["Labels"]
    assert labels[f"io.crossplane.xpkg:{last.digest}"] == "base"
    ((path, node),) = file_system([last]).items()
    meta, *crds = yaml.safe_load_all(node.content)
    assert path == "package.yaml"
    assert (meta["kind"], meta["metadata"]["name"]) == ("Function", "function-trimtab-capacity")
    assert {each["kind"] for each in crds} == {"CustomResourceDefinition"}


def test_the_base_keeps_its_layers_bytes(packages: list[Built]) -> None:
    (image,) = read_base(packages[1].xpkg)
    assert image.layers[0] == empty_layer()


def test_an_oci_layout_is_a_base_too(tmp_path: Path) -> None:
    write_layout(tmp_path / "layout", dict.fromkeys(ARCHITECTURES, empty_layer()))
    with tarfile.open(tmp_path / "layout.tar", "w") as tar:
        tar.add(tmp_path / "layout", ".")
    for path in (tmp_path / "layout", tmp_path / "layout.tar"):
        found = read_base(path)
        assert [each.architecture for each in found] == list(ARCHITECTURES)
        assert all(each.layers == (empty_layer(),) for each in found)


def test_the_bill_of_materials_names_every_wheel_with_its_hash(
    twice: tuple[Toy, list[Built], list[Built]],
) -> None:
    toy, (built, _), _ = twice
    document = json.loads(built.bom.read_text("utf-8"))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    components = {each["purl"]: each for each in document["components"]}
    assert sorted(components) == [
        "pkg:deb/debian/libc6@2%3A2.41-12?arch=amd64",
        "pkg:pypi/deep@1.0",
        "pkg:pypi/deeper@1.0",
        "pkg:pypi/leaf@1.0",
        "pkg:pypi/native@1.0",
        "pkg:pypi/trimtab-functions@1.2.3",
        "pkg:pypi/trimtab@1.2.3",
    ]
    deep = components["pkg:pypi/deep@1.0"]
    (pin,) = [each for each in read_pins(toy.root / toy.inputs.requirements) if each.name == "deep"]
    assert f"sha256:{deep['hashes'][0]['content']}" in pin.hashes
    assert deep["licenses"] == [{"expression": "MIT"}]
    root = document["metadata"]["component"]
    assert f"sha256:{root['hashes'][0]['content']}" == built.digest
    needs = {each["ref"]: each["dependsOn"] for each in document["dependencies"]}
    assert needs["pkg:pypi/deep@1.0"] == ["pkg:pypi/deeper@1.0"]
    assert needs["pkg:pypi/native@1.0"] == ["pkg:pypi/deep@1.0"]
    assert needs["pkg:pypi/trimtab-functions@1.2.3"] == [
        "pkg:pypi/native@1.0",
        "pkg:pypi/trimtab@1.2.3",
    ]


def refused(toy: Toy, bases: list[Path], message: str) -> None:
    out = toy.root.parent / "out"
    with pytest.raises(SetupError, match=message):
        build(toy.inputs, (), bases, out, byte_code=False)
    assert not list(out.glob("*"))


def test_what_is_needed_and_not_pinned_is_named(toy: Toy, bases: list[Path]) -> None:
    toy.pin("leaf==1.0", "native==1.0")
    refused(toy, bases, r"^deep: needed and not pinned; run make lock$")


def test_a_wheel_that_is_another_than_pinned_is_refused(toy: Toy, bases: list[Path]) -> None:
    toy.wheel("deep", {"deep.py": "EVIL = 1\n"})
    refused(toy, bases, r"its hash differs")


def test_a_pin_without_a_hash_is_refused(toy: Toy, bases: list[Path]) -> None:
    path = toy.root / toy.inputs.requirements
    path.write_text(path.read_text("utf-8") + "loose==1.0\n", "utf-8")
    refused(toy, bases, r"loose has no hash; run make lock")


def test_a_wheel_of_no_known_platform_is_refused(toy: Toy, bases: list[Path]) -> None:
    (toy.wheels / "native-1.0-cp313-cp313-manylinux_2_28_aarch64.whl").unlink()
    refused(toy, bases, r"the package index gave no native")


@pytest.mark.parametrize(
    ("path", "change", "message"),
    [
        ("crossplane.yaml", {"kind": "Provider"}, r"write exactly one Function"),
        ("crossplane.yaml", {"apiVersion": "v1"}, r"apiVersion is not of meta.pkg.crossplane.io"),
        ("crossplane.yaml", {"metadata": {}}, r"metadata.name is missing"),
        ("input/more.yaml", {"kind": "Composition"}, r"may hold CRDs only, not Composition"),
    ],
    ids=["another kind", "another group", "no name", "more than CRDs"],
)
def test_what_crossplane_would_refuse_is_refused(
    toy: Toy, bases: list[Path], path: str, change: dict[str, Any], message: str
) -> None:
    place = toy.root / toy.inputs.package / path
    meta = toy.root / toy.inputs.package / "crossplane.yaml"
    place.write_text(yaml.safe_dump(yaml.safe_load(meta.read_text("utf-8")) | change), "utf-8")
    with pytest.raises(SetupError, match=message):
        package_yaml(toy.root / toy.inputs.package)


def test_a_base_that_lacks_an_architecture_is_refused(toy: Toy, bases: list[Path]) -> None:
    refused(toy, bases[:1], r"no base for arm64: give one more --base")


def test_a_base_whose_layers_are_not_its_own_is_refused(toy: Toy, tmp_path: Path) -> None:
    mine, other = empty_layer(), make_layer({"x": b""})
    swapped = Layer(other.data, other.digest, mine.diff_id)
    path = write_archive(tmp_path / "swapped.tar", "amd64", swapped)
    refused(toy, [path], r"its layers are not those of its configuration")


def test_a_layout_whose_blob_was_changed_is_refused(toy: Toy, tmp_path: Path) -> None:
    write_layout(tmp_path / "layout", dict.fromkeys(ARCHITECTURES, empty_layer()))
    blob = tmp_path / "layout" / "blobs" / empty_layer().digest.replace(":", "/")
    blob.write_bytes(b"something else")
    refused(toy, [tmp_path / "layout"], r"is another; fetch the base again")


def test_what_is_no_image_is_refused(toy: Toy, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"no tar")
    refused(toy, [tmp_path / "x.tar"], r"x\.tar is no image")
    refused(toy, [tmp_path / "none.tar"], r"none\.tar: no such base")
    refused(toy, [tmp_path], r"lacks index\.json")


def test_a_base_of_another_python_is_refused(
    toy: Toy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = write_archive(tmp_path / "base.tar", "amd64", empty_layer())
    status = main(["--root", str(toy.root), "--base", str(base), "--architecture", "amd64"])
    assert status == 1
    assert "has no /usr/bin/python3; give another base" in capsys.readouterr().err


def test_a_later_layer_removes_and_replaces_and_links_stay_inside() -> None:
    nodes = file_system(
        [
            of_members(
                ("usr/lib/a", b"old"), ("usr/lib/b", b"b"), ("gone/x", b""), ("gone/y", b"")
            ),
            of_members(("lib", "/usr/lib"), ("lib/a", b"new"), ("gone/.wh..wh..opq", b"")),
            of_members(("usr/lib/.wh.b", b""), ("out", "../../etc"), ("circle", "circle")),
        ]
    )
    assert {path for path, node in nodes.items() if node.kind == "file"} == {"usr/lib/a"}
    assert nodes["usr/lib/a"].content == b"new"
    assert resolve_path(nodes, "/lib/a") == "usr/lib/a"
    assert resolve_path(nodes, "/out/passwd") is None
    with pytest.raises(SetupError, match=r"go round in a circle"):
        resolve_path(nodes, "/circle")


def of_members(*members: tuple[str, bytes | str]) -> Layer:
    """A layer of files (bytes) and links (text) in the order given."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return gzipped(buffer.getvalue())


@pytest.mark.parametrize(
    ("architecture", "oldest"), [("amd64", "manylinux1"), ("arm64", "manylinux2014")]
)
def test_wheels_are_chosen_for_the_bases_c_library_and_python(
    architecture: str, oldest: str
) -> None:
    one = target(read_runtime(ROOT / "functions" / "runtime.yaml"), architecture)
    assert one.platforms()[0] == f"manylinux_2_41_{one.machine}"
    assert one.platforms()[-2:] == [f"{oldest}_{one.machine}", f"linux_{one.machine}"]
    assert one.markers()["python_version"] == "3.13"
    assert one.markers()["platform_machine"] == one.machine


def test_what_the_projects_need_is_pinned_with_hashes() -> None:
    inputs = Inputs(ROOT)
    pins = {each.name: each for each in read_pins(ROOT / inputs.requirements)}
    extras = inputs.read_runtime().extras
    needed = [each for part in inputs.projects for each in dependencies(ROOT / part, extras)]
    assert {"grpcio-health-checking", "opentelemetry-sdk"} <= {each.name for each in needed}
    for each in needed:
        assert each.name == "trimtab" or pins[each.name].hashes


def test_the_dockerfile_says_what_the_package_has() -> None:
    runtime = read_runtime(ROOT / "functions" / "runtime.yaml")
    lines = (ROOT / "functions" / "Dockerfile").read_text("utf-8").splitlines()
    last = lines[max(i for i, line in enumerate(lines) if line.startswith("FROM")) :]
    assert last[0] == f"FROM {runtime.image}:{runtime.tag}@{runtime.digest}"
    assert f"USER {runtime.user}" in last
    assert f"EXPOSE {runtime.port}" in last
    assert f"ENTRYPOINT {json.dumps([runtime.interpreter, *runtime.arguments])}" in last
    for name, value in runtime.environment.items():
        assert f"ENV {name}={value}" in last
    assert any(line.startswith(f"FROM python:{runtime.python}-slim-") for line in lines)
    assert any("-m tools.xpkg --files" in line for line in lines)
