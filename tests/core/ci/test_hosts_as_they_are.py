"""What happens to comments between two runs, and what stands between a run and its host."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from support.code_host import BOT, CodeHost, code_host
from trimtab.ci.hosts import Host, from_a_fork, host_of, publish
from trimtab.cli.main import main
from trimtab.errors import EngineError

BODY = "<!-- trimtab:diff:prod -->\n**+$12.00 a month**\n"
NEWER = BODY.replace("12", "13")


@pytest.fixture
def server() -> Iterator[CodeHost]:
    with code_host() as host:
        yield host


@pytest.fixture(params=["github", "gitlab"])
def environment(request: pytest.FixtureRequest, server: CodeHost) -> dict[str, str]:
    return cast("dict[str, str]", getattr(server, request.param)())


def given(environment: dict[str, str]) -> Host:
    host = host_of(environment)
    assert host is not None
    return host


def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: dict[str, str]) -> int:
    """Run the command in that environment; its exit status."""
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "GITHUB_EVENT_PATH", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "comment.md").write_text(BODY)
    return main(["comment", str(tmp_path / "comment.md")])


def event(tmp_path: Path, **told: object) -> dict[str, str]:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(told))
    return {"GITHUB_EVENT_PATH": str(path)}


# Between two runs.


def test_a_deleted_comment_is_written_again(server: CodeHost, environment: dict[str, str]) -> None:
    publish(given(environment), BODY)
    server.comments.clear()
    _, there = publish(given(environment), NEWER)
    assert not there
    assert list(server.comments.values()) == [NEWER]


def test_a_comment_deleted_while_it_is_updated_is_written_again(
    server: CodeHost, environment: dict[str, str]
) -> None:
    server.comments, server.deleted = {5: BODY}, {5}
    _, there = publish(given(environment), NEWER)
    assert not there
    assert server.comments == {5: BODY, 6: NEWER}


def test_the_oldest_of_two_is_kept_up(server: CodeHost, environment: dict[str, str]) -> None:
    server.comments = {5: BODY, 6: BODY}
    publish(given(environment), NEWER)
    assert server.comments == {5: NEWER, 6: BODY}


def test_what_another_account_wrote_under_our_marker_stays_its_own(
    server: CodeHost, environment: dict[str, str]
) -> None:
    # A stranger who has the marker first could write the figures anew once they are ours.
    server.comments, server.authors = {5: BODY, 6: BODY}, {5: "stranger", 6: "other[bot]"}
    publish(given(environment), NEWER)
    assert server.comments == {5: BODY, 6: BODY, 7: NEWER}
    assert not [call for call in server.calls if call[0] in {"PATCH", "PUT"}]


def test_a_token_that_may_not_ask_who_it_is_updates_what_a_bot_wrote(server: CodeHost) -> None:
    server.nameless = True
    server.comments, server.authors = {5: BODY, 6: BODY}, {5: "stranger", 6: BOT}
    publish(given(server.github()), NEWER)
    assert server.comments == {5: BODY, 6: NEWER}


def test_a_note_that_gitlab_keeps_from_us_is_passed_over(server: CodeHost) -> None:
    server.nameless = True
    server.comments, server.authors = {5: BODY, 6: BODY}, {5: "other[bot]"}
    publish(given(server.gitlab()), NEWER)
    assert server.comments == {5: BODY, 6: NEWER}
    assert [path for method, path in server.calls if method == "PUT"] == [
        f"/projects/99/merge_requests/7/notes/{number}" for number in (5, 6)
    ]


def test_a_locked_conversation_says_so_and_leaves_the_summary(
    server: CodeHost,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.locked = True
    summary = tmp_path / "summary.md"
    where = {**server.github(), "GITHUB_STEP_SUMMARY": str(summary)}
    assert asked(monkeypatch, tmp_path, where) == 5
    told = capsys.readouterr().err
    assert "issue is locked" in told
    assert "unlock the conversation" in told
    assert summary.read_text() == f"{BODY}\n"


# Forks.


def test_a_forks_run_leaves_the_summary_and_succeeds(
    server: CodeHost,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.readonly, server.nameless = True, True
    summary = tmp_path / "summary.md"
    head = {"repo": {"full_name": "somebody/infra"}}
    where = {
        **server.github(),
        **event(tmp_path, pull_request={"number": 7, "head": head}),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    assert asked(monkeypatch, tmp_path, where) == 0
    assert "a fork's token may only read" in capsys.readouterr().err
    assert summary.read_text() == f"{BODY}\n"
    assert not server.comments
    # The repository's own pull request with such a token lacks a permission, and says so.
    head["repo"]["full_name"] = "acme/infra"
    where |= event(tmp_path, pull_request={"number": 7, "head": head})
    assert asked(monkeypatch, tmp_path, where) == 5
    assert "permissions: pull-requests: write" in capsys.readouterr().err


def test_a_gitlab_forks_pipeline_without_a_token_succeeds(
    server: CodeHost,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    where = {
        **server.gitlab(),
        "CI_MERGE_REQUEST_PROJECT_ID": "99",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1234",
        "GITLAB_TOKEN": "",
    }
    assert asked(monkeypatch, tmp_path, where) == 0
    assert "forks have no GITLAB_TOKEN" in capsys.readouterr().err
    where["CI_MERGE_REQUEST_SOURCE_PROJECT_ID"] = "99"
    assert asked(monkeypatch, tmp_path, where) == 2
    assert "GITLAB_TOKEN: is not set" in capsys.readouterr().err


def test_a_forks_note_goes_to_the_project_of_the_merge_request(server: CodeHost) -> None:
    where = {
        **server.gitlab(),
        "CI_PROJECT_ID": "1234",
        "CI_PROJECT_URL": f"{server.url}/somebody/infra",
        "CI_MERGE_REQUEST_PROJECT_ID": "99",
        "CI_MERGE_REQUEST_PROJECT_URL": f"{server.url}/acme/infra",
    }
    address, _ = publish(given(where), BODY)
    assert address == f"{server.url}/acme/infra/-/merge_requests/7#note_101"


def test_whose_token_may_only_read(tmp_path: Path) -> None:
    own = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/infra"}
    assert not from_a_fork(own)
    assert from_a_fork({**own, "GITHUB_ACTOR": "dependabot[bot]"})
    for repo, fork in (({"full_name": "Acme/Infra"}, False), (None, True)):
        told = event(tmp_path, pull_request={"number": 7, "head": {"repo": repo}})
        assert from_a_fork({**own, **told}) is fork
    assert not from_a_fork({**own, **event(tmp_path, ref="refs/heads/main")})


def test_a_comment_on_a_pull_request_says_which_it_is(tmp_path: Path, server: CodeHost) -> None:
    where = {**server.github(), "GITHUB_REF": "refs/heads/main"}
    told = event(tmp_path, issue={"number": 7, "pull_request": {"url": "…"}}, comment={})
    publish(given({**where, **told}), BODY)
    assert list(server.comments.values()) == [BODY]
    assert host_of({**where, **event(tmp_path, issue={"number": 7})}) is None


# Between a run and its host.


def test_an_enterprise_servers_address_has_a_path(server: CodeHost) -> None:
    publish(given({**server.github(), "GITHUB_API_URL": f"{server.url}/api/v3/"}), BODY)
    publish(given({**server.gitlab(), "CI_API_V4_URL": f"{server.url}/api/v4"}), NEWER)
    assert list(server.comments.values()) == [NEWER]


def test_a_proxy_of_the_environment_is_used(
    server: CodeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trimtab.ci import api

    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", server.url)
    api._opener.cache_clear()
    try:
        where = {**server.github(), "GITHUB_API_URL": "http://github.acme.invalid/api/v3"}
        publish(given(where), BODY)
    finally:
        api._opener.cache_clear()
    assert set(server.hosts) == {"github.acme.invalid"}
    assert list(server.comments.values()) == [BODY]


def test_an_own_certificate_authority_is_trusted_where_gitlab_names_it(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(certificate)]
    subprocess.run([*command.split(), *names, "-keyout", str(key)], check=True, capture_output=True)
    with code_host((certificate, key)) as server:
        trusting = {**server.gitlab(), "CI_SERVER_TLS_CA_FILE": str(certificate)}
        publish(given(trusting), BODY)
        assert list(server.comments.values()) == [BODY]
        with pytest.raises(EngineError, match="CERTIFICATE_VERIFY_FAILED"):
            given(server.gitlab()).create(BODY)
    key.write_text("none")
    with pytest.raises(Exception, match=r"key\.pem: holds no certificates"):
        publish(given({**trusting, "CI_SERVER_TLS_CA_FILE": str(key)}), BODY)


def test_the_token_follows_no_redirection_and_no_page_to_another_host(
    server: CodeHost, environment: dict[str, str]
) -> None:
    with code_host() as other:
        server.moved = f"{other.url}/repositories/1/issues/7/comments?a=b"
        message = r"answered 301 \(to .*/comments\); name the repository .* as they are called now"
        with pytest.raises(EngineError, match=message):
            publish(given(environment), BODY)
        server.moved, server.next_page = "", other.url
        server.comments = dict.fromkeys(range(1, 6), "words")
        with pytest.raises(EngineError, match="next page is on another host"):
            publish(given(environment), BODY)
        assert not other.calls


@pytest.mark.parametrize("answer", [b'{"a": 1}', b"[1]", b"null", b'"text"'])
def test_what_is_no_list_of_comments_is_one_error(
    server: CodeHost, environment: dict[str, str], answer: bytes
) -> None:
    server.answers = [answer]
    with pytest.raises(EngineError, match="answered what the API does not"):
        publish(given(environment), BODY)


def test_a_login_page_in_between_is_one_error(
    server: CodeHost, environment: dict[str, str]
) -> None:
    server.answers = [b"<html>Sign in</html>"]
    with pytest.raises(EngineError, match=r"POST .* failed: .*; check the network"):
        given(environment).create(BODY)
