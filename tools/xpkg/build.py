"""The whole build: inputs in, one `.xpkg` and one software bill of materials for each architecture out."""

import contextlib
import dataclasses
import platform
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tools.steps import Progress, SetupError
from tools.xpkg import image, layers, metadata, sbom, tree
from tools.xpkg.base import Base, read_base
from tools.xpkg.bytecode import BasePython
from tools.xpkg.image import Named
from tools.xpkg.layers import Layer
from tools.xpkg.registry import fetch_base
from tools.xpkg.runtime import MACHINES, Runtime, Target, read_runtime, target
from tools.xpkg.tree import Files
from tools.xpkg.wheels import (
    Fetch,
    Wheel,
    build_wheel,
    dependencies,
    fetch_with_pip,
    names_of,
    read_pins,
    read_wheel,
    resolve,
)

PACKAGE_YAML = "package.yaml"


@dataclass(frozen=True)
class Inputs:
    """What a package is made of.

    Attributes:
        root: the repository.
        projects: the folders of its distributions that go in, below the root.
        requirements: the pins.
        package: the folder of crossplane.yaml and input/.
        runtime: in place of the repository's functions/runtime.yaml; None for that.
        fetch: how wheels come.
    """

    root: Path
    projects: tuple[str, ...] = (".", "functions")
    requirements: str = "requirements/function.txt"
    package: str = "functions/package"
    runtime: Path | None = None
    fetch: Fetch = fetch_with_pip

    def read_runtime(self) -> Runtime:
        """What the function runs on."""
        return read_runtime(self.runtime or self.root / "functions" / "runtime.yaml")


@dataclass(frozen=True)
class Built:
    """One architecture's package; `digest` is the archive's sha256."""

    architecture: str
    xpkg: Path
    bom: Path
    digest: str


@dataclass(frozen=True)
class Site:
    """The image's packages: others' and our own, which change at another pace."""

    wheels: tuple[Wheel, ...]
    third_party: Files
    own: Files


def build(
    inputs: Inputs,
    architectures: Sequence[str],
    bases: Sequence[Path],
    out: Path,
    *,
    base_image: str | None = None,
    byte_code: bool = True,
) -> list[Built]:
    """Build the package for each architecture.

    Args:
        bases: images as files; none to fetch the pinned one.
        base_image: another repository that has the pinned base, such as a mirror.

    Raises:
        SetupError: an input is missing or wrong; nothing was written.
    """
    runtime = inputs.read_runtime()
    targets = [target(runtime, each) for each in architectures or runtime.architectures]
    named = _named(inputs)
    content = metadata.package_yaml(inputs.root / inputs.package)
    have = _bases(runtime, targets, bases, out, base_image)
    with tempfile.TemporaryDirectory(prefix="trimtab-xpkg-") as place:
        scratch = Path(place)
        compiler = _compiler(runtime, have, scratch / "base") if byte_code else None
        own = build_own(inputs, scratch)
        made = []
        for each in targets:
            with _step(f"the wheels for {each.architecture}"):
                site = site_of(inputs, runtime, each, scratch / each.architecture, own)
            with _step(f"the package for {each.architecture}"):
                base = have[each.architecture]
                added = _layers(runtime, site, content, compiler)
                config = image.configuration(base, runtime, added, named)
                archive = image.archive(config, [*base.layers, *(one for _, one in added)])
                bom = sbom.sbom(named, base, site.wheels, layers.sha256(archive))
                made.append((each.architecture, archive, bom))
    return [_write(out, named, *each) for each in made]


def build_own(inputs: Inputs, folder: Path) -> list[Path]:
    """The wheels of this repository's distributions, which are the same for every architecture."""
    return [
        build_wheel(inputs.root / project, folder / f"own-{number}")
        for number, project in enumerate(inputs.projects)
    ]


def site_of(
    inputs: Inputs, runtime: Runtime, one: Target, folder: Path, own_wheels: Sequence[Path]
) -> Site:
    """The packages of one target, without byte code."""
    projects = [inputs.root / project for project in inputs.projects]
    needs = [dependencies(project, runtime.extras) for project in projects]
    own = [
        dataclasses.replace(read_wheel(path), own=True, requires=names_of(roots, one))
        for path, roots in zip(own_wheels, needs, strict=True)
    ]
    pins = read_pins(inputs.root / inputs.requirements)
    others = resolve(
        [each for roots in needs for each in roots], pins, one, folder, inputs.fetch, own
    )
    return Site(
        (*others, *own),
        tree.site_files(others, runtime.leave_out),
        tree.site_files(own, runtime.leave_out),
    )


def _named(inputs: Inputs) -> Named:
    project = tomllib.loads(
        (inputs.root / inputs.projects[-1] / "pyproject.toml").read_text("utf-8")
    )
    meta = yaml.safe_load((inputs.root / inputs.package / metadata.META).read_text("utf-8"))
    return Named(
        meta["metadata"]["name"],
        project["project"]["version"],
        project["project"].get("license", ""),
    )


def _bases(
    runtime: Runtime,
    targets: Sequence[Target],
    given: Sequence[Path],
    out: Path,
    base_image: str | None,
) -> dict[str, Base]:
    """The base of each target, and of this machine's architecture where there is one."""
    wanted = {each.architecture for each in targets}
    here = {name for name, machine in MACHINES.items() if machine == platform.machine()}
    if given:
        found = {base.architecture: base for path in given for base in read_base(path)}
    else:
        with _step(f"the base {runtime.image}"):
            asked = wanted | (here & set(runtime.architectures))
            layout = fetch_base(base_image or runtime.image, runtime.digest, asked, out / "base")
            origin = f"{runtime.image}:{runtime.tag}@{runtime.digest}"
            read = (dataclasses.replace(each, origin=origin) for each in read_base(layout))
            found = {each.architecture: each for each in read}
    if missing := sorted(wanted - found.keys()):
        raise SetupError(
            f"no base for {', '.join(missing)}: give one more --base, or build for what there is "
            f"with --architecture ({', '.join(sorted(found)) or 'none'})"
        )
    return {name: found[name] for name in sorted((wanted | here) & found.keys())}


def _compiler(runtime: Runtime, have: Mapping[str, Base], folder: Path) -> BasePython:
    here = [base for base in have.values() if MACHINES[base.architecture] == platform.machine()]
    base = here[0] if here else next(iter(have.values()))
    compiler = BasePython(base, folder, runtime.interpreter)
    if (found := compiler.version()) != runtime.python:
        raise SetupError(
            f"the base has Python {found}, and runtime.yaml says {runtime.python}: give the base "
            "that it names, or another file with --runtime"
        )
    return compiler


def _layers(
    runtime: Runtime, site: Site, content: bytes, compiler: BasePython | None
) -> list[tuple[str, Layer]]:
    added = []
    for title, files in (("what it needs", site.third_party), ("the function", site.own)):
        compiled = compiler.compile(files, runtime.site) if compiler else files
        added.append((title, layers.make_layer(compiled, runtime.site)))
    return [*added, ("package.yaml", layers.make_layer({PACKAGE_YAML: content}))]


def _write(out: Path, named: Named, architecture: str, archive: bytes, bom: bytes) -> Built:
    out.mkdir(parents=True, exist_ok=True)
    stem = f"{named.title}-{named.version}-linux-{architecture}"
    xpkg, beside = out / f"{stem}.xpkg", out / f"{stem}.cdx.json"
    for path, content in ((beside, bom), (xpkg, archive)):
        partial = path.with_name(f"{path.name}.partial")
        partial.write_bytes(content)
        partial.replace(path)
    return Built(architecture, xpkg, beside, layers.sha256(archive))


@contextlib.contextmanager
def _step(title: str) -> Iterator[None]:
    progress = Progress(title)
    try:
        yield
    except BaseException:
        progress.done("failed")
        raise
    progress.done()
