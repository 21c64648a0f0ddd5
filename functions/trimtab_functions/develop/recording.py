"""Calls of the function as files, for someone to make again: `trimtab replay`.

Where TRIMTAB_RECORD_DIR names a folder, each request is written there by its tag, with the answer
and the instant that it was given at. Nothing that is written is a secret: connection details and
credentials are left out, and the data of Kubernetes Secrets is masked wherever one stands in the
request. The files are bounded in number and size, the oldest removed first; and what goes wrong with
them is logged, for it may not cost a call.
"""

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from crossplane.function import response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf import json_format

from trimtab.clock import parse_instant
from trimtab.errors import InputError
from trimtab.files import read_text
from trimtab.rendering import Replayed
from trimtab_functions.capacity.compose import REFRESH, Clock
from trimtab_functions.dispatch import Composes, Functions

FOLDER_VARIABLE = "TRIMTAB_RECORD_DIR"
MOST_FILES = 200
MOST_BYTES = 64 * 1024 * 1024
"""Of all files together; a request takes at most some 8 MiB."""

MASK = "masked"
_FORMAT = "trimtab.dev/recorded-call/v1"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"  # a copy of the whole object
_NAME = re.compile(r"[^A-Za-z0-9._-]")


def recorded(make: Callable[[Clock], Composes], clock: Clock, log: Any) -> Composes:
    """The functions, recorded where the environment says so.

    Args:
        make: the functions, by the clock that they read.
        log: is told what went wrong with a recording.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    return Recorder(make, clock, Path(folder), log) if folder else make(clock)


class Recorder:
    """Functions whose calls are written to a folder."""

    def __init__(
        self, make: Callable[[Clock], Composes], clock: Clock, folder: Path, log: Any
    ) -> None:
        self._clock, self._folder, self._log = clock, folder, log
        self._instant: datetime | None = None
        self._functions = make(self._now)

    def compose(self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> None:
        """Write the answer, and then both to a file."""
        self._instant = None
        self._functions.compose(req, rsp)
        try:
            self._write(req, rsp, self._now())
        except Exception as error:  # noqa: BLE001 - a full disk may not cost a call
            self._log.warning("a call was not recorded", tag=req.meta.tag, error=str(error))

    def _now(self) -> datetime:
        """One instant for the whole call, so that it can be told."""
        if self._instant is None:
            self._instant = self._clock()
        return self._instant

    def _write(
        self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse, as_of: datetime
    ) -> None:
        document = {
            "format": _FORMAT,
            "asOf": as_of.isoformat(),
            "request": _data(req),
            "response": _data(rsp),
        }
        content = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = _NAME.sub("_", req.meta.tag)[:100] or "untagged"
        handle, partial = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".partial")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            Path(partial).replace(self._folder / f"{name}.json")
        except BaseException:
            with contextlib.suppress(OSError):
                Path(partial).unlink()
            raise
        self._remove_oldest()

    def _remove_oldest(self) -> None:
        files = []
        for path in self._folder.glob("*.json"):
            with contextlib.suppress(FileNotFoundError):  # another replica's share of the folder
                status = path.stat()
                files.append((status.st_mtime_ns, status.st_size, path))
        files.sort()
        size = sum(each[1] for each in files)
        while len(files) > MOST_FILES or (len(files) > 1 and size > MOST_BYTES):
            _, gone, path = files.pop(0)
            path.unlink(missing_ok=True)
            size -= gone


def _data(message: fnv1.RunFunctionRequest | fnv1.RunFunctionResponse) -> dict[str, Any]:
    """A message as JSON's data, without its secrets."""
    told = type(message)()
    told.CopyFrom(message)
    states = [told.desired]
    if isinstance(told, fnv1.RunFunctionRequest):
        told.ClearField("credentials")
        states.append(told.observed)
        for each in (*told.required_resources.values(), *told.extra_resources.values()):
            for item in each.items:
                item.ClearField("connection_details")
    for state in states:
        for resource in (state.composite, *state.resources.values()):
            resource.ClearField("connection_details")
    data = json_format.MessageToDict(told, preserving_proto_field_name=True)
    return {key: _masked(value) for key, value in data.items()}


def _masked(data: Any) -> Any:
    """Data with that of every Kubernetes Secret in it masked."""
    if isinstance(data, list):
        return [_masked(each) for each in data]
    if not isinstance(data, dict):
        return data
    secret = data.get("kind") == "Secret"
    told: dict[str, Any] = {}
    for key, value in data.items():
        if key == _LAST_APPLIED:
            told[key] = MASK
        elif secret and key in ("data", "stringData") and isinstance(value, dict):
            told[key] = dict.fromkeys(value, MASK)
        else:
            told[key] = _masked(value)
    return told


def replay(path: Path, as_of: datetime | None) -> Replayed:
    """Make a recorded call again.

    Args:
        as_of: the instant to take for the present; None for the recorded one.

    Raises:
        InputError: the file holds no recorded call.
    """
    try:
        document = json.loads(read_text(path))
        told, recorded_at = document["format"], parse_instant(document["asOf"])
        asked = json_format.ParseDict(document["request"], fnv1.RunFunctionRequest())
        answered = json_format.ParseDict(document["response"], fnv1.RunFunctionResponse())
    except (ValueError, KeyError, TypeError, AttributeError, json_format.ParseError) as error:
        reason = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise _no_recording(path, reason) from None
    if told != _FORMAT:
        raise _no_recording(path, f"its format is {told}")
    instant = as_of or recorded_at
    answer = response.to(asked, REFRESH)
    Functions(lambda: instant).compose(asked, answer)
    return Replayed(_data(answer), _data(answered), instant)


def _no_recording(path: Path, reason: str) -> InputError:
    mend = f"give a file from the folder that {FOLDER_VARIABLE} names"
    return InputError(f"is no recorded call ({reason})", where=str(path), mend=mend)
