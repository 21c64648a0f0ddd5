"""`python -m tools.xpkg`: build the package, or only the files of its packages' folder."""

import argparse
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.steps import SetupError
from tools.xpkg import tree
from tools.xpkg.build import Inputs, build, build_own, site_of
from tools.xpkg.runtime import MACHINES, target

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str]) -> int:
    """The command; its exit status."""
    options = _parser().parse_args(arguments)
    try:
        inputs = Inputs(options.root, runtime=options.runtime)
        if options.files:
            _write_files(inputs, options.architecture, options.files)
            return 0
        built = build(
            inputs,
            options.architecture,
            options.base,
            options.out,
            base_image=options.base_image,
            byte_code=options.byte_code,
        )
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}{error.strerror or error}", file=sys.stderr)
        return 1
    for each in built:
        print(f"{each.digest}  {each.xpkg}")
    files = ",".join(str(each.xpkg) for each in built)
    print(f"push it: crossplane xpkg push -f {files} REGISTRY/REPOSITORY:TAG", file=sys.stderr)
    return 0


def _write_files(inputs: Inputs, architectures: Sequence[str], out: Path) -> None:
    """The files that the package has in its packages' folder, without byte code."""
    here = [name for name, machine in MACHINES.items() if machine == platform.machine()]
    runtime = inputs.read_runtime()
    for architecture in (architectures or here)[:1]:
        with tempfile.TemporaryDirectory(prefix="trimtab-xpkg-") as scratch:
            folder = Path(scratch)
            own = build_own(inputs, folder)
            site = site_of(inputs, runtime, target(runtime, architecture), folder / "site", own)
            tree.write_files(site.third_party | site.own, out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.xpkg",
        description="Build the function's Crossplane package: one .xpkg for each architecture.",
    )
    add = parser.add_argument
    add("--out", type=Path, default=Path("build/xpkg"), help="folder for the packages")
    add("--architecture", action="append", default=[], help="amd64 or arm64; default: both")
    add(
        "--base",
        type=Path,
        action="append",
        default=[],
        help="the base image as an OCI layout or docker-archive; repeatable, one an architecture",
    )
    add("--base-image", metavar="REPOSITORY", help="a mirror that has the pinned base")
    add("--runtime", type=Path, metavar="FILE", help="in place of functions/runtime.yaml")
    add(
        "--no-byte-code",
        action="store_false",
        dest="byte_code",
        help="leave the modules uncompiled: the base need not run here, and starts take longer",
    )
    add("--files", type=Path, metavar="FOLDER", help="only write the packages' files to FOLDER")
    add("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
