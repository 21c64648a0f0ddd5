"""GitHub and GitLab: where a comment goes, and how it is found again.

Which host a run is on, and which pull request it is of, stands in the environment that the host's CI sets.
A comment is found by its first line, a marker that no reader sees.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from trimtab.ci.api import Api
from trimtab.errors import InputError

MARKER = re.compile(r"<!-- trimtab:[^\n]* -->")


class Host(Protocol):
    """Where comments are kept."""

    @property
    def limit(self) -> int:
        """Characters that a comment may have."""

    def find(self, marker: str) -> str | None:
        """The id of the comment that begins with a marker: the oldest, were there several."""

    def create(self, body: str) -> str:
        """Write a new comment; its address."""

    def update(self, comment: str, body: str) -> str:
        """Write a comment anew; its address."""


def marker_of(body: str) -> str:
    """The marker that a comment begins with.

    Raises:
        InputError: it begins with none.
    """
    first = body.partition("\n")[0].strip()
    if not MARKER.fullmatch(first):
        raise InputError(
            "does not begin with a marker of Trimtab's",
            mend="write it with trimtab diff --out comment.md",
        )
    return first


def publish(host: Host, body: str) -> tuple[str, bool]:
    """Write a comment in place of the one with the same marker.

    Returns:
        Its address, and whether there was one before.

    Raises:
        InputError: it has no marker, or is too long for the host.
        EngineError: the host refuses.
    """
    marker = marker_of(body)
    if len(body) > host.limit:
        raise InputError(
            f"has {len(body):,} characters, the host takes {host.limit:,}",
            mend=f"write it with --comment-limit {host.limit}",
        )
    found = host.find(marker)
    return (host.create(body) if found is None else host.update(found, body)), found is not None


@dataclass(frozen=True)
class GitHub:
    """Comments of a pull request (an issue, to GitHub's API)."""

    api: Api
    repository: str
    number: int
    limit: int = 65_536

    def find(self, marker: str) -> str | None:
        path = f"/repos/{self.repository}/issues/{self.number}/comments?per_page=100"
        return _first(self.api, path, marker)

    def create(self, body: str) -> str:
        path = f"/repos/{self.repository}/issues/{self.number}/comments"
        return str(self.api.call("POST", path, {"body": body})["html_url"])

    def update(self, comment: str, body: str) -> str:
        path = f"/repos/{self.repository}/issues/comments/{comment}"
        return str(self.api.call("PATCH", path, {"body": body})["html_url"])


@dataclass(frozen=True)
class GitLab:
    """Notes of a merge request."""

    api: Api
    project: str
    number: int
    page: str
    limit: int = 1_000_000

    @property
    def _notes(self) -> str:
        return f"/projects/{self.project}/merge_requests/{self.number}/notes"

    def find(self, marker: str) -> str | None:
        return _first(self.api, f"{self._notes}?per_page=100&sort=asc&order_by=created_at", marker)

    def create(self, body: str) -> str:
        return self._address(self.api.call("POST", self._notes, {"body": body}))

    def update(self, comment: str, body: str) -> str:
        return self._address(self.api.call("PUT", f"{self._notes}/{comment}", {"body": body}))

    def _address(self, note: Any) -> str:
        return f"{self.page}#note_{note['id']}"


def _first(api: Api, path: str, marker: str) -> str | None:
    for comment in api.pages(path):
        if str(comment.get("body", "")).startswith(marker):
            return str(comment["id"])
    return None


# Which host a run is on.

_GITHUB_MENDS = {
    401: "give the step GITHUB_TOKEN: env: {GITHUB_TOKEN: ${{ github.token }}}",
    403: "give the job permissions: pull-requests: write; a fork's token may only read",
    404: "give the job permissions: pull-requests: write, and check the repository's name",
}
_GITLAB_MENDS = {
    401: "give GITLAB_TOKEN a project access token with the scope api",
    403: "give GITLAB_TOKEN a project access token with the role Reporter and the scope api",
    404: "give GITLAB_TOKEN a token that sees the project; CI_JOB_TOKEN can't write notes",
}


def host_of(environment: Mapping[str, str], number: int | None = None) -> Host | None:
    """The host that a CI run is on, with the pull request that it is of.

    Args:
        environment: the run's.
        number: of the pull request; None: as the environment says.

    Returns:
        None where the run is of no pull request.

    Raises:
        InputError: it is on no host that is known, or a token is missing.
    """
    if environment.get("GITHUB_ACTIONS") == "true":
        return _github(environment, number)
    if environment.get("GITLAB_CI") == "true":
        return _gitlab(environment, number)
    raise InputError(
        "this is neither GitHub Actions nor GitLab CI",
        mend="set GITHUB_ACTIONS=true or GITLAB_CI=true with the variables that they set, or publish the"
        " file by other means",
    )


def _github(environment: Mapping[str, str], number: int | None) -> GitHub | None:
    number = number or _github_number(environment)
    if number is None:
        return None
    token = _given(environment, "GITHUB_TOKEN", _GITHUB_MENDS[401])
    api = Api(
        environment.get("GITHUB_API_URL", "https://api.github.com").rstrip("/"),
        {"Authorization": f"Bearer {token}", "X-GitHub-Api-Version": "2022-11-28"},
        mends=_GITHUB_MENDS,
    )
    return GitHub(api, _given(environment, "GITHUB_REPOSITORY", "write owner/name"), number)


def _github_number(environment: Mapping[str, str]) -> int | None:
    """The pull request of the event, or of the ref `refs/pull/12/merge`."""
    event = environment.get("GITHUB_EVENT_PATH")
    if event and Path(event).is_file():
        try:
            told = json.loads(Path(event).read_text("utf-8"))
            return int(told["pull_request"]["number"])
        except (ValueError, KeyError, TypeError):
            pass
    found = re.fullmatch(r"refs/pull/(\d+)/\w+", environment.get("GITHUB_REF", ""))
    return int(found[1]) if found else None


def _gitlab(environment: Mapping[str, str], number: int | None) -> GitLab | None:
    told = environment.get("CI_MERGE_REQUEST_IID", "")
    number = number or (int(told) if told.isdecimal() else None)
    if number is None:
        return None
    token = _given(environment, "GITLAB_TOKEN", _GITLAB_MENDS[401])
    server = environment.get("CI_SERVER_URL", "https://gitlab.com").rstrip("/")
    api = Api(
        environment.get("CI_API_V4_URL", f"{server}/api/v4").rstrip("/"),
        {"PRIVATE-TOKEN": token},
        mends=_GITLAB_MENDS,
    )
    page = environment.get("CI_PROJECT_URL", server)
    project = _given(environment, "CI_PROJECT_ID", "write the project's number")
    return GitLab(api, project, number, f"{page}/-/merge_requests/{number}")


def _given(environment: Mapping[str, str], name: str, mend: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise InputError("is not set", where=name, mend=mend)
    return value
