"""`trimtab promote`: an environment's plan handed to the next one, if it has proved itself."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

from trimtab.cli.output import info
from trimtab.cli.parameters import option
from trimtab.errors import InputError

_DIGEST_LENGTH = 12


def promote(
    source: Annotated[
        Path, option("--from", metavar="PLAN", help="The earlier environment's plan file.")
    ],
    target: Annotated[
        Path, option("--to", metavar="PLAN", help="The next environment's plan file.")
    ],
    running: Annotated[
        str,
        option(
            metavar="DIGEST|PATH",
            help="What the earlier environment carries out: a digest, or an object of its cluster as"
            " `kubectl get -o yaml` prints it (the plan, or what follows it).",
        ),
    ],
    at: Annotated[
        str, option(metavar="INSTANT", help="The present, such as 2026-11-23T12:00:00Z.")
    ],
    soak: Annotated[
        str,
        option(metavar="DURATION", help="How long it must have been in force there, such as 24h."),
    ] = "0h",
    largest_step: Annotated[
        float,
        option(min=0, help="Largest change of a pool's peak and of its limit, as a share of each."),
    ] = 0.5,
    approvals: Annotated[
        Path | None,
        option(
            metavar="PATH", help="CommitmentApprovals of the target's plan, a file or a folder."
        ),
    ] = None,
    pools_may_change: Annotated[
        bool, option("--pools-may-change", help="Let pools come and go.")
    ] = False,
    may_be_unapproved: Annotated[
        bool,
        option(
            "--may-be-unapproved",
            help="Let commitments wait for approvals; their nodes run at list price until then.",
        ),
    ] = False,
) -> None:
    """Hand an environment's plan to the next one, if it has proved itself there.

    The file is written whole or not at all, with annotations that say where the plan came from; commit
    it on a branch and open a pull request. No number changes, so the digest stays.

    \b
    Examples:
      trimtab promote --from staging/plan.yaml --to prod/plan.yaml --running 3f2a9c01b4de --at 2026-11-23T12:00:00Z
      kubectl get nodegroupset ml -o yaml > running.yaml
      trimtab promote --from staging/plan.yaml --to prod/plan.yaml --running running.yaml --soak 24h --at 2026-11-23T12:00:00Z
    """
    from trimtab.inventory.approvals import load_approvals
    from trimtab.plan import promotion
    from trimtab.plan.document import load_plan, save_plan

    if source.resolve() == target.resolve():
        raise InputError("--from and --to name the same file", mend="name two environments' plans")
    gate = promotion.Gate(
        at=_instant(at),
        running=_running(running),
        soak=_duration(soak),
        largest_step=largest_step,
        approvals=load_approvals(approvals).each if approvals else (),
        pools_may_change=pools_may_change,
        may_be_unapproved=may_be_unapproved,
    )
    plan = load_plan(source)
    before = load_plan(target) if target.exists() else None
    found = promotion.promote(plan, before, gate, source.as_posix(), target.as_posix())
    if not found.changed:
        info(f"{target} has the plan {plan.digest} already")
        return
    save_plan(found.plan, target)
    if before is None:
        info(f"{target} had no plan: its site and its steps were not compared")
    for step in found.steps:
        if step.before != step.after:
            info(f"pool {step.pool}: {step.what} {step.before} -> {step.after} nodes")
    info(f"{target} has the plan {plan.digest} of {source}")


def _running(text: str) -> str:
    """The digest that is meant: itself, or what a cluster's object says."""
    if len(text) == _DIGEST_LENGTH and set(text) <= set("0123456789abcdef"):
        return text
    from trimtab.files import read_text
    from trimtab.plan.promotion import carried_out
    from trimtab.plan.text import parse_text

    document = parse_text(read_text(Path(text)), text)
    return carried_out(document, text)


def _instant(text: str) -> datetime:
    from trimtab.clock import parse_instant

    try:
        return parse_instant(text)
    except ValueError:
        raise InputError(
            f"{text!r} is no ISO 8601 instant",
            where="--at",
            mend="write it as 2026-12-01T00:00:00Z",
        ) from None


def _duration(text: str) -> timedelta:
    from trimtab.clock import DURATION_MEND, parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise InputError(str(error), where="--soak", mend=DURATION_MEND) from None
