"""What may not be in the repository. Needles are written in pieces, as this file is tracked too."""

import subprocess
from pathlib import Path, PurePosixPath

import pytest

from tools.hygiene import MAX_LINES, problems, tracked

REFUSED = {
    "a registry in a requirement file": (
        "requirements/x.txt",
        "--index-url https://py" + "pi.org/simple\n",
        "requirements/x.txt:1: names the package registry py" + "pi.org",
    ),
    "a download host in a document": (
        "docs/x.md",
        "\nfiles.python" + "hosted.org\n",
        "docs/x.md:2: names the package registry python" + "hosted.org",
    ),
    "a Go proxy": (
        "x.env",
        "GOPROXY=https://proxy.go" + "lang.org",
        "x.env:1: names the package registry proxy.go" + "lang.org",
    ),
    "a path of one machine": (
        "tools/x.py",
        'DATA = "/wo' + 'rk/shared/data"\n',
        "tools/x.py:1: names a path of one machine, /wo" + "rk/s…",
    ),
    "a home folder": ("x.md", "see `/ho" + "me/me/x`", "x.md:1: names a path of one machine, /ho"),
    "a lock file with addresses": ("web/yarn.lock", "", "web/yarn.lock: a lock file"),
    "a placeholder": ("x/y.py", "# TO" + "DO: later\n", "x/y.py:1: TO" + "DO in source"),
    "an expected failure": ("t.py", "@pytest.mark.xf" + "ail\n", "t.py:1: xf" + "ail in source"),
    "an unwritten body": (
        "x.py",
        "raise NotImpl" + "ementedError\n",
        "x.py:1: NotImpl" + "ementedError in source",
    ),
    "a file too long to read": (
        "x.py",
        "a = 1\n" * (MAX_LINES + 1),
        f"x.py: {MAX_LINES + 1} lines, at most {MAX_LINES}",
    ),
    "an engine in the core": (
        "trimtab/x.py",
        "import os\nimport pulumi\n",
        "trimtab/x.py:2: the core imports pulumi",
    ),
    "a part of an engine, late": (
        "trimtab/x.py",
        "def f():\n    from google.protobuf import message\n",
        "trimtab/x.py:2: the core imports google.protobuf",
    ),
    "an engine from its parent": (
        "trimtab/x.py",
        "from google import protobuf\n",
        "trimtab/x.py:1: the core imports google.protobuf",
    ),
    "an engine by its name": (
        "trimtab/x.py",
        'importlib.import_module("kubernetes.client")\n',
        "trimtab/x.py:1: the core imports kubernetes",
    ),
    "a module that is not Python": ("trimtab/x.py", "def\n", "trimtab/x.py:1: not Python"),
}

ACCEPTED = {
    "a user's image": ("x.yaml", "image: registry.k8s.io/pause:3.10\n"),
    "a word inside another": ("x.py", "xf" + "ail_strict = 1\n"),
    "random text of checksums": ("tests/go.sum", "h1:+TO" + "DO/\n"),
    "a folder that only ends alike": ("x.md", "docs/wo" + "rk/x and $X/ho" + "me/x\n"),
    "a file of the longest length": ("x.py", "a = 1\n" * MAX_LINES),
    "long data": ("x.csv", "1\n" * 5000),
    "a relative import of a like name": ("trimtab/x.py", "from .pulumi import x\n"),
    "a name that only begins alike": ("trimtab/x.py", "import pulumis\nimport grpc_tools\n"),
    "an engine outside the core": ("components/x.py", "import pulumi\n"),
    "a binary file": ("x.png", "\0https://py" + "pi.org"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused(case: str) -> None:
    name, content, expected = REFUSED[case]
    (problem,) = problems(PurePosixPath(name), content.encode())
    assert problem.startswith(expected)


@pytest.mark.parametrize("case", ACCEPTED)
def test_it_is_accepted(case: str) -> None:
    name, content = ACCEPTED[case]
    assert list(problems(PurePosixPath(name), content.encode())) == []


def test_only_tracked_files_that_exist_are_read(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for name in ("kept é.py", "deleted.py", "untracked.py"):
        (tmp_path / name).touch()
    subprocess.run(["git", "-C", tmp_path, "add", "kept é.py", "deleted.py"], check=True)
    (tmp_path / "deleted.py").unlink()
    assert tracked(tmp_path) == [PurePosixPath("kept é.py")]
