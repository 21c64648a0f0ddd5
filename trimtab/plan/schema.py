"""The CapacityPlan as a custom resource, and the JSON Schema and CRD that are generated from it.

Editors and CI check a plan's file against the JSON Schema; a cluster checks the same document against
the CRD. Both come from `CapacityPlan` alone, so neither can drift from what Trimtab reads: what one
accepts the others accept.
"""

from trimtab.plan.model import CapacityPlan
from trimtab.schemas.custom_resources import AGE, Column, CustomResource
from trimtab.schemas.json_schema import Schema

CAPACITY_PLAN = CustomResource(
    model=CapacityPlan,
    module="trimtab/plan/model.py",
    plural="capacityplans",
    short_names=("cplan",),
    columns=(
        Column("Provider", ".spec.site.provider"),
        Column("Region", ".spec.site.region"),
        Column("Valid until", ".spec.validUntil"),
        Column("As of", ".spec.asOf", priority=1),
        AGE,
    ),
)
CRD_FILE = CAPACITY_PLAN.crd_file


def json_schema() -> Schema:
    """The JSON Schema, draft 2020-12, of a plan's file or of the object that a cluster returns."""
    return CAPACITY_PLAN.json_schema()


def crd() -> Schema:
    """The CustomResourceDefinition `capacityplans.trimtab.dev`, apiextensions.k8s.io/v1."""
    return CAPACITY_PLAN.crd()
