"""`trimtab render`: what a Composition with our steps gives, without a cluster."""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from trimtab.cli.output import info, print_json
from trimtab.cli.parameters import argument, option
from trimtab.errors import InputError

if TYPE_CHECKING:
    from trimtab.rendering import Engine, Rendered

Documents = list[dict[str, Any]]


class EngineChoice(StrEnum):
    """What runs the pipeline."""

    AUTO = "auto"
    LOCAL = "local"
    CROSSPLANE = "crossplane"


class RenderFormat(StrEnum):
    """How the result is printed."""

    YAML = "yaml"
    JSON = "json"


def render(
    xr: Annotated[Path, argument(help="The composite resource.", metavar="XR.yaml")],
    composition: Annotated[
        Path, argument(help="The Composition, in Pipeline mode.", metavar="COMPOSITION.yaml")
    ],
    plan: Annotated[
        Path | None,
        option(help="CapacityPlan to give; one without a namespace is taken for the XR's."),
    ] = None,
    approvals: Annotated[Path | None, option(help="CommitmentApprovals to give, likewise.")] = None,
    required: Annotated[
        list[Path] | None,
        option(help="Other objects that functions may require; repeatable."),
    ] = None,
    observed: Annotated[
        list[Path] | None,
        option(
            help="Composed resources that exist, annotated "
            "crossplane.io/composition-resource-name; repeatable."
        ),
    ] = None,
    xrd: Annotated[
        Path | None, option(help="The XRD, for the XR's defaults.", show_default=False)
    ] = None,
    functions: Annotated[
        Path | None,
        option(help="Function objects of the other steps, as `crossplane render` has them."),
    ] = None,
    as_of: Annotated[
        str | None,
        option(
            "--as-of",
            metavar="INSTANT",
            help="Instant that our functions take for the present; default: now.",
        ),
    ] = None,
    engine: Annotated[
        EngineChoice,
        option(
            help="local: our steps, here in this process; crossplane: the whole pipeline by "
            "Crossplane's command line; auto: Crossplane's where it is found and every other step's "
            "function is given."
        ),
    ] = EngineChoice.AUTO,
    output: Annotated[
        RenderFormat, option("--format", help="How to print the result.")
    ] = RenderFormat.YAML,
) -> None:
    """Show what a Composition with our steps gives, without a cluster.

    Prints the XR with its status and conditions, the composed resources, and the functions' results.
    What functions require is asked for as Crossplane does, again and again until it stays the same.
    Nothing is provisioned.

    \b
    Examples:
      trimtab render xr.yaml composition.yaml --plan plan.yaml
      trimtab render xr.yaml composition.yaml --plan plan.yaml --as-of 2026-12-01T00:00:00Z
      trimtab render xr.yaml composition.yaml --engine crossplane --functions functions.yaml
    """
    from trimtab.rendering import RenderRequest

    composite = _one(xr)
    namespace = composite.get("metadata", {}).get("namespace")
    kinds = (("CapacityPlan", plan), ("CommitmentApproval", approvals))
    given = [
        _placed(each, namespace) for kind, path in kinds if path for each in _of_kind(kind, path)
    ]
    request = RenderRequest(
        xr=composite,
        composition=_one(composition),
        xrd=_one(xrd) if xrd else None,
        observed=[each for path in observed or [] for each in _read(path)],
        required=[*given, *(each for path in required or [] for each in _read(path))],
        functions=_read(functions) if functions else [],
        as_of=instant_of(as_of) if as_of else datetime.now(UTC),
    )
    result = _engine(engine)(request)
    info(f"rendered by {result.engine}")
    for each in result.skipped:
        info(
            f"skipped step {each.step}: {each.function} is not ours; "
            "--engine crossplane runs it, given --functions"
        )
    _print(result, output)


def _engine(choice: EngineChoice) -> "Engine":
    from trimtab.cli.engines import installed, load
    from trimtab.rendering import ENGINE_GROUP

    engine: Engine = load(installed(ENGINE_GROUP, "composition function")[choice.value])
    return engine


def _one(path: Path) -> dict[str, Any]:
    documents = _read(path)
    if len(documents) != 1:
        raise InputError(f"holds {len(documents)} objects", where=str(path), mend="give one")
    return documents[0]


def _of_kind(kind: str, path: Path) -> Documents:
    """What a file holds; another kind would be given, and never asked for."""
    documents = _read(path)
    for each in documents:
        found = each.get("kind")
        # A plan's file may be a list, as a cluster gives it out.
        if found not in (kind, f"{kind}List", "List"):
            raise InputError(
                f"is a {found or 'document without a kind'}, no {kind}",
                where=str(path),
                mend=f"give one with kind {kind}, and other objects by --required",
            )
    return documents


def _read(path: Path) -> Documents:
    from trimtab.documents import parse_documents
    from trimtab.files import read_text

    return [_plain(each.value) for each in parse_documents(read_text(path), str(path))]


def _plain(value: Any) -> Any:
    """YAML's data as JSON has it: Kubernetes reads an unquoted instant as text."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        from trimtab.clock import format_instant

        return format_instant(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _placed(document: dict[str, Any], namespace: str | None) -> dict[str, Any]:
    """A plan as it stands in the cluster: where the XR is, unless it says where."""
    metadata = document.get("metadata")
    if namespace is None or not isinstance(metadata, dict) or metadata.get("namespace"):
        return document
    return {**document, "metadata": {**metadata, "namespace": namespace}}


def instant_of(text: str) -> datetime:
    """The value of --as-of."""
    from trimtab.clock import parse_instant

    try:
        return parse_instant(text)
    except ValueError:
        raise InputError(
            f"{text!r} is no ISO 8601 instant",
            where="--as-of",
            mend="write it as 2026-12-01T00:00:00Z",
        ) from None


def _print(result: "Rendered", output: RenderFormat) -> None:
    if output is RenderFormat.JSON:
        print_json(
            {
                "engine": result.engine,
                "xr": result.xr,
                "composed": list(result.composed),
                "results": list(result.results),
                "skipped": [{"step": e.step, "function": e.function} for e in result.skipped],
            }
        )
        return
    import yaml

    documents = [result.xr, *result.composed, *result.results]
    yaml.safe_dump_all(
        documents, sys.stdout, explicit_start=True, sort_keys=False, allow_unicode=True
    )
