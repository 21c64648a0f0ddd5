"""GitHub and GitLab: where a comment goes, and how it is found again.

Which host a run is on, and which pull request it is of, stands in the environment that the host's CI sets.
A comment is found by its first line, a marker that no reader sees, and by its author: what another account
wrote under the same marker is never written over, for its author could write it anew after us.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from trimtab.ci.api import Api, RefusedError, authority_in
from trimtab.diff.outputs.limits import GITHUB_LIMIT, GITLAB_LIMIT
from trimtab.errors import InputError

MARKER = re.compile(r"<!-- trimtab:[^\n]* -->")
_GONE_OR_NOT_OURS = {403, 404, 410}


class Host(Protocol):
    """Where comments are kept."""

    @property
    def limit(self) -> int:
        """Characters that a comment may have."""

    def find(self, marker: str) -> list[str]:
        """The ids of our comments that begin with a marker, the oldest first."""

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
    """Write a comment in place of ours with the same marker.

    One that was deleted in between, or that the host keeps from us, is passed over.

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
    for comment in host.find(marker):
        try:
            return host.update(comment, body), True
        except RefusedError as error:
            if error.status not in _GONE_OR_NOT_OURS:
                raise
    return host.create(body), False


@dataclass(frozen=True)
class GitHub:
    """Comments of a pull request (an issue, to GitHub's API)."""

    api: Api
    repository: str
    number: int
    limit: int = GITHUB_LIMIT

    def find(self, marker: str) -> list[str]:
        path = f"/repos/{self.repository}/issues/{self.number}/comments?per_page=100"
        return _ours(self.api, path, marker, "user", lambda user: user.get("type") == "Bot")

    def create(self, body: str) -> str:
        path = f"/repos/{self.repository}/issues/{self.number}/comments"
        return self._address(self.api.call("POST", path, {"body": body}))

    def update(self, comment: str, body: str) -> str:
        path = f"/repos/{self.repository}/issues/comments/{comment}"
        return self._address(self.api.call("PATCH", path, {"body": body}))

    def _address(self, comment: Mapping[str, Any]) -> str:
        return str(comment.get("html_url") or f"comment {comment.get('id')}")


@dataclass(frozen=True)
class GitLab:
    """Notes of a merge request: never threads, which would have to be resolved before a merge."""

    api: Api
    project: str
    number: int
    page: str
    limit: int = GITLAB_LIMIT

    @property
    def _notes(self) -> str:
        return f"/projects/{self.project}/merge_requests/{self.number}/notes"

    def find(self, marker: str) -> list[str]:
        path = f"{self._notes}?per_page=100&sort=asc&order_by=created_at"
        # A token that may not ask who it is: GitLab itself refuses to change others' notes.
        return _ours(self.api, path, marker, "author", lambda _: True)

    def create(self, body: str) -> str:
        return self._address(self.api.call("POST", self._notes, {"body": body}))

    def update(self, comment: str, body: str) -> str:
        return self._address(self.api.call("PUT", f"{self._notes}/{comment}", {"body": body}))

    def _address(self, note: Mapping[str, Any]) -> str:
        return f"{self.page}#note_{note.get('id')}"


def _ours(
    api: Api, path: str, marker: str, by: str, else_ours: Callable[[Mapping[str, Any]], bool]
) -> list[str]:
    """The ids of our comments that begin with a marker.

    Args:
        by: the key of a comment's author.
        else_ours: whether an author may be us, where the token may not ask who it is (GITHUB_TOKEN).
    """
    found = [
        (str(comment.get("id")), comment.get(by) or {})
        for comment in api.pages(path)
        if str(comment.get("body") or "").startswith(marker) and not comment.get("system")
    ]
    if not found:
        return []
    try:
        me = api.call("GET", "/user").get("id")
    except RefusedError as error:
        if error.status not in {403, 404}:
            raise
        return [number for number, author in found if else_ours(author)]
    return [number for number, author in found if author.get("id") == me]


# Which host a run is on.


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


def from_a_fork(environment: Mapping[str, str]) -> bool:
    """Whether a run is of a fork's pull request, or Dependabot's, whose token may only read or is missing."""
    if environment.get("GITLAB_CI") == "true":
        project = environment.get("CI_MERGE_REQUEST_PROJECT_ID")
        return environment.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", project) != project
    if environment.get("GITHUB_ACTOR") == "dependabot[bot]":
        return True
    try:
        head = _event(environment)["pull_request"]["head"]
        # A fork that was deleted is null.
        name: str = (head["repo"] or {}).get("full_name", "")
    except (KeyError, TypeError, AttributeError):
        return False
    return name.lower() != environment.get("GITHUB_REPOSITORY", "").lower()


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
_LOCKED = "unlock the conversation; until then the comment is in the job's summary and artefacts"


def _mending(mends: Mapping[int, str]) -> Callable[[int, str], str | None]:
    return lambda status, said: _LOCKED if "locked" in said.lower() else mends.get(status)


def _github(environment: Mapping[str, str], number: int | None) -> GitHub | None:
    number = number or _github_number(environment)
    if number is None:
        return None
    token = _given(environment, "GITHUB_TOKEN", _GITHUB_MENDS[401])
    api = Api(
        environment.get("GITHUB_API_URL", "https://api.github.com").rstrip("/"),
        {"Authorization": f"Bearer {token}", "X-GitHub-Api-Version": "2022-11-28"},
        mend=_mending(_GITHUB_MENDS),
    )
    return GitHub(api, _given(environment, "GITHUB_REPOSITORY", "write owner/name"), number)


def _github_number(environment: Mapping[str, str]) -> int | None:
    """The pull request of the event (a comment on it, too), or of the ref `refs/pull/12/merge`."""
    event = _event(environment)
    issue = event.get("issue")
    told = event.get("pull_request")
    if told is None and isinstance(issue, dict) and issue.get("pull_request"):
        told = issue
    try:
        return int(told["number"])  # type: ignore[index]
    except (ValueError, KeyError, TypeError):
        found = re.fullmatch(r"refs/pull/(\d+)/\w+", environment.get("GITHUB_REF", ""))
        return int(found[1]) if found else None


def _event(environment: Mapping[str, str]) -> dict[str, Any]:
    """What started the run, as GitHub tells it."""
    path = environment.get("GITHUB_EVENT_PATH")
    try:
        told = json.loads(Path(path).read_text("utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


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
        mend=_mending(_GITLAB_MENDS),
        authority=authority_in(environment.get("CI_SERVER_TLS_CA_FILE", "")),
    )
    # The pipeline of a fork's merge request runs in the fork; the merge request is its target's.
    page = environment.get("CI_MERGE_REQUEST_PROJECT_URL") or environment.get(
        "CI_PROJECT_URL", server
    )
    project = environment.get("CI_MERGE_REQUEST_PROJECT_ID") or _given(
        environment, "CI_PROJECT_ID", "write the project's number"
    )
    return GitLab(api, project, number, f"{page}/-/merge_requests/{number}")


def _given(environment: Mapping[str, str], name: str, mend: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise InputError("is not set", where=name, mend=mend)
    return value
