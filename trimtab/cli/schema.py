"""`trimtab schema`: what a plan, the files that it is made from and a cluster's objects must look like."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from trimtab.cli.output import info
from trimtab.cli.parameters import argument, option
from trimtab.errors import InputError


class Kind(StrEnum):
    """A document that Trimtab reads or writes."""

    CAPACITYPLAN = "capacityplan"
    WORKLOAD = "workload"
    DEMANDEVENTS = "demandevents"
    CAPACITYINVENTORY = "capacityinventory"
    COMMITMENTAPPROVAL = "commitmentapproval"
    PLANNINGLIMITS = "planninglimits"
    STORAGEDEMAND = "storagedemand"
    LIFECYCLERULES = "lifecyclerules"
    CAPACITYPOLICY = "capacitypolicy"
    DIFF = "diff"
    BUDGETS = "budgets"
    USAGE = "usage"


class Form(StrEnum):
    """How a schema is written."""

    JSON_SCHEMA = "json-schema"
    CRD = "crd"


def schema(
    kind: Annotated[Kind, argument(help="The document.")],
    form: Annotated[
        Form,
        option("--as", help="For editors and CI, or for a cluster."),
    ] = Form.JSON_SCHEMA,
    out: Annotated[Path, option(metavar="FILE", help="Where to write it; - is stdout.")] = Path(
        "-"
    ),
) -> None:
    """Print the schema of a document, generated from the model that Trimtab itself validates with.

    \b
    Examples:
      trimtab schema capacityplan --out capacityplan.schema.json
      trimtab schema capacityplan --as crd | kubectl apply -f -
      trimtab schema commitmentapproval --as crd | kubectl apply -f -
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
    from trimtab.schemas.json_schema import dump_json_schema
    from trimtab.schemas.published import CUSTOM_RESOURCES, file_schemas

    resources = {each.kind.lower(): each for each in CUSTOM_RESOURCES}
    resource = resources.get(kind.value)
    if resource is not None:
        return resource.dump_crd() if form is Form.CRD else resource.dump_json_schema()
    if form is Form.CRD:
        raise InputError(
            f"{kind.value} is a file, no cluster resource",
            where="--as crd",
            mend=f"use --as json-schema, or ask for one of {', '.join(sorted(resources))}",
        )
    return dump_json_schema(file_schemas()[kind.value])
