"""Refuse what must not be in the repository: `python -m tools.hygiene`.

Tracked files may not name a package registry's host (builds take the index from the user's
settings) or a path of one machine, nor be a lock file that records download addresses. The core may
not import an engine. Source may not hold placeholders or grow past a readable length.

The needles are written in pieces, so that this file does not find itself.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent

MAX_LINES = 500
SOURCE_SUFFIXES = frozenset({".py", ".sh", ".rego", ".mk"})
SOURCE_NAMES = frozenset({"Makefile", ".ci/run"})
CHECKSUM_NAMES = frozenset({"go.sum"})  # random text: any word may turn up in it

ADDRESSED_LOCKS = frozenset(
    {
        *("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"),
        *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"),
    }
)
ENGINES = frozenset({"pulumi", "grpc", "google.protobuf", "kubernetes", "crossplane"})

_HOSTS = (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("proxy.golang", "org"),
    ("sum.golang", "org"),
    ("goproxy", "io"),
    ("registry.npmjs", "org"),
    ("registry.yarnpkg", "com"),
    ("static.crates", "io"),
    ("index.crates", "io"),
    ("repo.maven.apache", "org"),
    ("repo1.maven", "org"),
    ("deb.debian", "org"),
)
REGISTRY_HOST = re.compile("|".join(re.escape(".".join(host)) for host in _HOSTS))
MACHINE_PATH = re.compile(r"(?<![\w.~}$*/-])/(?:" + "|".join(("work", "root", "home")) + r")/[\w.]")
PLACEHOLDER = re.compile(
    r"\b(?:"
    + "|".join(("TO" + "DO", "FIX" + "ME", "xf" + "ail", "NotImpl" + "ementedError"))
    + r")\b"
)


def tracked(root: Path) -> list[PurePosixPath]:
    """The files that Git tracks and that exist, in its order."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z"], check=True, capture_output=True
    ).stdout.decode()
    names = [PurePosixPath(name) for name in listed.split("\0") if name]
    return [name for name in names if (root / name).is_file()]


def problems(name: PurePosixPath, content: bytes) -> Iterator[str]:
    """What is wrong with one file, one line each, as `path:line: what; mend`."""
    if name.name in ADDRESSED_LOCKS:
        yield f"{name}: a lock file with download addresses; pin in requirements/ (`make lock`)"
    if b"\0" in content:
        return
    lines = content.decode("utf-8", errors="replace").splitlines()
    is_source = name.suffix in SOURCE_SUFFIXES or str(name) in SOURCE_NAMES
    for number, line in enumerate(lines if name.name not in CHECKSUM_NAMES else [], start=1):
        where = f"{name}:{number}"
        if found := REGISTRY_HOST.search(line):
            yield f"{where}: names the package registry {found[0]}; leave it to the user's settings"
        if found := MACHINE_PATH.search(line):
            yield f"{where}: names a path of one machine, {found[0]}…; make it relative"
        if is_source and (found := PLACEHOLDER.search(line)):
            yield f"{where}: {found[0]} in source; finish it or take it out"
    if is_source and len(lines) > MAX_LINES:
        yield f"{name}: {len(lines)} lines, at most {MAX_LINES}; split it by what it does"
    if name.parts[0] == "trimtab" and name.suffix == ".py":
        yield from engine_imports(name, content)


def engine_imports(name: PurePosixPath, content: bytes) -> Iterator[str]:
    """The engines that a module of the core imports, wherever in the module."""
    try:
        tree = ast.parse(content, str(name))
    except SyntaxError as error:
        yield f"{name}:{error.lineno}: not Python: {error.msg}"
        return
    for node in ast.walk(tree):
        imported: list[str] = []
        match node:
            case ast.Import(names=names):
                imported = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), level=0, names=names):
                imported = [module, *(f"{module}.{alias.name}" for alias in names)]
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                imported = [module]
        for engine in sorted(ENGINES):
            if any(module == engine or module.startswith(f"{engine}.") for module in imported):
                yield (
                    f"{name}:{getattr(node, 'lineno', 0)}: the core imports {engine}; move it to "
                    "components/ or functions/"
                )


def main() -> int:
    found = [
        problem for name in tracked(ROOT) for problem in problems(name, (ROOT / name).read_bytes())
    ]
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
