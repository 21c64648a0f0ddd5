"""What an engine is asked to render, and what it answers: a Composition's pipeline as plain data.

An engine is a function from `RenderRequest` to `Rendered`, found through the entry points of the
group `trimtab.render_engines`; a replayer is one from a recorded call's file to `Replayed`, of the
group `trimtab.replay_engines`. So the core shows what a composition function does without importing
gRPC or protobuf.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

ENGINE_GROUP = "trimtab.render_engines"
REPLAY_GROUP = "trimtab.replay_engines"

Document = Mapping[str, Any]


@dataclass(frozen=True)
class RenderRequest:
    """A Composition and what it is run on.

    Attributes:
        xr: the composite resource.
        composition: in Pipeline mode.
        xrd: where the XR's defaults come from, if anywhere.
        observed: composed resources that exist, annotated with their names in the pipeline.
        required: what the functions' requirements may be fulfilled from.
        functions: Function objects that say how functions of others run; for engines that run them.
        as_of: the instant that our functions take for the present.
    """

    xr: Document
    composition: Document
    xrd: Document | None
    observed: Sequence[Document]
    required: Sequence[Document]
    functions: Sequence[Document]
    as_of: datetime


@dataclass(frozen=True)
class Skipped:
    """A pipeline step that the engine could not run."""

    step: str
    function: str


@dataclass(frozen=True)
class Rendered:
    """What the pipeline gives.

    Attributes:
        xr: its identity, with the status and the conditions that the functions reported.
        composed: the desired resources, by their names in the pipeline.
        results: documents of kind Result, in order.
        skipped: steps that did not run.
        engine: what ran them, for people.
    """

    xr: Document
    composed: Sequence[Document]
    results: Sequence[Document]
    skipped: Sequence[Skipped]
    engine: str


Engine = Callable[[RenderRequest], Rendered]


@dataclass(frozen=True)
class Replayed:
    """A recorded call, made again.

    Attributes:
        answer, recorded: responses in protobuf's JSON; equal ones are equal documents.
        as_of: the instant that the function took for the present.
    """

    answer: Document
    recorded: Document
    as_of: datetime


Replayer = Callable[[Path, datetime | None], Replayed]
"""From a file and the instant to take for the present (None: the recorded call's)."""
