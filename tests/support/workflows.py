"""CI workflows run step by step on this machine: GitHub's `run:` and GitLab's `script:`, by bash.

What a hosted runner does (`uses:`) is done by the test or left out; what a step would install is noted by
a `pip` and a `curl` of this module, and what it would fetch is linked to what is here already.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from support.code_host import CodeHost

SECONDS = 120
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")

# Notes what it is asked for. With --output it is the download of a command that PATH has under the file's
# name; without, the archive of Helm's releases.
_CURL = """#!/bin/sh
printf '%s\\n' "$*" >> "{log}"
while [ $# -gt 0 ]; do
  if [ "$1" = --output ]; then output=$2; fi
  shift
done
if [ -n "$output" ]; then
  mkdir -p "$(dirname "$output")"
  cp "{tools}/$(basename "$output")" "$output"
else
  mkdir -p "{scratch}/linux-amd64" && cp "{tools}/helm" "{scratch}/linux-amd64/helm"
  tar --create --gzip --directory "{scratch}" linux-amd64/helm
fi
"""


@dataclass(frozen=True)
class Run:
    """How a workflow ended.

    Attributes:
        status: of the step that failed, else 0.
        log: what all steps printed.
        used: the actions that were used, with their inputs, after the steps before them.
        ran: the names of the steps that ran.
    """

    status: int
    log: str
    used: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ran: tuple[str, ...] = ()


class Machine:
    """Where jobs run: a home, the commands that jobs may call, and a note of what they install.

    Args:
        folder: made for it.
        tools: commands by name, beside trimtab.
    """

    def __init__(self, folder: Path, tools: Mapping[str, Path]) -> None:
        self.folder = folder
        self.home, self.installs = folder / "home", folder / "installs"
        stubs, linked, scratch = (folder / name for name in ("stubs", "tools", "scratch"))
        for each in (self.home, stubs, linked, scratch):
            each.mkdir(parents=True)
        self.installs.touch()
        commands = {**tools, "trimtab": Path(sys.executable).parent / "trimtab"}
        for name, command in commands.items():
            _script(linked / name, f'#!/bin/sh\nexec "{command}" "$@"\n')
        _script(stubs / "pip", f'#!/bin/sh\nprintf \'pip %s\\n\' "$*" >> "{self.installs}"\n')
        curl = _CURL.format(log=self.installs, tools=linked, scratch=scratch)
        _script(stubs / "curl", curl)
        self.path = os.pathsep.join([str(stubs), str(linked), "/usr/bin", "/bin"])

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """A job's whole environment."""
        return {"HOME": str(self.home), "PATH": self.path, "LANG": "C.UTF-8", **given}

    def installed(self) -> list[str]:
        """What was asked for, a line a command."""
        return self.installs.read_text("utf-8").splitlines()


def _script(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    path.chmod(0o755)


class Origin:
    """A repository with a base and a head branch, and merges of the two as GitHub makes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        """Run git here; what it prints."""
        who = {"NAME": "t", "EMAIL": "t@example.org"}
        names = {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in who.items()}
        finished = subprocess.run(
            ["git", "-C", str(self.folder), *arguments],
            env={**os.environ, **names, "GIT_CONFIG_GLOBAL": os.devnull},
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout.strip()

    def commit(self, files: Mapping[str, str | None]) -> str:
        """Write files (None removes one) and commit them; the commit's id."""
        for name, text in files.items():
            path = self.folder / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "A change")
        return self.git("rev-parse", "HEAD")

    def branch(self, base: Mapping[str, str | None], head: Mapping[str, str | None]) -> None:
        """Commit the base on `main`, the head on `change`."""
        self.commit(base)
        self.git("checkout", "--quiet", "-b", "change")
        self.commit(head)

    def merged(self, folder: Path, depth: int) -> None:
        """Check the merge of both out, as a runner does: so many commits of it."""
        self.git("checkout", "--quiet", "-B", "merge", "main")
        self.git("merge", "--quiet", "--no-ff", "--no-edit", "change")
        self.git("update-ref", "refs/pull/7/merge", "HEAD")
        self.git("checkout", "--quiet", "change")
        self._fetched(folder, "refs/pull/7/merge", f"--depth={depth}")

    def changed(self, folder: Path) -> None:
        """Check the head out with its history."""
        self._fetched(folder, "refs/heads/change")

    def _fetched(self, folder: Path, ref: str, *options: str) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
        for words in (
            ["fetch", "--quiet", *options, self.folder.as_uri(), ref],
            ["checkout", "--quiet", "FETCH_HEAD"],
        ):
            command = ["git", "-C", str(folder), *words]
            subprocess.run(command, check=True, capture_output=True)


# GitHub


def github(
    file: Path,
    machine: Machine,
    origin: Origin,
    host: CodeHost,
    *,
    env: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
    fork: bool = False,
) -> Run:
    """Run the workflow's job for pull request 7.

    Args:
        file: the workflow.
        env: what the user sets under the workflow's `env`.
        given: what else the environment has.
        fork: whether the pull request is a fork's.
    """
    workflow = yaml.safe_load(file.read_text("utf-8"))
    (job,) = workflow["jobs"].values()
    work, temp = machine.folder / "work", machine.folder / "temp"
    shutil.rmtree(temp, ignore_errors=True)
    temp.mkdir()
    summary, paths = temp / "summary.md", temp / "paths"
    paths.touch()
    facts = {
        "github.token": host.token,
        "github.repository": "acme/infra",
        "github.event.pull_request.head.repo.full_name": "somebody/infra" if fork else "acme/infra",
        "github.event.pull_request.number": "7",
        "github.run_id": "1",
        "secrets.PULUMI_ACCESS_TOKEN": "",
    }
    event = temp / "event.json"
    head = {"repo": {"full_name": facts["github.event.pull_request.head.repo.full_name"]}}
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": head}}))
    hosted = {**host.github(), "GITHUB_EVENT_PATH": str(event), "GITHUB_PATH": str(paths)}
    del hosted["GITHUB_TOKEN"]  # a step has it only where it is given
    environment = machine.environment(
        {
            **hosted,
            "CI": "true",
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_WORKSPACE": str(work),
            "RUNNER_TEMP": str(temp),
            **{key: _filled(value, facts) for key, value in workflow.get("env", {}).items()},
            **(env or {}),
            **(given or {}),
        }
    )
    if not _holds(job.get("if", "true"), facts, work, failed=False):
        return Run(0, "skipped")
    work.mkdir(exist_ok=True)
    status, log, used, ran = 0, "", {}, []
    for step in job["steps"]:
        if not _holds(step.get("if", "success()"), facts, work, failed=status != 0):
            continue
        ran.append(step["name"])
        if "uses" in step:
            used[step["uses"].partition("@")[0]] = step.get("with", {})
            if step["uses"].startswith("actions/checkout@"):
                origin.merged(work, step["with"]["fetch-depth"])
            continue
        own = {key: _filled(value, facts) for key, value in step.get("env", {}).items()}
        added = paths.read_text("utf-8").split()
        path = os.pathsep.join([*added, environment["PATH"]])
        ended, said = _bash(step["run"], work, {**environment, **own, "PATH": path})
        log += said
        status = status or ended
    return Run(status, log, used, tuple(ran))


def _filled(value: Any, facts: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ *(.*?) *\}\}", lambda found: facts[found[1]], str(value))


def _holds(condition: str, facts: Mapping[str, str], work: Path, *, failed: bool) -> bool:
    """Whether a condition holds; as much of the language as the workflows use.

    Raises:
        ValueError: a part of it is not known here.
    """
    whole = re.fullmatch(r"\$\{\{ *(.*?) *\}\}", condition)
    parts = (whole[1] if whole else condition).split(" && ")
    # Without a status function in it, a condition holds only after success.
    steady = failed and "!cancelled()" not in parts
    return not steady and all(_part(part, facts, work) for part in parts)


def _part(part: str, facts: Mapping[str, str], work: Path) -> bool:
    if part in {"true", "success()", "!cancelled()"}:
        return True
    if found := re.fullmatch(r"hashFiles\('(.+)'\) != ''", part):
        return any(each.is_file() for each in work.glob(found[1]))
    if found := re.fullmatch(r"([\w.]+) == ([\w.]+)", part):
        return facts[found[1]] == facts[found[2]]
    raise ValueError(part)


# GitLab


def gitlab(
    file: Path,
    machine: Machine,
    origin: Origin,
    host: CodeHost,
    *,
    env: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
    fork: bool = False,
) -> Run:
    """Run the file's job for merge request 7; arguments as `github` has them."""
    (job,) = yaml.safe_load(file.read_text("utf-8")).values()
    work = machine.folder / "work"
    origin.changed(work)
    facts = {
        **host.gitlab(),
        "CI": "true",
        "CI_PROJECT_DIR": str(work),
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_MERGE_REQUEST_PROJECT_ID": "99",
        "CI_MERGE_REQUEST_PROJECT_URL": host.gitlab()["CI_PROJECT_URL"],
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1234" if fork else "99",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": origin.git("merge-base", "main", "change"),
    }
    if fork:
        facts |= {"CI_PROJECT_ID": "1234", "GITLAB_TOKEN": ""}
    (rule,) = job["rules"]
    if not all(_met(part, facts) for part in rule["if"].split(" && ")):
        return Run(0, "skipped")
    variables = {**job["variables"], **(env or {})}
    told = {
        key: re.sub(r"\$(\w+)", lambda found: facts[found[1]], str(value))
        for key, value in variables.items()
    }
    environment = machine.environment({**facts, **told, **(given or {})})
    status, log = _bash("\n".join(job["script"]), work, environment)
    kept = {"artifacts": job["artifacts"]} if job["artifacts"]["when"] == "always" else {}
    return Run(status, log, kept)


def _met(part: str, facts: Mapping[str, str]) -> bool:
    left, _, right = part.partition(" == ")
    return facts[left.removeprefix("$")] == (
        facts[right.removeprefix("$")] if right.startswith("$") else right.strip('"')
    )


def _bash(script: str, work: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    finished = subprocess.run(
        [*BASH, "-c", script],
        cwd=work,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return finished.returncode, finished.stdout
