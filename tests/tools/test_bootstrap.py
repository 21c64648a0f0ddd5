"""Setting up: what is refused with which mend, and what a build leaves behind."""

import ast
import base64
import dataclasses
import hashlib
import importlib.metadata
import io
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import bootstrap, environments
from tools.environments import ENVIRONMENTS, ROOT, Environment
from tools.steps import Progress, SetupError, diagnose

SCRIPT = ROOT / "tools" / "bootstrap.py"


def program(folder: Path, name: str, body: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


# --- A Python that is too old --------------------------------------------------------------------


@pytest.mark.parametrize("found", [(3, 11, 0), (3, 12, 1), (3, 14, 0), (4, 0, 0)])
def test_a_new_enough_python_is_accepted(found: tuple[int, ...]) -> None:
    assert bootstrap.refusal(found, "") is None


@pytest.mark.parametrize("found", [(2, 7, 18), (3, 6, 15), (3, 10, 13)])
def test_an_old_python_is_refused_with_the_newest_that_starts(
    found: tuple[int, ...], tmp_path: Path
) -> None:
    program(tmp_path / "bin", "python3.11", f'exec "{sys.executable}" "$@"')
    program(tmp_path / "bin", "python3.12", f'exec "{sys.executable}" "$@"')
    program(tmp_path / "bin", "python3.13", "echo not installed >&2; exit 127")
    reason = bootstrap.refusal(found, f"{tmp_path / 'none'}{os.pathsep}{tmp_path / 'bin'}")
    assert reason == (
        f"Python {'.'.join(map(str, found))} is too old ({sys.executable}); Trimtab needs 3.11 or "
        "newer: run `make PYTHON=python3.12 ...`"
    )


def test_without_any_suitable_python_the_mend_is_to_install_one(tmp_path: Path) -> None:
    reason = bootstrap.refusal((3, 8, 18), str(tmp_path))
    assert reason is not None
    assert reason.endswith("install Python 3.11 or newer, then run `make PYTHON=python3.11 ...`")


def test_the_script_holds_nothing_that_an_old_python_cannot_parse() -> None:
    for node in ast.walk(ast.parse(SCRIPT.read_text())):
        assert not isinstance(node, ast.JoinedStr | ast.AnnAssign | ast.NamedExpr | ast.Match)
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None
            assert not node.args.kwonlyargs
            assert all(argument.annotation is None for argument in node.args.args)


@pytest.mark.parametrize("name", ["python2.7", "python3.6", "python3.8", "python3.10"])
def test_a_real_old_python_is_told(name: str) -> None:
    on_path = shutil.which(name)
    managed = sorted(Path.home().glob(f".pyenv/versions/*/bin/{name}"))
    candidates = [*managed, *([Path(on_path)] if on_path else [])]
    found = next((python for python in candidates if starts(python)), None)
    if found is None:
        pytest.skip(f"no {name} on this machine")
    ended = subprocess.run(
        [found, SCRIPT, "pulumi"], capture_output=True, text=True, check=False, timeout=30
    )
    assert ended.returncode == 2
    assert re.match(rf"error: Python {name.removeprefix('python')}\.\d+ is too old", ended.stderr)
    assert "Traceback" not in ended.stderr


def starts(python: Path) -> bool:
    """Whether it is a Python at all, and not a version manager's shim for none."""
    return subprocess.run([python, "-V"], capture_output=True, check=False).returncode == 0


# --- What is missing -----------------------------------------------------------------------------


def place(root: Path) -> Environment:
    """The smallest environment, in a repository of its own."""
    (root / ".venv").mkdir(parents=True, exist_ok=True)
    (root / "requirements").mkdir(exist_ok=True)
    (root / "requirements" / "tools.txt").touch()
    (root / "pyproject.toml").write_text('[dependency-groups]\nlock = ["packaging>=24"]\n')
    return dataclasses.replace(ENVIRONMENTS["tools"], root=root)


Usage = namedtuple("Usage", "total used free")  # as shutil.disk_usage answers


def test_too_small_a_disk_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = dataclasses.replace(place(tmp_path), disk_mib=1000, download_mib=350)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(0, 0, 400 * 1024 * 1024))
    with pytest.raises(SetupError) as caught:
        environments.ensure(environment)
    assert str(caught.value).startswith(
        f"{tmp_path / '.venv'} has 400 MiB free and .venv/tools needs 1350 MiB: 950 MiB are missing"
    )
    assert not environment.folder.exists()


def test_enough_disk_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = dataclasses.replace(place(tmp_path), disk_mib=1000, download_mib=350)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(0, 0, 1350 * 1024 * 1024))
    environments.check_disk(environment)


def test_a_python_without_ensurepip_names_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = place(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(SetupError, match=r"apt install python3\.\d+-venv"):
        environments.ensure(environment)
    assert not environment.folder.exists()


def test_a_missing_requirement_file_is_named(tmp_path: Path) -> None:
    environment = place(tmp_path)
    environment.requirements.unlink()
    with pytest.raises(SetupError, match=re.escape(f"{environment.requirements} is missing")):
        environments.ensure(environment)


NO_VERSION = """\
ERROR: Could not find a version that satisfies the requirement numba==0.1 (from versions: none)
ERROR: No matching distribution found for numba==0.1
"""
FAILURES = {
    "a registry that cannot be reached": (
        "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError(...)'\n"
        + NO_VERSION,
        "the package index could not be reached (NewConnectionError)",
    ),
    "a proxy that wants a password": (
        "ERROR: HTTPError: 407 Client Error: Proxy Authentication Required",
        "the package index could not be reached (HTTPError: 407)",
    ),
    "a certificate that is not trusted": (
        "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] ...'))",
        "the package index could not be reached (SSLError)",
    ),
    "a disk that fills up meanwhile": (
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "the disk is full",
    ),
    "a file with another hash": (
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
        "a downloaded package is not the one that was pinned",
    ),
    "no wheel for this Python": (
        NO_VERSION,
        "the package index gave no numba==0.1 for Python 3.",
    ),
    "anything else": ("boom\nfatal: unheard of", "the command failed; its last lines"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_is_told_by_its_cause(case: str) -> None:
    output, expected = FAILURES[case]
    reason = diagnose(output.splitlines(), Path("x.log"))
    assert reason.startswith(expected)
    assert "x.log" in reason


def test_an_unknown_failure_shows_the_end_of_the_output() -> None:
    reason = diagnose([f"line {number}" for number in range(100)], Path("x.log"))
    assert "line 99" in reason
    assert "line 85" in reason
    assert "line 84" not in reason


# --- Progress ------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "lines"), [(io.StringIO(), 7), (Terminal(), 61)])
def test_a_long_step_moves_and_does_not_flood(
    stream: io.StringIO, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("tools.steps.time.monotonic", lambda: now[0])
    progress = Progress("[x 1/2] packages", stream=stream)
    for _half_second in range(119):
        now[0] += 0.5
        progress.tick("7 fetched")
    progress.done()
    said = [part for part in re.split(r"\n|\r\x1b\[K", stream.getvalue()) if part]
    assert len(said) == lines
    assert said[0] == "[x 1/2] packages"
    assert said[1].startswith("[x 1/2] packages: 7 fetched, 1")
    assert said[-1] == "[x 1/2] packages: done, 60 s"


# --- Real builds, offline ------------------------------------------------------------------------


def wheel(name: str, folder: Path) -> str:
    """Pack an installed pure-Python package into a wheel again; its requirement line, hashed."""
    distribution = importlib.metadata.distribution(name)
    file = folder / f"{name}-{distribution.version}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for member in distribution.files or []:
            if member.suffix != ".pyc" and member.name not in ("INSTALLER", "REQUESTED", "RECORD"):
                archive.write(str(member.locate()), str(member))
        info = next(m.parent for m in distribution.files or [] if m.name == "METADATA")
        rows = []
        for member_name in archive.namelist():
            digest = hashlib.sha256(archive.read(member_name)).digest()
            code = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            rows.append(f"{member_name},sha256={code},")
        archive.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,", ""]))
    digest_of_file = hashlib.sha256(file.read_bytes()).hexdigest()
    return f"{name}=={distribution.version} --hash=sha256:{digest_of_file}\n"


Bootstrap = Callable[[], "subprocess.Popen[str]"]


def starter(root: Path, **variables: str) -> Bootstrap:
    """Starts `bootstrap.py tools` on another repository, its pip kept from every real index."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    command = [sys.executable, str(SCRIPT), "tools", f"--root={root}"]
    return lambda: subprocess.Popen(
        command, env={**kept, "PIP_CONFIG_FILE": os.devnull, **variables}, text=True, stderr=-1
    )


def test_without_a_network_the_mend_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    environment = place(tmp_path)
    environment.requirements.write_text(f"packaging==24.1 --hash=sha256:{'0' * 64}\n")
    # Port 9 of this machine answers nobody.
    start = starter(tmp_path, PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="1")
    with start() as process:
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "error: the package index could not be reached (" in said
    assert "HTTPS_PROXY" in said
    assert "PIP_INDEX_URL" in said
    assert "Traceback" not in said
    assert not environment.folder.exists()


def test_an_environment_is_built_once_and_again_only_for_a_reason(tmp_path: Path) -> None:
    environment = place(tmp_path)
    environment.requirements.write_text(wheel("packaging", tmp_path))
    start = starter(tmp_path, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path))

    # Two at once: one builds, the other waits and finds it done.
    with start() as first, start() as second:
        said = [process.communicate(timeout=60)[1] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], said
    assert sum(".venv/tools is ready" in text for text in said) == 1
    assert "[tools 2/4] 1 pinned packages" in "".join(said)
    assert environments.read_stamp(environment) == environments.fingerprint(environment)

    # Nothing changed: nothing is said, at once.
    began = time.monotonic()
    with start() as process:
        assert process.communicate(timeout=60)[1] == ""
    assert time.monotonic() - began < 2  # 0.1 s on an idle machine

    # Its own check, as the build runs it, refuses a pin that is older than asked for.
    (tmp_path / "pyproject.toml").write_text('[dependency-groups]\nlock = ["packaging>=999"]\n')
    refused = subprocess.run(
        [environment.python, "-m", "tools.check_pins", "tools", f"--root={tmp_path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "packaging: back-tracked to" in refused.stderr
    assert refused.stderr.endswith("wanted >=999 (pyproject.toml group lock); run `make lock`\n")


def test_each_change_that_matters_changes_the_fingerprint(tmp_path: Path) -> None:
    environment = dataclasses.replace(place(tmp_path), projects=(".",))
    before = environments.fingerprint(environment)
    assert environments.fingerprint(environment) == before
    environment.requirements.write_text("# another\n")
    assert environments.fingerprint(environment)["pins"] != before["pins"]
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    assert environments.fingerprint(environment)["projects"] != before["projects"]
    shutil.copytree(tmp_path, tmp_path / "moved")
    moved = dataclasses.replace(environment, root=tmp_path / "moved")
    assert environments.fingerprint(moved)["place"] != before["place"]


@pytest.mark.parametrize(
    ("changed", "work"),
    [
        ({}, []),
        ({"projects": "other"}, ["projects"]),
        ({"pins": "other"}, ["all"]),
        ({"python": "other", "projects": "other"}, ["all"]),
        (None, ["all"]),
    ],
)
def test_only_as_much_is_done_as_the_change_asks(
    changed: dict[str, str] | None,
    work: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment = place(tmp_path)
    environment.python.parent.mkdir(parents=True)
    environment.python.touch()
    if changed is not None:
        environments.write_stamp(environment, {**environments.fingerprint(environment), **changed})
    done: list[str] = []
    monkeypatch.setattr(environments, "_build", lambda _environment: done.append("all"))
    monkeypatch.setattr(environments, "_finish", lambda _env, **_steps: done.append("projects"))
    assert environments.ensure(environment) == bool(work)
    assert done == work
    assert not environments.ensure(environment)


@pytest.mark.parametrize("content", ["", "{", "[]", '"x"'])
def test_a_damaged_stamp_is_no_stamp(content: str, tmp_path: Path) -> None:
    environment = place(tmp_path)
    environment.python.parent.mkdir(parents=True)
    environment.python.touch()
    (environment.folder / environments.STAMP).write_text(content)
    assert environments.read_stamp(environment) == {}


def test_an_environment_whose_interpreter_has_gone_is_not_trusted(tmp_path: Path) -> None:
    environment = place(tmp_path)
    environment.python.parent.mkdir(parents=True)
    environments.write_stamp(environment, {"python": "x"})
    environment.python.symlink_to(tmp_path / "removed")
    assert environments.read_stamp(environment) == {}
