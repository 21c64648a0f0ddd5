"""The fields of an XR's spec that composing reads, as far as several clouds share them.

An XRD refuses unknown fields, and other steps may have theirs: those are passed over here.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from trimtab.plan.types import Name, ShortText, to_camel
from trimtab_functions.capacity.documents import Document

XR_SPEC = "the XR's spec"
"""Where these fields stand, for errors."""


class SpecPart(BaseModel):
    """A part of an XR's spec."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True
    )

    def __hash__(self) -> int:
        """By content, mappings included."""
        return hash(self.model_dump_json())


class ProviderConfigRef(SpecPart):
    """Whose credentials the provider uses."""

    kind: Literal["ClusterProviderConfig", "ProviderConfig"] = "ClusterProviderConfig"
    name: Name = "default"


class ComposeSettings(SpecPart):
    """What composing needs; each adapter adds its own fields.

    Attributes:
        region: where groups are composed; None where the adapter needs none. It must be the plan's.
    """

    region: ShortText | None = None


class CloudSettings(ComposeSettings):
    """What managed resources of a cloud need."""

    region: ShortText
    provider_config_ref: ProviderConfigRef = ProviderConfigRef()


def provider_config(settings: CloudSettings) -> Document:
    """The reference as a managed resource states it."""
    ref = settings.provider_config_ref
    return {"kind": ref.kind, "name": ref.name}
