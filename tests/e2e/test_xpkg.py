"""The function's real package, built with no network: unpacked, it runs, and Crossplane calls it.

Its wheels are made again from what the function's environment has installed, and its base is this
process's own Python with the libraries that it links to. So what is built is for this machine.
"""

import contextlib
import dataclasses
import gzip
import hashlib
import platform
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

import pytest
import yaml
from packaging.utils import canonicalize_name

from support.base_image import python_layer, write_archive
from support.capacity_function import accepts
from support.crossplane_cli import CrossplaneCli
from support.engines import free_ports, running
from tools.xpkg.base import Base, Node, file_system, read_base
from tools.xpkg.build import Built, Inputs, build
from tools.xpkg.bytecode import BasePython
from tools.xpkg.runtime import MACHINES, Target, read_runtime
from tools.xpkg.wheels import Pin

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(
        platform.system() != "Linux" or platform.machine() not in MACHINES.values(),
        reason="the image is for Linux on amd64 or arm64",
    ),
]

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions"
NAME = "function-trimtab-capacity"
INSTALLED = (
    ROOT / ".venv" / "function" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
)
START_SECONDS = 30.0


def repack(pins: Sequence[Pin], _target: Target, folder: Path) -> None:
    """Wheels of what the function's environment has installed."""
    by_name = {
        str(canonicalize_name(path.name.split("-")[0])): path
        for path in INSTALLED.glob("*.dist-info")
    }
    for pin in pins:
        info = by_name[pin.name]
        tag = metadata(info / "WHEEL").get_all("Tag", [])[0]
        stem = info.name.removesuffix(".dist-info")
        with zipfile.ZipFile(folder / f"{stem}-{tag}.whl", "w") as archive:
            for line in (info / "RECORD").read_text("utf-8").splitlines():
                place = INSTALLED / line.split(",")[0]
                # Not its scripts, which lie beside the folder, nor what was compiled since.
                if ".." in place.parts or place.suffix == ".pyc" or not place.is_file():
                    continue
                name = str(place.relative_to(INSTALLED))
                archive.writestr(zipfile.ZipInfo(name), place.read_bytes())


def metadata(path: Path) -> "Message[str, str]":
    return BytesParser().parsebytes(path.read_bytes())


@dataclasses.dataclass(frozen=True)
class Image:
    """The built package and its content."""

    built: Built
    base: Base
    nodes: Mapping[str, Node]
    interpreter: str


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    if not INSTALLED.exists():
        pytest.fail(f"{INSTALLED} is missing: run make test")
    folder = tmp_path_factory.mktemp("xpkg")
    here = next(name for name, machine in MACHINES.items() if machine == platform.machine())
    base = write_archive(folder / "base.tar", here, python_layer())
    runtime = yaml.safe_load((FUNCTIONS / "runtime.yaml").read_text("utf-8"))
    runtime["base"]["python"] = f"3.{sys.version_info.minor}"
    settings = folder / "runtime.yaml"
    settings.write_text(yaml.safe_dump(runtime), "utf-8")
    inputs = Inputs(ROOT, runtime=settings, fetch=repack)
    (built,) = build(inputs, [here], [base], folder / "out")
    (read,) = read_base(built.xpkg)
    return Image(built, read, file_system(read.layers), read_runtime(settings).interpreter)


@pytest.fixture(scope="module")
def unpacked(image: Image, tmp_path_factory: pytest.TempPathFactory) -> BasePython:
    """The image's file system in a folder, and its interpreter."""
    return BasePython(image.base, tmp_path_factory.mktemp("root"), image.interpreter)


def test_crossplane_finds_the_package_in_it(crossplane: CrossplaneCli, image: Image) -> None:
    out = crossplane.scratch / "package.gz"
    finished = crossplane.run("xpkg", "extract", "--from-xpkg", image.built.xpkg, "-o", out)
    assert finished.returncode == 0, finished.stderr
    assert gzip.decompress(out.read_bytes()) == image.nodes["package.yaml"].content
    documents = list(yaml.safe_load_all(image.nodes["package.yaml"].content))
    kinds = [each["kind"] for each in documents]
    assert kinds == ["Function", *["CustomResourceDefinition"] * (len(kinds) - 1)]


def test_crossplanes_own_build_accepts_the_folder_and_makes_the_same_package(
    crossplane: CrossplaneCli, image: Image
) -> None:
    out = crossplane.scratch / "built.xpkg"
    finished = crossplane.run(
        "xpkg",
        "build",
        f"--package-root={FUNCTIONS / 'package'}",
        f"--embed-runtime-image-tarball={image.built.xpkg}",
        f"--package-file={out}",
    )
    assert finished.returncode == 0, finished.stderr
    (theirs,) = read_base(out)
    documents = [
        list(yaml.safe_load_all(file_system(each.layers[-1:])["package.yaml"].content))
        for each in (theirs, image.base)
    ]
    specs = [{e["metadata"]["name"]: e["spec"] for e in each if e} for each in documents]
    assert specs[0] == specs[1]


def test_every_module_is_compiled_the_same_each_time(image: Image, unpacked: BasePython) -> None:
    site = "site-packages/"
    ours = {
        path.removeprefix(site): node.content
        for path, node in image.nodes.items()
        if path.startswith(f"{site}trimtab") and node.kind == "file"
    }
    sources = {path: data for path, data in ours.items() if not path.endswith(".pyc")}
    assert unpacked.compile(sources, "/site-packages") == ours
    modules = [path for path in sources if path.endswith(".py")]
    assert len(modules) == len(ours) - len(sources) > 100
    # Not even a look at the source's time: the image never changes.
    assert all(ours[path][4:8] == b"\1\0\0\0" for path in ours.keys() - sources.keys())


def test_the_image_has_nothing_for_tests_and_no_shell(image: Image) -> None:
    top = {path.split("/")[1] for path in image.nodes if path.startswith("site-packages/")}
    assert {"trimtab", "trimtab_functions", "grpc", "opentelemetry", "google", "pydantic"} <= top
    assert not top & {"pytest", "hypothesis", "mypy", "ruff", "jsonschema", "coverage", "pip"}
    assert not [path for path in image.nodes if "/tests/" in path and path.startswith("site-")]
    # Of the image's own layers: what the base has is the base's. The core's scripts are text for machines
    # at the edge, which nothing here can run.
    scripts = {path for path in image.nodes if path.startswith("site-") and path.endswith(".sh")}
    assert all(path.startswith("site-packages/trimtab/provision/") for path in scripts)
    assert not [path for path in scripts if image.nodes[path].mode & 0o111]


@contextlib.contextmanager
def serving(image: Image, unpacked: BasePython, folder: Path) -> Iterator[str]:
    """The image's command, run as the image says but for the root folder; its target."""
    (port,) = free_ports(1)
    config = image.base.config["config"]
    told = dict(each.split("=", 1) for each in config["Env"])
    environment = {**told, "PYTHONHOME": unpacked.environment()["PYTHONHOME"]}
    environment["PYTHONPATH"] = str(unpacked.folder / told["PYTHONPATH"].lstrip("/"))
    arguments = [*config["Entrypoint"][1:], "--insecure", "--address", f"localhost:{port}"]
    command = unpacked.command(*arguments)
    with running("function", command, folder / "function.log", environment) as process:
        process.wait_until(lambda: accepts(port), START_SECONDS)
        yield f"localhost:{port}"


def test_the_unpacked_image_answers_crossplane_and_writes_nothing(
    crossplane: CrossplaneCli, image: Image, unpacked: BasePython, tmp_path: Path
) -> None:
    before = listing(unpacked.folder)
    with serving(image, unpacked, tmp_path) as target:
        xr, *composed = crossplane.render(
            FUNCTIONS / "examples" / "xr.yaml",
            FUNCTIONS / "apis" / "nodegroupset" / "composition.yaml",
            {NAME: target},
            required_resources=FUNCTIONS / "examples" / "plan.yaml",
            results=False,
        )
    reasons = {each["type"]: each["reason"] for each in xr["status"]["conditions"]}
    assert reasons["PlanUsable"] == "PlanFound"
    assert {each["kind"] for each in composed} == {"NodeGroup"}
    assert listing(unpacked.folder) == before


def test_every_module_that_it_loads_is_the_images(image: Image, unpacked: BasePython) -> None:
    """Not this machine's: nothing outside the unpacked folder is imported."""
    program = textwrap.dedent("""
        import importlib, os, pkgutil, sys, trimtab_functions
        for each in pkgutil.walk_packages(trimtab_functions.__path__, "trimtab_functions."):
            importlib.import_module(each.name)
        # What is imported only when it is needed: the collector, and what the core computes with.
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1"
        sys.modules["trimtab_functions.serving.traces"].tracer().close()
        import numpy.linalg
        files = {getattr(each, "__file__", None) for each in list(sys.modules.values())}
        print("\\n".join(sorted(files - {None})))
    """)
    environment = unpacked.environment() | {"PYTHONPATH": str(unpacked.folder / "site-packages")}
    finished = subprocess.run(
        unpacked.command("-P", "-c", program),
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    files = finished.stdout.split()
    assert len(files) > 500
    assert any("/opentelemetry/sdk/trace/" in each for each in files)
    assert [each for each in files if not each.startswith(str(unpacked.folder))] == []


def listing(folder: Path) -> dict[str, str]:
    """Every file below a folder with a digest of its content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
