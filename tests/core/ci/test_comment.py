"""A diff's comment on its pull request, over real HTTP."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from support.code_host import CodeHost, code_host
from trimtab.ci.api import TRIES
from trimtab.ci.hosts import GitHub, GitLab, Host, host_of, publish
from trimtab.cli.main import main
from trimtab.errors import EngineError, InputError

BODY = "<!-- trimtab:diff:prod -->\n**+$12.00 a month**\n"
OTHER = "<!-- trimtab:diff:dev -->\n**-$3.00 a month**\n"


@pytest.fixture
def server() -> Iterator[CodeHost]:
    with code_host() as host:
        yield host


@pytest.fixture(params=["github", "gitlab"])
def environment(request: pytest.FixtureRequest, server: CodeHost) -> dict[str, str]:
    return cast("dict[str, str]", getattr(server, request.param)())


def waiting(environment: Mapping[str, str], waits: list[float]) -> Host:
    """The environment's host, which notes how long it would wait."""
    host = cast("Any", host_of(environment))
    return cast("Host", replace(host, api=replace(host.api, sleep=waits.append)))


def test_the_second_run_updates_the_firsts_comment(
    server: CodeHost, environment: dict[str, str]
) -> None:
    server.comments = {i: f"{i}: a person's words" for i in range(1, 6)}
    host = host_of(environment)
    assert host is not None
    address, there = publish(host, BODY)
    assert not there
    assert address.startswith(f"{server.url}/acme/infra/")
    again, there = publish(host, BODY.replace("12", "13"))
    assert there
    assert again == address
    assert len(server.comments) == 6
    assert "$13.00" in server.comments[6]


def test_comments_of_other_names_are_left_alone(
    server: CodeHost, environment: dict[str, str]
) -> None:
    quoted = f"Look at this:\n{BODY}"
    server.comments = {1: OTHER, 2: quoted}
    host = host_of(environment)
    assert host is not None
    publish(host, BODY)
    assert server.comments == {1: OTHER, 2: quoted, 3: BODY}


def test_a_busy_host_is_asked_again_after_as_long_as_it_says(
    server: CodeHost, environment: dict[str, str]
) -> None:
    waits: list[float] = []
    server.failures = [429, 503]
    publish(waiting(environment, waits), BODY)
    assert waits == [3.0, 2.0]
    assert list(server.comments.values()) == [BODY]


def test_a_comment_is_not_written_twice_for_an_answer_that_failed(
    server: CodeHost, environment: dict[str, str]
) -> None:
    host = waiting(environment, [])
    server.failures = [502]
    with pytest.raises(EngineError, match=r"POST .* answered 502 \(failure 502\)"):
        host.create(BODY)
    assert [method for method, _ in server.calls].count("POST") == 1


def test_an_outage_ends_in_one_error(server: CodeHost, environment: dict[str, str]) -> None:
    server.failures = [503] * TRIES
    with pytest.raises(EngineError, match="answered 503"):
        publish(waiting(environment, []), BODY)


def test_a_wrong_token_says_what_to_give(server: CodeHost, environment: dict[str, str]) -> None:
    name = "GITHUB_TOKEN" if "GITHUB_TOKEN" in environment else "GITLAB_TOKEN"
    host = host_of({**environment, name: "wrong"})
    assert host is not None
    with pytest.raises(EngineError, match=f"401 .Bad credentials.; give .*{name}") as caught:
        publish(host, BODY)
    assert "wrong" not in repr(caught.value)
    assert "wrong" not in repr(host)


def test_no_host_and_no_pull_request_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither GitHub Actions nor GitLab CI"):
        host_of({})
    assert host_of({"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main"}) is None
    assert host_of({"GITLAB_CI": "true"}) is None
    with pytest.raises(InputError, match=r"GITHUB_TOKEN: is not set; .*github\.token"):
        host_of({"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/pull/7/merge"})


def test_the_event_says_which_pull_request_it_is(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 31}}))
    given = {"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "a/b"}
    found = host_of({**given, "GITHUB_EVENT_PATH": str(event)})
    assert isinstance(found, GitHub)
    assert found.number == 31
    event.write_text("no JSON")
    assert host_of({**given, "GITHUB_EVENT_PATH": str(event)}) is None
    lab = host_of({"GITLAB_CI": "true", "GITLAB_TOKEN": "t", "CI_PROJECT_ID": "1"}, 5)
    assert isinstance(lab, GitLab)
    assert lab.number == 5


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("Hello", "does not begin with a marker"),
        (f"{BODY}{'x' * 70_000}", "the host takes 65,536; write it with --comment-limit 65536"),
    ],
)
def test_what_is_no_comment_is_refused(server: CodeHost, body: str, message: str) -> None:
    host = host_of(server.github())
    assert host is not None
    with pytest.raises(InputError, match=message):
        publish(host, body)


def test_the_command_writes_updates_and_summarises(
    server: CodeHost,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, summary = tmp_path / "comment.md", tmp_path / "summary.md"
    file.write_text(BODY)
    for name, value in {**server.github(), "GITHUB_STEP_SUMMARY": str(summary)}.items():
        monkeypatch.setenv(name, value)
    assert main(["comment", str(file)]) == 0
    assert main(["comment", str(file)]) == 0
    assert "updated http" in capsys.readouterr().err
    assert list(server.comments.values()) == [BODY]
    assert summary.read_text() == f"{BODY}\n" * 2
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
    assert main(["comment", str(file)]) == 0
    assert "of no pull request" in capsys.readouterr().err
    file.write_text("no marker")
    assert main(["comment", str(file)]) == 2
    assert str(file) in capsys.readouterr().err
