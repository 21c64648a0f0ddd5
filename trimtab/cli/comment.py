"""`trimtab comment`: a diff's comment on its pull request, updated in place."""

import os
from pathlib import Path
from typing import Annotated

from trimtab.cli.output import info
from trimtab.cli.parameters import argument, option
from trimtab.errors import InputError
from trimtab.files import read_text


def comment(
    file: Annotated[Path, argument(help="What `trimtab diff --out comment.md` wrote.")],
    number: Annotated[
        int | None,
        option(min=1, help="Pull request; default: the one that the CI run is of."),
    ] = None,
) -> None:
    """Write a diff's comment on its pull request, in place of the one before.

    Runs in GitHub Actions and GitLab CI, whose environment says which pull request it is: GITHUB_TOKEN
    needs `pull-requests: write`, GITLAB_TOKEN the scope `api`. In GitHub Actions it is added to the
    job's summary, too. Outside a pull request, and where a fork's token may only read, it does no more
    than that.

    \b
    Examples:
      trimtab diff preview.json --out comment.md && trimtab comment comment.md
      trimtab comment comment.md --number 42
    """
    from trimtab.ci.api import RefusedError
    from trimtab.ci.hosts import from_a_fork, host_of, marker_of, publish

    body = read_text(file)
    fork = from_a_fork(os.environ)
    try:
        marker_of(body)
        _summarise(body)
        host = host_of(os.environ, number)
        if host is None:
            info("this run is of no pull request: no comment is written")
            return
        address, there = publish(host, body)
    except RefusedError as error:
        if not (fork and error.status in {401, 403, 404}):
            raise
        info(f"no comment is written, for a fork's token may only read: {error.message}")
        return
    except InputError as error:
        if fork and error.where == "GITLAB_TOKEN":
            info("no comment is written: the pipelines of forks have no GITLAB_TOKEN")
            return
        if error.where is None:
            raise InputError(error.message, where=str(file), mend=error.mend) from None
        raise
    info(f"{'updated' if there else 'wrote'} {address}")


def _summarise(body: str) -> None:
    """Add the comment to the job's summary, where GitHub Actions keeps one."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as summary:
            summary.write(f"{body}\n")
