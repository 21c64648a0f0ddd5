"""The CommitmentApprovals that arrived: which of them may be acted on now.

Pure. One that can't be read is told and approves nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from trimtab.errors import InputError
from trimtab.inventory.approvals import API_VERSION as APPROVAL_API_VERSION
from trimtab.inventory.approvals import KIND as APPROVAL_KIND
from trimtab.inventory.approvals import parse_approval
from trimtab.inventory.model import Approval
from trimtab_functions.capacity.plans import Arrived
from trimtab_functions.memo import Memo

__all__ = ["APPROVAL_API_VERSION", "APPROVAL_KIND", "ApprovalReader", "Approvals"]

MEMO_APPROVALS, MEMO_BYTES = 2048, 4_000_000


@dataclass(frozen=True)
class Approvals:
    """What has been approved.

    Attributes:
        current: those that may be acted on now, by name.
        invalid: what is wrong with the others that arrived.
        changes_at: when that changes by itself; None: never.
    """

    current: tuple[Approval, ...] = ()
    invalid: tuple[str, ...] = ()
    changes_at: datetime | None = None


class ApprovalReader:
    """Turns arrived approvals into what may be acted on."""

    def __init__(self) -> None:
        self._memo: Memo[Approval | InputError] = Memo(MEMO_APPROVALS, MEMO_BYTES)

    def read(self, namespace: str, arrived: Iterable[Arrived], instant: datetime) -> Approvals:
        """What has been approved at an instant."""
        current, invalid, changes = [], [], []
        for each in sorted(arrived, key=lambda each: each.name):
            where = f"CommitmentApproval {namespace}/{each.name}"
            found = self._memo.get(
                (where, each.content), len(each.content), partial(_parse, each, where)
            )
            if isinstance(found, InputError):
                invalid.append(str(found))
                continue
            if found.approved_at <= instant < found.expires:
                current.append(found)
            changes += [each for each in (found.approved_at, found.expires) if each > instant]
        return Approvals(tuple(current), tuple(invalid), min(changes, default=None))


def _parse(arrived: Arrived, where: str) -> Approval | InputError:
    try:
        return parse_approval(arrived.read(), where)
    except InputError as error:
        return error.bare()
