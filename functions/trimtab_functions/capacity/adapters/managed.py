"""Managed resources of Crossplane's cloud providers: what is stated, what is reported, what is enforced.

`spec.forProvider` is enforced, `spec.initProvider` only created with, `status.atProvider` what the cloud
has (Crossplane v2, "Managed resources").
"""

from collections.abc import Collection, Mapping
from typing import Any

from trimtab_functions.capacity.adapters.objects import as_applied, with_kept_marks
from trimtab_functions.capacity.documents import Document, mapping, section, texts

MANAGEMENT_POLICIES = ("Observe", "Create", "Update", "Delete")
"""All but LateInitialize, by which a provider would copy the observed sizes into what it enforces."""


def for_provider(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the provider enforces."""
    return section(document, "spec", "forProvider")


def at_provider(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the provider saw last."""
    return section(document, "status", "atProvider")


def managed(document: Document, provider: Mapping[str, Any]) -> Document:
    """A managed resource with this `forProvider`, and policies without LateInitialize."""
    spec = dict(section(document, "spec"))
    spec["forProvider"] = dict(provider)
    spec["managementPolicies"] = _policies(spec.get("managementPolicies"))
    return {**document, "spec": spec}


def without_initial(document: Document, fields: Collection[str]) -> Document:
    """The resource without these fields of `initProvider`: an earlier step's would contradict ours."""
    spec = dict(section(document, "spec"))
    initial = section(spec, "initProvider")
    if not initial:
        return document
    spec["initProvider"] = {k: v for k, v in initial.items() if k not in fields}
    if not spec["initProvider"]:
        del spec["initProvider"]
    return {**document, "spec": spec}


def held_managed(
    observed: Document, template: Document | None, decided_fields: Collection[str]
) -> Document:
    """A managed resource as it is: all of it, or of a template's what plans decide.

    Args:
        decided_fields: the fields of `spec.forProvider` that a plan decides.
    """
    now = for_provider(observed)
    if template is None:
        provider = dict(now)
        base = as_applied(observed)
    else:
        provider = dict(for_provider(template))
        provider.update({each: now[each] for each in decided_fields if each in now})
        base = template
    if "tags" in provider:
        # The provider adds its own to the spec, and must stay their only owner.
        tags = mapping(provider["tags"])
        provider["tags"] = {k: v for k, v in tags.items() if not k.startswith("crossplane-")}
    return managed(with_kept_marks(base, observed), provider)


def _policies(stated: object) -> list[str]:
    """The policies of an earlier step without LateInitialize; all others where it states none."""
    names = texts(stated)
    if not names or "*" in names:
        return list(MANAGEMENT_POLICIES)
    return [each for each in names if each != "LateInitialize"]
