"""The JSON Schema (draft 2020-12) of the diff's document, as `json_document` writes it."""

from typing import Any

from trimtab.diff.model import BudgetState, Operation, Severity
from trimtab.diff.outputs.json_document import API_VERSION, KIND
from trimtab.pricing.model import Basis, Status
from trimtab.resources.model import Origin, Role

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
UNKNOWN_NUMBER: Schema = {"type": ["number", "null"]}
UNKNOWN_TEXT: Schema = {"type": ["string", "null"]}


def diff_schema() -> Schema:
    """The schema of a whole document."""
    root = _object(
        "A change, priced: what it costs, emits and risks before and after, for a month of 730 hours. "
        "What is not known is null and never 0.",
        {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": KIND},
            "as_of": _said(
                "The instant at which prices and windows were read.", TEXT | {"format": "date-time"}
            ),
            "hours_per_month": NUMBER,
            "before_source": TEXT,
            "after_source": TEXT,
            "complete": _said("Whether what does not change is in the totals.", FLAG),
            "prices": _said("The layers of prices that were used, as sentences.", _list(TEXT)),
            "notes": _list(TEXT),
            "totals": _object(
                "The sums of each side, and their difference.",
                {side: _ref("Figures") for side in ("before", "after", "delta")},
            ),
            "unpriced_share": _said(
                "Of the resources after the change that cost money, the share without a price.",
                {"type": "number", "minimum": 0, "maximum": 1},
            ),
            "counts_by_status": {
                "description": "Resources after the change.",
                "type": "object",
                "propertyNames": _one_of(Status),
                "additionalProperties": COUNT,
            },
            "untagged": _or_null(
                _ref("Figures"), "What is spent after the change that no owner is named for."
            ),
            "owners": _said("By the size of their difference.", _list(_ref("OwnerCost"))),
            "budgets": _list(_ref("Budget")),
            "rules": _said("What was checked, or found something; by id.", _list(_ref("Rule"))),
            "findings": _said(
                "Errors first, then those that the change brings.", _list(_ref("Finding"))
            ),
            "changes": _said(
                "The largest difference first; what stays as it is last.", _list(_ref("Change"))
            ),
            "rates": _said("Every price that was used, once.", _list(_ref("Rate"))),
        },
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://trimtab.dev/schemas/v1alpha1/diff.json",
        "title": f"{KIND} {API_VERSION}",
        **root,
        "$defs": _definitions(),
    }


def _definitions() -> dict[str, Schema]:
    amount = _ref("Amount")
    return {
        "Amount": _object(
            "A figure with its bounds. `expected` is null where there are bounds and nothing more; a "
            "bound is null where there is none.",
            {"low": UNKNOWN_NUMBER, "expected": UNKNOWN_NUMBER, "high": UNKNOWN_NUMBER},
        ),
        "Figures": _object(
            "Sums. `expected` is of what has an expectation, `unmet_share` of the demand in the plan.",
            {
                "usd_per_month": amount,
                "kgco2e_per_month": amount,
                "interruptions_per_month": amount,
                "unmet_share": UNKNOWN_NUMBER,
            },
        ),
        "Owner": _object(
            "Who pays; empty where nobody says.",
            dict.fromkeys(("team", "project", "model", "environment"), TEXT),
        ),
        "OwnerCost": _object(
            "What one owner pays; `unpriced` resources are in no sum.",
            {
                "owner": _ref("Owner"),
                **{side: _ref("Figures") for side in ("before", "after", "delta")},
                "unpriced": COUNT,
            },
        ),
        "Budget": _object(
            "A budget after the change; `threshold_share` is the one that was crossed.",
            {
                "name": TEXT,
                "usd_per_month": NUMBER,
                "before_usd_per_month": UNKNOWN_NUMBER,
                "after_usd_per_month": UNKNOWN_NUMBER,
                "state": _one_of(BudgetState),
                "threshold_share": UNKNOWN_NUMBER,
                "newly": FLAG,
                "where": TEXT,
            },
        ),
        "Rule": _object("A rule.", {"id": TEXT, "title": TEXT, "help": TEXT}),
        "Finding": _object(
            "A breach of a rule; `key` is the resource's, empty for the change as a whole.",
            {
                "rule": TEXT,
                "severity": _one_of(Severity),
                "key": TEXT,
                "message": TEXT,
                "mend": TEXT,
                "introduced": FLAG,
            },
        ),
        "Change": _object(
            "One resource on both sides; a side is null where the resource is not. The differences are "
            "null where a side costs or emits and nobody knows how much.",
            {
                "key": TEXT,
                "operation": _one_of(Operation),
                "usd_per_month": _or_null(amount),
                "kgco2e_per_month": _or_null(amount),
                "owner": _ref("Owner"),
                "resource": _ref("Resource"),
                "before": _or_null(_ref("Estimate")),
                "after": _or_null(_ref("Estimate")),
                "fields": _list(_ref("Field")),
            },
        ),
        "Field": _object(
            "An input that differs, masked and shortened; null where it is absent.",
            {"path": TEXT, "before": UNKNOWN_TEXT, "after": UNKNOWN_TEXT, "replaces": FLAG},
        ),
        "Resource": _object(
            "What is declared.",
            {
                "name": TEXT,
                "kind": _said("Terraform's name of the type, or a Kubernetes group/Kind.", TEXT),
                "type": _said("As its engine writes it.", TEXT),
                "origin": _one_of(Origin),
                "role": _one_of(Role),
                "provider": TEXT,
                "region": UNKNOWN_TEXT,
                "parent": TEXT,
                "id": TEXT,
                "where": _said("File and line, where known.", TEXT),
                "tags": {"type": "object", "additionalProperties": TEXT},
            },
        ),
        **_pricing(amount),
    }


def _pricing(amount: Schema) -> dict[str, Schema]:
    return {
        "Estimate": _object(
            "What one side costs. `usd_per_month` is null where nothing is priced, and leaves the gaps "
            "out where a part is; `usd_per_month_now` is at the sizes that it starts with.",
            {
                "status": _one_of(Status),
                "usd_per_month": _or_null(amount),
                "usd_per_month_now": UNKNOWN_NUMBER,
                "list_usd_per_month_now": _said(
                    "At list price, while a commitment is not approved.", UNKNOWN_NUMBER
                ),
                "share_usd_per_month": _or_null(
                    amount, "Of pods: their share of nodes that are priced elsewhere; in no sum."
                ),
                "charges": _list(_ref("Charge")),
                "gaps": _list(_ref("Gap")),
                "machines": _list(_ref("Machines")),
                "pool": TEXT,
                "group": TEXT,
                "plan_line": TEXT,
                "note": TEXT,
            },
        ),
        "Charge": _object(
            "One multiplication: quantity x rate x how often a month.",
            {
                "label": TEXT,
                "quantity": amount,
                "rate": _said("Its place in `rates`, from 0.", COUNT),
                "basis": _said("Where the quantity is from.", _one_of(Basis)),
                "usd_per_month": amount,
                "note": TEXT,
            },
        ),
        "Gap": _object("A part that costs, nobody knows what.", {"label": TEXT, "reason": TEXT}),
        "Machines": _object(
            "Machines that run; `covered` of them are paid for by what is held already.",
            {
                "label": TEXT,
                "instance_types": _list(TEXT),
                "option": _said("How they are bought.", TEXT),
                "count": amount,
                "count_now": UNKNOWN_NUMBER,
                "basis": _one_of(Basis),
                "covered": {"type": "number", "minimum": 0},
                "usd_per_month_now": UNKNOWN_NUMBER,
                "emissions": _or_null(_ref("Emissions")),
                "risk": _or_null(_ref("Risk")),
                "note": TEXT,
            },
        ),
        "Emissions": _object(
            "Of the power that machines draw, and of their making.",
            {
                "energy_kgco2e_per_month": amount,
                "embodied_kgco2e_per_month": amount,
                "method": TEXT,
            },
        ),
        "Risk": _object(
            "Spot machines expected to be taken back; the share of the pool's demand expected unmet.",
            {"interruptions_per_month": amount, "shortage_share": UNKNOWN_NUMBER, "source": TEXT},
        ),
        "Rate": _object(
            "A price per unit, and how often a month it is paid: 730 for one by the hour.",
            {
                "id": TEXT,
                "region": _said("`*`: everywhere.", TEXT),
                "usd": NUMBER,
                "unit": TEXT,
                "times_per_month": NUMBER,
                "as_of": TEXT | {"format": "date"},
                "source": TEXT,
            },
        ),
    }


def _object(description: str, properties: dict[str, Schema]) -> Schema:
    """An object that has all of these and nothing else."""
    return {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _or_null(schema: Schema, description: str = "") -> Schema:
    return ({"description": description} if description else {}) | {
        "anyOf": [schema, {"type": "null"}]
    }


def _said(description: str, schema: Schema) -> Schema:
    return {"description": description, **schema}


def _one_of(values: Any) -> Schema:
    return {"enum": [str(each) for each in values]}
