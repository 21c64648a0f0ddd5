"""`trimtab schema`: what a plan and the files that it is made from must look like."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trimtab.cli.output import info
from trimtab.errors import InputError


class Kind(StrEnum):
    """A document that Trimtab reads or writes."""

    CAPACITYPLAN = "capacityplan"
    WORKLOAD = "workload"
    DEMANDEVENTS = "demandevents"
    CAPACITYINVENTORY = "capacityinventory"
    COMMITMENTAPPROVAL = "commitmentapproval"
    PLANNINGLIMITS = "planninglimits"


class Form(StrEnum):
    """How a schema is written."""

    JSON_SCHEMA = "json-schema"
    CRD = "crd"


def schema(
    kind: Annotated[Kind, typer.Argument(help="The document.")],
    form: Annotated[
        Form,
        typer.Option("--as", help="For editors and CI, or for a cluster (capacityplan only)."),
    ] = Form.JSON_SCHEMA,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where to write it; - is stdout.")
    ] = Path("-"),
) -> None:
    """Print the schema of a document, generated from the model that Trimtab itself validates with.

    \b
    Examples:
      trimtab schema capacityplan --out capacityplan.schema.json
      trimtab schema capacityplan --as crd | kubectl apply -f -
      trimtab schema workload
      trimtab schema capacityinventory
    """
    text = _text(kind, form)
    if str(out) == "-":
        sys.stdout.write(text)
        return
    from trimtab.files import write_atomic

    write_atomic(out, text)
    info(f"wrote {out}")


def _text(kind: Kind, form: Form) -> str:
    if kind is Kind.CAPACITYPLAN:
        from trimtab.plan.schema import dump_crd, dump_json_schema

        return dump_crd() if form is Form.CRD else dump_json_schema()
    if form is Form.CRD:
        raise InputError(
            f"{'a workload' if kind is Kind.WORKLOAD else kind.value} is a file, no cluster resource",
            where="--as crd",
            mend="use --as json-schema, or ask for capacityplan",
        )
    if kind is Kind.WORKLOAD:
        from trimtab.workloads.schema import workload_schema as found
    elif kind is Kind.CAPACITYINVENTORY:
        from trimtab.inventory.document import inventory_schema as found
    elif kind is Kind.COMMITMENTAPPROVAL:
        from trimtab.inventory.approvals import approval_schema as found
    elif kind is Kind.PLANNINGLIMITS:
        from trimtab.limits.document import limits_schema as found
    else:
        from trimtab.demand.events_file import events_schema as found
    return json.dumps(found(), indent=2, ensure_ascii=False) + "\n"
