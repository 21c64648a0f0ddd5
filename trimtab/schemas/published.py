"""Every published schema: which documents are custom resources, which are files alone, and where."""

from trimtab.demand.events_file import events_schema
from trimtab.diff.budgets import budgets_schema
from trimtab.diff.outputs.schema import diff_schema
from trimtab.inventory.approvals import COMMITMENT_APPROVAL
from trimtab.inventory.document import inventory_schema
from trimtab.limits.document import limits_schema
from trimtab.plan.schema import CAPACITY_PLAN
from trimtab.policy.document import CAPACITY_POLICY
from trimtab.schemas.custom_resources import SCHEMA_FOLDER, CustomResource
from trimtab.schemas.json_schema import Schema, dump_json_schema
from trimtab.storage.document import storage_schema
from trimtab.storage.lifecycle_document import lifecycle_schema
from trimtab.usage.document import usage_schema
from trimtab.workloads.schema import WORKLOAD

CUSTOM_RESOURCES: tuple[CustomResource, ...] = (
    CAPACITY_PLAN,
    COMMITMENT_APPROVAL,
    WORKLOAD,
    CAPACITY_POLICY,
)
"""Documents that are files and Kubernetes objects."""


def file_schemas() -> dict[str, Schema]:
    """The JSON Schemas of documents that are files alone, by kind in lower case."""
    return {
        "demandevents": events_schema(),
        "capacityinventory": inventory_schema(),
        "planninglimits": limits_schema(),
        "storagedemand": storage_schema(),
        "lifecyclerules": lifecycle_schema(),
        "diff": diff_schema(),
        "budgets": budgets_schema(),
        "usage": usage_schema(),
    }


def published() -> dict[str, str]:
    """The generated files: path under the repository's root, and content."""
    return {
        **{each.schema_file: each.dump_json_schema() for each in CUSTOM_RESOURCES},
        **{each.crd_file: each.dump_crd() for each in CUSTOM_RESOURCES},
        **{
            f"{SCHEMA_FOLDER}/{kind}-v1alpha1.schema.json": dump_json_schema(schema)
            for kind, schema in file_schemas().items()
        },
    }
