"""Whole answers, kept for requests that come again: a steady XR's, once a minute for ever.

A request is known by its tag, which Crossplane makes by SHA-256 of the whole request but for the
resources that it then fetches as required (run_function.proto: "Requests with identical tags will be
otherwise identical"; v2.2.0, composition_functions.go, Tag), and by the versions of those. An answer
holds until the next window begins or something expires; its time to live is reckoned anew.

It is kept from the second time on, compressed: what comes once, as after an autoscaler's every move,
costs nothing.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from trimtab_functions.capacity import responses
from trimtab_functions.capacity.requests import content_of, status_schema, version_of
from trimtab_functions.memo import Memo

MEMO_ANSWERS, MEMO_BYTES = 8192, 24_000_000
"""Of answers, and of their compressed bytes."""

MEMO_SEEN = 16_384
"""Of requests that came once; a hundred bytes each."""

_TAG = re.compile(r"[0-9a-f]{64}")
_FAST = 1  # of zlib's levels; an answer shrinks to a tenth

Key = tuple[str, tuple[bytes, ...]]


@dataclass(frozen=True)
class _Kept:
    """An answer, and from when to when it holds; `until` is None where it holds for good."""

    content: bytes
    since: datetime
    until: datetime | None
    refresh: timedelta

    def holds(self, instant: datetime) -> bool:
        return self.since <= instant and (self.until is None or instant < self.until)


class Answers:
    """Keeps answers."""

    def __init__(self) -> None:
        self.memo: Memo[_Kept] = Memo(MEMO_ANSWERS, MEMO_BYTES)
        self._seen: Memo[bool] = Memo(MEMO_SEEN, MEMO_SEEN)

    def find(self, key: Key, instant: datetime, rsp: fnv1.RunFunctionResponse) -> bool:
        """Write the answer that is kept for a request; whether there is one that holds."""
        kept = self.memo.find(key)
        if kept is None or not kept.holds(instant):
            return False
        rsp.ParseFromString(zlib.decompress(kept.content))
        responses.write_time_to_live(rsp, instant, kept.refresh, (kept.until,))
        return True

    def keep(
        self,
        key: Key,
        rsp: fnv1.RunFunctionResponse,
        instant: datetime,
        refresh: timedelta,
        moments: Sequence[datetime | None],
    ) -> None:
        """Keep an answer, unless its request has come for the first time.

        Args:
            moments: when something changes by itself; those that are past change nothing more.
        """
        digest = hash(key)
        if self._seen.find(digest) is None:
            self._seen.put(digest, 1, True)
            return
        until = min((each for each in moments if each is not None and each > instant), default=None)
        content = zlib.compress(rsp.SerializeToString(), _FAST)
        self.memo.put(key, len(content), _Kept(content, instant, until, refresh))


def key_of(req: fnv1.RunFunctionRequest) -> Key | None:
    """What a request is known by; None when its tag is none of Crossplane's."""
    tag = req.meta.tag
    if _TAG.fullmatch(tag) is None:
        return None
    required = []
    for name in sorted(req.required_resources):
        required.append(name.encode())
        structs = [item.resource for item in req.required_resources[name].items]
        required += [version_of(each) or content_of(each) for each in structs]
    schema = status_schema(req)
    if schema is not None:
        required += [b"schema", content_of(schema)]
    return tag, tuple(required)
