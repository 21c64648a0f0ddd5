"""tools/engines.py against a `go` on PATH that is a script: what it builds, keeps, says, refuses."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tools import engines
from tools.engines import EngineError, Layout

ROOT = Path(__file__).resolve().parents[2]

GO_MOD = """module trimtab.dev/engines/family

go 1.26.0

replace example.org/staging => example.org/staging v0.9.9

tool (
	example.org/tool/cmd/one
	example.org/tool/v2/cmd/two
)

require (
	example.org/tool v1.36.3 // indirect
	example.org/tool/v2 v2.2.0 // indirect
)
"""
TABLE = """
[one]
family = "family"
package = "example.org/tool/cmd/one"
ldflags = ["-X v.full={version}", "-X v.major={major}", "-X v.minor={minor}"]

[two]
family = "family"
package = "example.org/tool/v2/cmd/two"
share = ["crds"]
"""
# Answers as the settings beside it say, and writes down each call.
FAKE_GO = r"""#!{python}
import json, os, pathlib, sys, time
here = pathlib.Path(__file__).parent
says = json.loads((here / "says.json").read_text())
words = sys.argv[1:]
with (here / "calls").open("a") as calls:
    kept = ("CGO_ENABLED", "GOTOOLCHAIN", "GOWORK", "GOOS", "GOARCH")
    environment = {{key: os.environ[key] for key in kept if key in os.environ}}
    calls.write(json.dumps([words, os.getcwd(), environment, os.getpid()]) + "\n")
if words[0] == "version":
    print(says["version"])
elif words[0] == "mod":
    print(json.dumps({{"Dir": str(here / "module")}}))
else:
    sys.stderr.write("go: downloading example.org/tool v1.36.3\nexample.org/tool/cmd/one\n")
    sys.stderr.flush()
    output = pathlib.Path(words[words.index("-o") + 1])
    if says["build"] == "hang":
        output.write_text("half")
        time.sleep(60)
    if says["build"]:
        output.write_text("half")
        sys.exit(says["build"] + "\n")
    if says["writes"]:
        output.write_text(says["writes"])
"""


@dataclass
class FakeGo:
    """The script's folder, to set what it answers and read how it was called."""

    folder: Path

    def says(self, **answers: str) -> None:
        """Set `version` (its line), `build` (its error, or "hang") or `writes` (the binary)."""
        file = self.folder / "says.json"
        current = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps({**current, **answers}))

    def calls(self, command: str) -> list[dict[str, Any]]:
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        called = [json.loads(line) for line in lines]
        return [
            {"words": words, "folder": Path(folder), "environment": environment, "pid": pid}
            for words, folder, environment, pid in called
            if words[0] == command
        ]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    modules = tmp_path / "modules"
    (modules / "family").mkdir(parents=True)
    (modules / "engines.toml").write_text(TABLE)
    (modules / "family" / "go.mod").write_text(GO_MOD)
    (modules / "family" / "go.sum").write_text("example.org/tool v1.36.3 h1:aaaa=\n")
    return Layout(modules, tmp_path / "out")


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGo:
    folder = tmp_path / "gobin"
    (folder / "module" / "crds").mkdir(parents=True)
    crd = folder / "module" / "crds" / "kind.yaml"
    crd.write_text("kind: CustomResourceDefinition\n")
    crd.chmod(stat.S_IRUSR)
    (folder / "module" / "crds").chmod(stat.S_IRUSR | stat.S_IXUSR)  # as the module cache is
    script = folder / "go"
    script.write_text(FAKE_GO.format(python=sys.executable))
    script.chmod(0o755)
    fake = FakeGo(folder)
    fake.says(version="go version go1.26.8 linux/amd64", build="", writes="binary")
    monkeypatch.setenv("PATH", str(folder))
    return fake


def build(layout: Layout, *arguments: str) -> int:
    return engines.main(["build", *arguments], layout)


def files(layout: Layout) -> set[str]:
    return {str(path.relative_to(layout.out)) for path in layout.out.rglob("*") if path.is_file()}


def test_builds_every_engine_with_its_stamp_and_shared_files(layout: Layout, go: FakeGo) -> None:
    assert build(layout) == 0
    assert files(layout) == {
        "bin/one",
        "bin/two",
        "share/two/crds/kind.yaml",
        "stamps/one.json",
        "stamps/two.json",
    }
    assert engines.find("one", layout).read_text() == "binary"
    assert (engines.share("two", layout) / "crds" / "kind.yaml").is_file()


def test_go_is_called_with_the_pins_and_without_the_users_settings(
    layout: Layout, go: FakeGo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOS", "plan9")
    monkeypatch.setenv("CGO_ENABLED", "1")
    build(layout, "one")
    [call] = go.calls("build")
    assert call["folder"] == layout.modules / "family"
    assert call["environment"] == {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    assert call["words"][-1] == "example.org/tool/cmd/one"
    assert "-mod=readonly" in call["words"]
    assert call["words"][call["words"].index("-ldflags") + 1] == (
        "-s -w -X v.full=v1.36.3 -X v.major=1 -X v.minor=36"
    )


def test_second_build_compiles_nothing(
    layout: Layout, go: FakeGo, capsys: pytest.CaptureFixture[str]
) -> None:
    build(layout)
    capsys.readouterr()
    assert build(layout) == 0
    assert len(go.calls("build")) == 2
    assert capsys.readouterr().out == "engines: all 2 are ready\n"


@pytest.mark.parametrize(
    ("file", "before", "after", "rebuilt"),
    [
        ("family/go.mod", "v1.36.3", "v1.36.4", ["one", "two"]),
        ("family/go.sum", "aaaa", "bbbb", ["one", "two"]),
        ("engines.toml", "v.major", "v.major2", ["one"]),
        ("engines.toml", "[one]", "# a note\n[one]", []),
    ],
    ids=["a pin", "a hash", "an engine's table", "a comment in the table"],
)
def test_what_makes_a_binary_out_of_date(
    layout: Layout, go: FakeGo, file: str, before: str, after: str, rebuilt: list[str]
) -> None:
    build(layout)
    path = layout.modules / file
    path.write_text(path.read_text().replace(before, after))
    for name in rebuilt:
        with pytest.raises(EngineError, match=f"{name} is out of date .*run `make engines`"):
            engines.find(name, layout)
    assert build(layout) == 0
    packages = [call["words"][-1] for call in go.calls("build")[2:]]
    assert [package.rsplit("/", 1)[1] for package in packages] == rebuilt
    engines.find("one", layout)


def test_another_go_rebuilds_but_the_old_binary_serves_meanwhile(
    layout: Layout, go: FakeGo
) -> None:
    build(layout)
    go.says(version="go version go1.27.0 linux/amd64")
    engines.find("one", layout)
    build(layout)
    assert len(go.calls("build")) == 4


def test_a_lost_binary_is_built_again(layout: Layout, go: FakeGo) -> None:
    build(layout)
    (layout.out / "bin" / "one").unlink()
    with pytest.raises(EngineError, match=r"one v1\.36\.3 is absent: run `make engines`"):
        engines.find("one", layout)
    build(layout)
    assert [call["words"][-1] for call in go.calls("build")[2:]] == ["example.org/tool/cmd/one"]


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (None, "Go is not on PATH"),
        ("go version go1.25.9 linux/amd64", "Go 1.25.9 is too old"),
        ("go version go1.26rc1 linux/amd64", "Go 1.26 is too old"),
        ("go: not a version", "`go version` answers"),
    ],
    ids=["absent", "too old", "a release candidate", "unintelligible"],
)
@pytest.mark.parametrize(("options", "status"), [([], 0), (["--require"], 1)])
def test_without_a_fit_go_it_says_why_and_what_mends_it(
    layout: Layout,
    go: FakeGo,
    capsys: pytest.CaptureFixture[str],
    version: str | None,
    said: str,
    options: list[str],
    status: int,
) -> None:
    if version is None:
        (go.folder / "go").unlink()
    else:
        go.says(version=version)
    assert build(layout, *options) == status
    error = capsys.readouterr().err
    assert said in error
    assert "install Go 1.26.0 or newer" in error
    assert error.count("\n") == 1
    assert not layout.out.exists()


@pytest.mark.parametrize(
    ("go_said", "meaning", "mend"),
    [
        (
            "go: example.org/tool@v1.36.3: reading https://proxy/x.info: 403 Forbidden",
            "a module cannot be downloaded (go: example.org",
            "check the network and GOPROXY",
        ),
        (
            'Get "https://proxy/x": dial tcp: lookup proxy: no such host',
            "a module cannot be downloaded",
            "check the network and GOPROXY",
        ),
        ("write /tmp/x: no space left on device", "the disk is full", "free space"),
        ("verifying example.org/tool: checksum mismatch", "not the pinned one", "go.sum"),
        ("compile: signal: killed", "out of memory", "GOFLAGS=-p=1"),
        ("# example.org/tool\nmain.go:3:1: syntax error", "main.go:3:1: syntax error", "go.mod"),
    ],
    ids=["refused", "offline", "disk", "checksum", "memory", "compile error"],
)
def test_a_failed_build_says_what_mends_it_and_keeps_the_old_binary(
    layout: Layout,
    go: FakeGo,
    capsys: pytest.CaptureFixture[str],
    go_said: str,
    meaning: str,
    mend: str,
) -> None:
    build(layout)
    before = {name: (layout.out / name).read_bytes() for name in files(layout)}
    sums = layout.modules / "family" / "go.sum"
    sums.write_text(sums.read_text() + "example.org/other v1.0.0 h1:cccc=\n")
    go.says(build=go_said)
    capsys.readouterr()
    assert build(layout) == 1
    error = capsys.readouterr().err
    assert meaning in error
    assert mend in error
    assert "Traceback" not in error
    assert {name: (layout.out / name).read_bytes() for name in files(layout)} == before
    with pytest.raises(EngineError, match="out of date"):
        engines.find("one", layout)


def test_a_first_build_that_fails_leaves_nothing(layout: Layout, go: FakeGo) -> None:
    go.says(build="# example.org/tool\nbroken")
    assert build(layout) == 1
    assert files(layout) == set()


def test_engines_before_the_failing_one_stay(layout: Layout, go: FakeGo) -> None:
    build(layout, "one")
    go.says(build="broken")
    assert build(layout) == 1
    assert engines.find("one", layout).read_text() == "binary"


def test_a_package_that_is_no_command_is_an_error(
    layout: Layout, go: FakeGo, capsys: pytest.CaptureFixture[str]
) -> None:
    go.says(writes="")
    assert build(layout) == 1
    assert "is example.org/tool/cmd/one a command?" in capsys.readouterr().err


def test_an_interrupted_build_ends_go_and_leaves_nothing(
    layout: Layout, go: FakeGo, tmp_path: Path
) -> None:
    go.says(build="hang")
    script = (
        "import sys; from pathlib import Path; from tools import engines;"
        "sys.exit(engines.main(['build'],"
        "engines.Layout(Path(sys.argv[1]), Path(sys.argv[2]))))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, layout.modules, layout.out],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 20
    while not go.calls("build") and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert process.returncode == 130
    assert error.startswith("engines: stopped; ")
    with pytest.raises(ProcessLookupError):
        os.kill(go.calls("build")[0]["pid"], 0)
    assert files(layout) == set()


def test_progress_is_told_while_a_build_lasts(
    layout: Layout,
    go: FakeGo,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engines, "PROGRESS_SECONDS", 0.001)
    build(layout, "one")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "engines: [1/1] one v1.36.3: building with go1.26.8"
    assert re.fullmatch(
        r"engines: \[1/1\] one v1\.36\.3: \d s, \d modules downloaded, \d packages compiled",
        said[1],
    )
    assert re.fullmatch(r"engines: \[1/1\] one v1\.36\.3: ready in \d s", said[-1])


def test_a_file_in_the_folders_place_is_an_error(
    layout: Layout, go: FakeGo, capsys: pytest.CaptureFixture[str]
) -> None:
    layout.out.write_text("")
    assert build(layout) == 1
    assert "check space and permissions" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("engines.toml", "[one\n", "engines.toml: "),
        ("engines.toml", "one = 1\n", "one is not a table"),
        ("engines.toml", '[one]\nfamily = "family"\n', "[one] needs `family` and `package`"),
        (
            "engines.toml",
            TABLE.replace("ldflags", "ld_flags"),
            "[one] has unknown keys: ld_flags",
        ),
        ("engines.toml", TABLE.replace('["crds"]', '"crds"'), "[two] share is not a list"),
        ("engines.toml", TABLE.replace('"family"', '"absent"'), "[one] family 'absent': "),
        ("family/go.mod", GO_MOD.replace("go 1.26.0", ""), "lacks a `go` line"),
        (
            "family/go.mod",
            GO_MOD.replace("tool v1.36.3", "toolbox v1.36.3"),
            "lacks a requirement that holds example.org/tool/cmd/one",
        ),
    ],
    ids=[
        "malformed",
        "not a table",
        "no package",
        "unknown key",
        "not a list",
        "no family",
        "no go line",
        "no requirement",
    ],
)
def test_incoherent_pins_are_refused_with_the_file(
    layout: Layout,
    go: FakeGo,
    capsys: pytest.CaptureFixture[str],
    file: str,
    content: str,
    said: str,
) -> None:
    (layout.modules / file).write_text(content)
    assert build(layout) == 1
    assert engines.main(["list"], layout) == 1
    error = capsys.readouterr().err
    assert said in error
    assert str(layout.modules) in error


def test_one_with_shared_files_only_compiles_nothing(
    layout: Layout, go: FakeGo, capsys: pytest.CaptureFixture[str]
) -> None:
    table = '[crds]\nfamily = "family"\nmodule = "example.org/tool/v2"\nshare = ["crds"]\n'
    (layout.modules / "engines.toml").write_text(table)
    with pytest.raises(EngineError, match=r"crds v2\.2\.0 is absent"):
        engines.share("crds", layout)
    assert build(layout) == build(layout) == 0
    assert files(layout) == {"share/crds/crds/kind.yaml", "stamps/crds.json"}
    assert (engines.share("crds", layout) / "crds" / "kind.yaml").is_file()
    assert go.calls("build") == []
    [call] = go.calls("mod")
    assert call["words"] == ["mod", "download", "-json", "example.org/tool/v2@v2.2.0"]
    engines.main(["list"], layout)
    assert "ready        files" in capsys.readouterr().out
    with pytest.raises(EngineError, match="shared files only"):
        engines.find("crds", layout)


@pytest.mark.parametrize("more", ['package = "a/b"', 'ldflags = ["-s"]', "share = []"])
def test_shared_files_without_a_command_have_no_build(
    layout: Layout, go: FakeGo, capsys: pytest.CaptureFixture[str], more: str
) -> None:
    share = "" if more.startswith("share") else 'share = ["crds"]\n'
    table = f'[crds]\nfamily = "family"\nmodule = "example.org/tool"\n{share}{more}\n'
    (layout.modules / "engines.toml").write_text(table)
    assert build(layout) == 1
    assert "needs `share`, and nothing else" in capsys.readouterr().err


def test_an_unknown_name_lists_those_there_are(
    layout: Layout, go: FakeGo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(layout, "three") == 1
    assert "no engine is called 'three'; there are: one, two" in capsys.readouterr().err


def test_list_tells_each_engines_state(
    layout: Layout, go: FakeGo, capsys: pytest.CaptureFixture[str]
) -> None:
    build(layout, "one")
    capsys.readouterr()
    engines.main(["list"], layout)
    assert capsys.readouterr().out.splitlines() == [
        "one                     v1.36.3    ready        0 MiB, go1.26.8 linux/amd64",
        "two                     v2.2.0     absent",
    ]


def test_the_repositorys_own_pins_are_coherent() -> None:
    for engine in engines.load():
        sums = (engine.family / "go.sum").read_text()
        assert f"{engine.module} {engine.version} h1:" in sums
        tools = (engine.family / "go.mod").read_text()
        assert re.search(rf"^(tool )?\s*{re.escape(engine.package)}$", tools, re.MULTILINE)
