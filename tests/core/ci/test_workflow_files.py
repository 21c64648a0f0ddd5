"""What the workflows that users copy may and may not have, whatever they do; tests/e2e runs them."""

import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "ci"
PRICES = "prices.yml"
GITHUB = sorted(each for each in (FOLDER / "github").glob("*.yml") if each.name != PRICES)
GITLAB = sorted(each for each in (FOLDER / "gitlab").glob("*.yml") if each.name != PRICES)
PIN = re.compile(r"uses: ([\w/.-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)")
NAMES = ["crossplane", "manifests", "pulumi-cli", "pulumi"]


def data(file: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(file.read_text("utf-8"))
    return found


def job(file: Path) -> dict[str, Any]:
    whole = data(file)
    (found,) = (whole["jobs"] if file in GITHUB else whole).values()
    one: dict[str, Any] = found
    return one


def by_name(file: Path) -> str:
    return f"{file.parent.name}-{file.stem}"


def test_both_hosts_have_the_same_workflows() -> None:
    assert [each.stem for each in GITHUB] == [each.stem for each in GITLAB] == NAMES


def test_every_action_is_pinned_to_one_commit() -> None:
    pins: dict[str, tuple[str, str]] = {}
    for file in [*GITHUB, FOLDER / "github" / PRICES]:
        text = file.read_text("utf-8")
        found = PIN.findall(text)
        assert len(found) == text.count("uses: ")
        for action, commit, released in found:
            assert pins.setdefault(action, (commit, released)) == (commit, released)
    assert len(pins) == 7


@pytest.mark.parametrize("file", GITHUB, ids=by_name)
def test_a_github_job_may_do_no_more_than_it_needs(file: Path) -> None:
    workflow = data(file)
    # Never pull_request_target, which runs a stranger's code with the repository's secrets.
    assert workflow[True] == {"pull_request": None}
    assert workflow["permissions"] == {}
    assert job(file)["permissions"] == {
        "contents": "read",
        "pull-requests": "write",
        "security-events": "write",
    }
    checkout = next(each for each in job(file)["steps"] if "checkout" in each.get("uses", ""))
    assert checkout["with"] == {"fetch-depth": 2, "persist-credentials": False}
    tokens = [each["run"] for each in job(file)["steps"] if "GITHUB_TOKEN" in each.get("env", {})]
    assert tokens == ["trimtab comment trimtab-out/comment.md"]


@pytest.mark.parametrize("file", GITHUB, ids=by_name)
def test_a_github_run_ends_the_one_before_it_of_its_pull_request(file: Path) -> None:
    concurrency = data(file)["concurrency"]
    group = f"trimtab-{file.stem}-${{{{ github.event.pull_request.number }}}}"
    assert concurrency == {"group": group, "cancel-in-progress": True}


@pytest.mark.parametrize("file", GITLAB, ids=by_name)
def test_a_gitlab_job_is_of_merge_requests_one_at_a_time(file: Path) -> None:
    (rule,) = job(file)["rules"]
    assert rule["if"].startswith('$CI_PIPELINE_SOURCE == "merge_request_event"')
    assert job(file)["interruptible"] is True
    assert job(file)["resource_group"] == f"trimtab-{file.stem}-$CI_MERGE_REQUEST_IID"
    # An item that is no text, or a list of texts, is no script to GitLab.
    assert all(isinstance(each, str) and each for each in job(file)["script"])


@pytest.mark.parametrize("file", [*GITHUB, *GITLAB], ids=by_name)
def test_a_workflow_installs_this_release_ends_in_time_and_caches(file: Path) -> None:
    text = file.read_text("utf-8")
    assert set(re.findall(r"trimtab(?:-components)?==(\S+)", text)) == {version("trimtab")}
    assert job(file).get("timeout-minutes") == 15 or job(file).get("timeout") == "15 minutes"
    assert "cache: pip" in text or "key: trimtab-pip" in text
    # Runs of pull requests read fetched prices, and never write them.
    assert "actions/cache/restore@" in text or "policy: pull" in text
    assert "actions/cache@" not in text


def test_prices_are_fetched_where_no_pull_request_has_a_say() -> None:
    workflow = data(FOLDER / "github" / PRICES)
    assert workflow[True].keys() == {"schedule", "workflow_dispatch"}
    assert workflow["permissions"] == {}
    (refresh,) = workflow["jobs"].values()
    assert "permissions" not in refresh
    caches = [each["with"] for each in refresh["steps"] if "cache" in each.get("uses", "")]
    reads = [each["with"] for each in job(GITHUB[0])["steps"] if "cache/" in each.get("uses", "")]
    assert [each["path"] for each in (*caches, *reads)] == ["~/.cache/trimtab/prices"] * 3
    assert caches[0] == reads[0]
    assert caches[1]["key"].startswith(reads[0]["restore-keys"])
    (lab,) = data(FOLDER / "gitlab" / PRICES).values()
    assert lab["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "schedule"'}]
    kept, read = lab["cache"][1], job(GITLAB[0])["cache"][1]
    assert all(kept[key] == read[key] for key in ("key", "paths", "unprotect"))
    assert "policy" not in kept


def test_no_two_workflows_write_one_comment() -> None:
    for files in (GITHUB, GITLAB):
        names = [re.findall(r"--name (\S+)", file.read_text("utf-8")) for file in files]
        assert len({tuple(each) for each in names}) == len(files)


@pytest.mark.parametrize("name", NAMES)
def test_both_hosts_price_alike(name: str) -> None:
    """The same command with the same options, but for GitLab's longer limit."""
    commands = []
    for folder in ("github", "gitlab"):
        text = (FOLDER / folder / f"{name}.yml").read_text("utf-8")
        (found,) = re.findall(r"trimtab diff (?:.*\\\n)+.*\n", text)
        found = found.replace(" --comment-limit 1000000", "").replace(" || status=$?", "")
        commands.append(found.split())
    assert commands[0] == commands[1]
