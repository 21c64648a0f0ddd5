"""Build the engines that the end-to-end tests drive, from the Go modules pinned in tests/engines/.

    python tools/engines.py build [NAME ...] [--require]
    python tools/engines.py list

`build` compiles what is absent or out of date into .engines/ (bin/NAME, share/NAME/, stamps/NAME)
and leaves the rest alone; an engine appears whole or not at all, and a failed build keeps the
one before. One that is only CRDs has a `module` and no `package`: nothing is compiled. Without a Go that is new enough it says so and exits 0, since the tests of an absent
engine skip with a reason; `--require` makes that an error, as does any other failure. `list`
shows each engine's pinned version and state.

Standard library only: it runs before any environment exists. Tests import `find` and `share`.
"""

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parent.parent
BUILD_FLAGS = ("-mod=readonly", "-trimpath", "-buildvcs=false", "-v")
STRIP_SYMBOLS = ("-s", "-w")  # a third off the binaries; no test needs a debugger
PROGRESS_SECONDS = 15.0
COLD_DISK_GIB = 9  # modules, build cache and binaries of all engines, measured and rounded up
GO_MEND = "install Go {least} or newer (https://go.dev/dl), then `make engines`"
LIST_KEYS = ("ldflags", "share")
REQUIREMENT = re.compile(r"^\s*(?:require\s+)?([\w.~/-]+/[\w.~/-]+)\s+(v\S+)", re.MULTILINE)
RERUN = "`make engines` continues from what is already compiled"

NETWORK = (
    r"dial tcp|no such host|i/o timeout|connection re(?:fused|set)|network is unreachable|x509:|"
    r"TLS handshake|unexpected EOF|\b[45]\d\d [A-Z]|module lookup disabled"
)
# What go prints, what it means, what mends it: the first match speaks.
FAILURES: tuple[tuple[str, str, str], ...] = (
    (
        r"no space left on device|disk quota exceeded",
        "the disk is full",
        f"free space (a cold build takes about {COLD_DISK_GIB} GiB in GOCACHE and GOMODCACHE)",
    ),
    (
        r"checksum mismatch|SECURITY ERROR",
        "a downloaded module is not the pinned one",
        "check GOPROXY; do not edit go.sum to fit",
    ),
    (
        NETWORK,
        "a module cannot be downloaded",
        f"check the network and GOPROXY; {RERUN}",
    ),
    (
        r"signal: killed|cannot allocate memory",
        "the compiler ran out of memory",
        f"close other programs or set GOFLAGS=-p=1; {RERUN}",
    ),
)


class EngineError(Exception):
    """An engine cannot be built or found; the message is one line with a mend."""


class GoMissingError(EngineError):
    """There is no Go, or it is older than a module asks for."""


@dataclass(frozen=True)
class Layout:
    """Where the pins are read and the engines are put."""

    modules: Path = REPO / "tests" / "engines"
    out: Path = REPO / ".engines"


DEFAULT_LAYOUT = Layout()


@dataclass(frozen=True)
class Engine:
    """One engine, resolved: its table in engines.toml and what its family's go.mod pins."""

    name: str
    family: Path
    package: str  # empty for one that only has shared files
    module: str
    version: str  # as Go writes it: v1.36.3
    least_go: tuple[int, ...]
    ldflags: tuple[str, ...]
    share: tuple[str, ...]
    inputs: str  # digest of everything in the repository that decides the binary
    layout: Layout

    @property
    def binary(self) -> Path:
        return self.layout.out / "bin" / self.name

    @property
    def share_folder(self) -> Path:
        return self.layout.out / "share" / self.name

    @property
    def stamp_file(self) -> Path:
        return self.layout.out / "stamps" / f"{self.name}.json"

    def stamp(self) -> dict[str, str]:
        """What the present engine was made from; empty when there is none."""
        if not (self.binary.is_file() if self.package else self.share_folder.is_dir()):
            return {}
        try:
            read = json.loads(self.stamp_file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return read if isinstance(read, dict) else {}


def main(argv: Sequence[str] | None = None, layout: Layout = DEFAULT_LAYOUT) -> int:
    """The command line; returns the exit status: 0 done, 1 failed, 2 misused, 130 stopped."""
    parser = argparse.ArgumentParser(prog="engines", description=(__doc__ or "").split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    build_parser = commands.add_parser("build", help="build what is absent or out of date")
    build_parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    build_parser.add_argument("--require", action="store_true", help="fail where Go is absent")
    commands.add_parser("list", help="show each engine's version and state")
    options = parser.parse_args(argv)
    try:
        engines = load(layout)
        if options.command == "list":
            show(engines)
            return 0
        build(pick(engines, options.names))
    except GoMissingError as error:
        print(f"engines: {error}", file=sys.stderr)
        return 1 if options.require else 0
    except EngineError as error:
        print(f"engines: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        place = error.filename or layout.out
        print(f"engines: {place}: {error.strerror}; check space and permissions", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"engines: stopped; {RERUN}", file=sys.stderr)
        return 130
    return 0


def find(name: str, layout: Layout = DEFAULT_LAYOUT) -> Path:
    """The path of an engine's binary.

    Raises:
        EngineError: it is absent, or was built from other pins than the repository's.
    """
    engine = _ready(name, layout)
    if not engine.package:
        raise EngineError(f"{name} has shared files only, no command")
    return engine.binary


def _ready(name: str, layout: Layout) -> Engine:
    engine = pick(load(layout), [name])[0]
    made_from = engine.stamp()
    if not made_from:
        raise EngineError(f"the engine {name} {engine.version} is absent: run `make engines`")
    if made_from.get("inputs") != engine.inputs:
        raise EngineError(
            f"the engine {name} is out of date (built as {made_from.get('version')}, "
            f"pinned as {engine.version}): run `make engines`"
        )
    return engine


def share(name: str, layout: Layout = DEFAULT_LAYOUT) -> Path:
    """The folder with an engine's shared files, under the paths they have in its module.

    Raises:
        EngineError: as `find`.
    """
    return _ready(name, layout).share_folder


def load(layout: Layout = DEFAULT_LAYOUT) -> list[Engine]:
    """The engines of engines.toml in its order.

    Raises:
        EngineError: engines.toml or a go.mod is absent, malformed or incoherent.
    """
    table = layout.modules / "engines.toml"
    try:
        rows = tomllib.loads(table.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise EngineError(f"{table}: {error}") from error
    return [_resolve(name, row, layout) for name, row in rows.items()]


def pick(engines: list[Engine], names: Sequence[str]) -> list[Engine]:
    """The engines of these names, all of them for none.

    Raises:
        EngineError: a name is not an engine's.
    """
    known = {engine.name: engine for engine in engines}
    for name in names:
        if name not in known:
            raise EngineError(f"no engine is called {name!r}; there are: {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)] or engines


def show(engines: list[Engine]) -> None:
    """Print each engine's pinned version, state and size."""
    for engine in engines:
        made_from = engine.stamp()
        state, size = "absent", ""
        if made_from:
            state = "ready" if made_from.get("inputs") == engine.inputs else "out of date"
            binary = (
                f"{engine.binary.stat().st_size / 2**20:.0f} MiB" if engine.package else "files"
            )
            size = f"{binary}, {made_from.get('go')}"
        print(f"{engine.name:<23} {engine.version:<10} {state:<12} {size}".rstrip())


def build(engines: list[Engine]) -> None:
    """Build what is absent, out of date, or made by another Go.

    Raises:
        GoMissingError: Go is absent or too old.
        EngineError: a build failed; engines built before it stay.
    """
    go = _go(least=max(engine.least_go for engine in engines))
    wanted = [
        engine
        for engine in engines
        if (made := engine.stamp()).get("inputs") != engine.inputs or made.get("go") != go
    ]
    if not wanted:
        print(f"engines: all {len(engines)} are ready")
        return
    for position, engine in enumerate(wanted, start=1):
        label = f"engines: [{position}/{len(wanted)}] {engine.name} {engine.version}"
        started = time.monotonic()
        doing = "building" if engine.package else "copying"
        print(f"{label}: {doing} with {go.split()[0]}", flush=True)
        _build(engine, go, label)
        print(f"{label}: ready in {_duration(time.monotonic() - started)}", flush=True)


@dataclass
class _Progress:
    """Counts what `go build -v` reports, and keeps the lines that are not progress."""

    label: str
    started: float = field(default_factory=time.monotonic)
    downloaded: int = 0
    compiled: int = 0
    other: list[str] = field(default_factory=list)

    def read(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line.startswith("go: downloading "):
                self.downloaded += 1
            elif re.fullmatch(r"[\w./~+-]+", line.strip()):
                self.compiled += 1
            elif line.strip():
                self.other.append(line.rstrip())

    def say(self) -> None:
        elapsed = _duration(time.monotonic() - self.started)
        counts = f"{self.downloaded} modules downloaded, {self.compiled} packages compiled"
        print(f"{self.label}: {elapsed}, {counts}", flush=True)


def _resolve(name: str, row: Any, layout: Layout) -> Engine:
    table = layout.modules / "engines.toml"
    if not isinstance(row, dict):
        raise EngineError(f"{table}: {name} is not a table")
    unknown = sorted(row.keys() - {"family", "package", "module", *LIST_KEYS})
    if unknown:
        raise EngineError(f"{table}: [{name}] has unknown keys: {', '.join(unknown)}")
    family, package = row.get("family"), row.get("package", row.get("module"))
    if not isinstance(family, str) or not isinstance(package, str):
        raise EngineError(f"{table}: [{name}] needs `family` and `package`, both strings")
    ldflags_pattern, shared = (_strings(row, key, table, name) for key in LIST_KEYS)
    if "module" in row and ("package" in row or ldflags_pattern or not shared):
        raise EngineError(f"{table}: [{name}] has a `module`: it needs `share`, and nothing else")
    folder = layout.modules / family
    try:
        pins = (folder / "go.mod").read_text("utf-8")
        sums = (folder / "go.sum").read_bytes()
    except OSError as error:
        raise EngineError(f"{table}: [{name}] family {family!r}: {error}") from error
    required: dict[str, str] = dict(REQUIREMENT.findall(pins))
    holders = [module for module in required if f"{package}/".startswith(f"{module}/")]
    least = re.search(r"^go (\d+(?:\.\d+)+)", pins, re.M)
    if not holders or least is None:
        missing = "a `go` line" if holders else f"a requirement that holds {package}"
        raise EngineError(f"{folder / 'go.mod'}: lacks {missing} (engine {name})")
    module = max(holders, key=len)
    version = required[module]
    major, minor = version.removeprefix("v").split(".")[:2]
    ldflags = tuple(
        flag.format(version=version, major=major, minor=minor) for flag in ldflags_pattern
    )
    recipe = json.dumps([name, package, module, version, ldflags, shared, BUILD_FLAGS])
    digest = hashlib.sha256(b"\0".join([recipe.encode(), pins.encode(), sums])).hexdigest()
    return Engine(
        name=name,
        family=folder,
        package="" if "module" in row else package,
        module=module,
        version=version,
        least_go=_version_tuple(least[1]),
        ldflags=ldflags,
        share=shared,
        inputs=digest,
        layout=layout,
    )


def _strings(row: Mapping[str, object], key: str, table: Path, name: str) -> tuple[str, ...]:
    values = row.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise EngineError(f"{table}: [{name}] {key} is not a list of strings")
    return tuple(values)


def _go(least: tuple[int, ...]) -> str:
    """Go's version and platform, such as "go1.26.8 linux/amd64"."""
    mend = GO_MEND.format(least=".".join(map(str, least)))
    try:
        said = _run_go(["version"], cwd=None)
    except FileNotFoundError:
        raise GoMissingError(
            f"Go is not on PATH, so no engine is built and its tests skip; {mend}"
        ) from None
    found = re.search(r"go(\d+(?:\.\d+)+)\S* (\S+/\S+)", said.stdout)
    if said.returncode != 0 or found is None:
        raise GoMissingError(f"`go version` answers {(said.stdout or said.stderr)!r}; {mend}")
    if _version_tuple(found[1]) < least:
        raise GoMissingError(
            f"Go {found[1]} is too old, so no engine is built and its tests skip; {mend}"
        )
    return f"go{found[1]} {found[2]}"


def _build(engine: Engine, go: str, label: str) -> None:
    for folder in (engine.binary.parent, engine.stamp_file.parent, engine.share_folder.parent):
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=engine.layout.out) as scratch:
        made = Path(scratch) / engine.name
        if engine.package:
            ldflags = " ".join((*STRIP_SYMBOLS, *engine.ldflags))
            _compile(engine, ["-ldflags", ldflags, "-o", str(made), engine.package], label)
        copied = _copy_share(engine, Path(scratch) / "share") if engine.share else None
        # From here to the new stamp the engine counts as absent.
        engine.stamp_file.unlink(missing_ok=True)
        if copied is not None:
            shutil.rmtree(engine.share_folder, ignore_errors=True)
            copied.replace(engine.share_folder)
        if engine.package:
            made.replace(engine.binary)
        stamp = Path(scratch) / "stamp"
        stamp.write_text(
            json.dumps({"version": engine.version, "go": go, "inputs": engine.inputs}) + "\n",
            "utf-8",
        )
        stamp.replace(engine.stamp_file)


def _compile(engine: Engine, arguments: list[str], label: str) -> None:
    """Run `go build`, telling how far it is every PROGRESS_SECONDS."""
    command = ["go", "build", *BUILD_FLAGS, *arguments]
    progress = _Progress(label)
    with subprocess.Popen(
        command,
        cwd=engine.family,
        env=_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        reader = threading.Thread(target=progress.read, args=[process.stderr], daemon=True)
        reader.start()
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(PROGRESS_SECONDS)
                    break
                progress.say()
        except BaseException:
            process.terminate()  # go removes its work folder
            process.wait()
            raise
        reader.join()
    if process.returncode != 0:
        raise EngineError(_failure(engine, progress.other))
    if not Path(arguments[arguments.index("-o") + 1]).is_file():
        raise EngineError(f"{engine.name}: go build made no binary; is {engine.package} a command?")


def _failure(engine: Engine, lines: list[str]) -> str:
    text = "\n".join(lines)
    for pattern, meaning, mend in FAILURES:
        if re.search(pattern, text, re.I):
            line = next(line for line in lines if re.search(pattern, line, re.I)).strip()
            return f"{engine.name} {engine.version}: {meaning} ({line}); {mend}"
    tail = "\n".join(f"    {line}" for line in lines[-20:])
    where = engine.family / "go.mod"
    return f"{engine.name} {engine.version}: go build failed; check {where}\n{tail}"


def _copy_share(engine: Engine, target: Path) -> Path:
    # Checked against go.sum, as a build is; nothing else of the module's is asked for.
    module = f"{engine.module}@{engine.version}"
    found = _run_go(["mod", "download", "-json", module], cwd=engine.family)
    if found.returncode != 0:
        raise EngineError(
            _failure(engine, [*found.stderr.splitlines(), *found.stdout.splitlines()])
        )
    root = Path(json.loads(found.stdout)["Dir"])
    for folder in engine.share:
        source = root / folder
        if not source.is_dir():
            raise EngineError(f"{engine.name}: {engine.module} {engine.version} has no {folder}")
        # The module cache is read-only: copy contents, not permissions, or they cannot be replaced.
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            copy = target / folder / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    return target


def _run_go(arguments: list[str], cwd: Path | None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["go", *arguments], cwd=cwd, env=_environment(), capture_output=True, text=True, check=False
    )


def _environment() -> dict[str, str]:
    """The user's environment with what must not vary: this machine's target, no workspace, no C."""
    kept = {key: value for key, value in os.environ.items() if key not in {"GOOS", "GOARCH"}}
    return {**kept, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def _version_tuple(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


if __name__ == "__main__":
    sys.exit(main())
