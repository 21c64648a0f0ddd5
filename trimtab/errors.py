"""The errors that a user can mend, and the exit code of each.

Every one says where (a file and line, a field, an option), what is wrong, and how to mend it; the
command line prints it as one line and never a traceback. Anything else that escapes is a defect.
"""

from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """What the `trimtab` command's exit status means; `trimtab --help` prints these lines."""

    OK = 0
    DEFECT = 1  # an error of Trimtab's own; please report it
    BAD_INPUT = 2  # an option, a file or a field is wrong; nothing was written
    INFEASIBLE = 3  # the inputs are sound, but nothing on offer can serve them
    STALE_PLAN = 4  # the plan has expired, or is for another pool or cluster
    ENGINE = 5  # an engine (Pulumi, a port, a library extra) is missing or failed
    BUDGET = 6  # `diff`: a budget is exceeded, and the change adds to it
    POLICY = 7  # `diff`: the change breaks a rule
    UNPRICED = 8  # `diff`: more has no price than the user lets pass


EXIT_CODE_HELP: dict[ExitCode, str] = {
    ExitCode.OK: "done",
    ExitCode.DEFECT: "a defect in trimtab itself: please report it",
    ExitCode.BAD_INPUT: "an option, a file or a field is wrong; nothing was written",
    ExitCode.INFEASIBLE: "the inputs are sound, but nothing on offer can serve them",
    ExitCode.STALE_PLAN: "the plan has expired, or is for another pool or cluster",
    ExitCode.ENGINE: "an engine or an optional library is missing, or failed",
    ExitCode.BUDGET: "diff: a budget is exceeded, and the change adds to it",
    ExitCode.POLICY: "diff: the change breaks a rule that --fail-on names",
    ExitCode.UNPRICED: "diff: more has no price than --max-unpriced lets pass",
}


class TrimtabError(Exception):
    """An error with a place and a mend.

    Args:
        message: what is wrong, without a full stop.
        where: the file (with line), field or option at fault; None when the message says it.
        mend: what to do, in the imperative; None when the message implies it.
    """

    exit_code = ExitCode.BAD_INPUT

    def __init__(self, message: str, *, where: str | None = None, mend: str | None = None) -> None:
        self.message, self.where, self.mend = message, where, mend
        place = f"{where}: " if where else ""
        cure = f"; {mend}" if mend else ""
        super().__init__(f"{place}{message}{cure}")

    def bare(self) -> Self:
        """The same error as it was made, to be kept or raised again.

        One that was raised keeps its frames, and those every local variable.
        """
        return type(self)(self.message, where=self.where, mend=self.mend)


class InputError(TrimtabError):
    """A file, field or option is malformed, contradictory or absurd."""


class InfeasibleError(TrimtabError):
    """Sound inputs that no offer, region or purchase option can satisfy."""

    exit_code = ExitCode.INFEASIBLE


class StalePlanError(TrimtabError):
    """A plan past its validity, or one that does not speak of what was asked."""

    exit_code = ExitCode.STALE_PLAN


class EngineError(TrimtabError):
    """An engine or an optional library is missing or failed."""

    exit_code = ExitCode.ENGINE


def allowed(values: "list[str] | tuple[str, ...] | set[str]", limit: int = 12) -> str:
    """The allowed values as an error names them: sorted, the long tail counted."""
    ordered = sorted(values)
    shown = ", ".join(ordered[:limit])
    rest = len(ordered) - limit
    return f"{shown} and {rest} more" if rest > 0 else shown
