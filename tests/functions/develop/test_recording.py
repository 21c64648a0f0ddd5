"""Calls are recorded without their secrets, within bounds, and come out the same when made again."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from crossplane.function import response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from support.capacity_cases import FIRST, PLAN
from support.capacity_requests import request
from trimtab.errors import InputError
from trimtab_functions import structs
from trimtab_functions.capacity.compose import REFRESH
from trimtab_functions.develop import recording
from trimtab_functions.develop.recording import Recorder, recorded, replay
from trimtab_functions.dispatch import Functions

MAPPED = {**PLAN, "metadata": {"name": "example", "namespace": "team"}}


class Log:
    """What was warned of."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def warning(self, event: str, **fields: Any) -> None:
        self.told.append({"event": event, **fields})


def call(recorder: Any, tag: str = "abc", req: fnv1.RunFunctionRequest | None = None) -> Any:
    req = req if req is not None else request(MAPPED)
    req.meta.tag = tag
    rsp = response.to(req, REFRESH)
    recorder.compose(req, rsp)
    return rsp


def test_a_recorded_call_made_again_gives_the_recorded_answer(tmp_path: Path) -> None:
    given = call(Recorder(Functions, lambda: FIRST, tmp_path, Log()))
    assert given == call(Functions(lambda: FIRST))
    again = replay(tmp_path / "abc.json", None)
    assert again.answer == again.recorded
    assert again.as_of == FIRST
    reasons = {each["type"]: each["reason"] for each in again.answer["conditions"]}
    assert reasons["PlanUsable"] == "PlanFound"


def test_at_another_instant_the_answer_is_that_instants(tmp_path: Path) -> None:
    call(Recorder(Functions, lambda: FIRST, tmp_path, Log()))
    late = replay(tmp_path / "abc.json", FIRST + timedelta(days=3650))
    assert late.answer != late.recorded
    assert "PlanExpired" in [each["reason"] for each in late.answer["conditions"]]


def test_one_instant_holds_for_the_whole_call(tmp_path: Path) -> None:
    instants = iter(FIRST + timedelta(microseconds=each) for each in range(1000))
    recorder = Recorder(Functions, lambda: next(instants), tmp_path, Log())
    for tag in ("a", "b"):
        call(recorder, tag)
    recorded_at = [replay(tmp_path / f"{tag}.json", None).as_of for tag in ("a", "b")]
    assert recorded_at == [FIRST, FIRST + timedelta(microseconds=1)]


def test_no_secret_is_written(tmp_path: Path) -> None:
    req = request(MAPPED)
    req.meta.tag = "abc"
    req.observed.composite.connection_details["password"] = b"hunter2"
    req.observed.resources["a"].connection_details["password"] = b"hunter2"
    req.desired.resources["a"].connection_details["password"] = b"hunter2"
    req.credentials["aws"].credential_data.data["key"] = b"hunter2"
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"annotations": {recording._LAST_APPLIED: "hunter2"}, "name": "kept"},
        "data": {"password": "hunter2"},
        "stringData": {"other": "hunter2"},
    }
    wrapped = {"kind": "Object", "spec": {"forProvider": {"manifest": secret}}}
    req.observed.resources["a"].resource.CopyFrom(structs.from_data(secret))
    req.desired.resources["a"].resource.CopyFrom(structs.from_data(wrapped))
    item = req.required_resources["more"].items.add()
    item.resource.CopyFrom(structs.from_data(secret))
    item.connection_details["password"] = b"hunter2"
    req.context.CopyFrom(structs.from_data({"x": [secret]}))
    before = req.SerializeToString(deterministic=True)
    call(Recorder(Functions, lambda: FIRST, tmp_path, Log()), "abc", req)
    assert req.SerializeToString(deterministic=True) == before  # the call's own is untouched
    text = (tmp_path / "abc.json").read_text("utf-8")
    assert "hunter2" not in text
    assert "aHVudGVyMg" not in text  # nor in base 64
    observed = json.loads(text)["request"]["observed"]["resources"]["a"]["resource"]
    assert observed["data"] == {"password": "masked"}
    assert observed["metadata"]["name"] == "kept"
    assert (tmp_path / "abc.json").stat().st_mode & 0o777 == 0o600
    assert replay(tmp_path / "abc.json", None).recorded


def test_the_oldest_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MOST_FILES", 3)
    recorder = Recorder(Functions, lambda: FIRST, tmp_path, Log())
    for number in range(5):
        call(recorder, f"t{number}")
        os.utime(tmp_path / f"t{number}.json", (number, number))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["t2.json", "t3.json", "t4.json"]
    call(recorder, "t4")  # a call that is repeated takes no more room
    assert len(list(tmp_path.iterdir())) == 3
    monkeypatch.setattr(recording, "MOST_BYTES", 1)
    call(recorder, "t5")
    assert [each.name for each in tmp_path.iterdir()] == ["t5.json"]


@pytest.mark.parametrize("tag", ["", "../../etc/passwd", "a/b", "x" * 4000], ids=len)
def test_a_tag_is_no_path(tmp_path: Path, tag: str) -> None:
    folder = tmp_path / "recorded"
    call(Recorder(Functions, lambda: FIRST, folder, Log()), tag)
    assert [each.parent for each in tmp_path.rglob("*.json")] == [folder]


def test_what_cannot_be_written_costs_no_call(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    log = Log()
    given = call(Recorder(Functions, lambda: FIRST, tmp_path / "file", log))
    assert given == call(Functions(lambda: FIRST))
    (told,) = log.told
    assert (told["event"], told["tag"]) == ("a call was not recorded", "abc")


def test_nothing_is_recorded_unless_the_environment_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(recording.FOLDER_VARIABLE, raising=False)
    assert isinstance(recorded(Functions, lambda: FIRST, Log()), Functions)
    monkeypatch.setenv(recording.FOLDER_VARIABLE, str(tmp_path / "new"))
    call(recorded(Functions, lambda: FIRST, Log()))
    assert (tmp_path / "new" / "abc.json").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", r"is no recorded call \(format is missing\)"),
        ("no json", r"is no recorded call \("),
        ("[]", r"is no recorded call \("),
        (
            json.dumps({"format": "v0", "asOf": "2026-01-01", "request": {}, "response": {}}),
            r"its format is v0",
        ),
        (
            json.dumps({"format": "v0", "asOf": "2026-01-01", "request": {"x": 1}, "response": {}}),
            r"no field named",
        ),
    ],
    ids=["nothing in it", "no JSON", "a list", "another format", "another message"],
)
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=message):
        replay(path, datetime(2026, 1, 1, tzinfo=UTC))
