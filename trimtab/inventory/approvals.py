"""The `CommitmentApproval` documents that people keep: files, or objects of a cluster.

An approval names a plan's line by its digest, so a changed line has none. It is append-only: making a
plan again never touches it, and a cluster refuses an edit of its spec. The same document is a file and a
Kubernetes object. In a cluster it carries the label `trimtab.dev/plan` with the plan's name
(`trimtab.plan.attribution.plan_label`): that is how the composition function finds it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from trimtab import documents
from trimtab.clock import format_instant, parse_instant
from trimtab.errors import InputError
from trimtab.files import read_bytes, read_text, sha256
from trimtab.inventory.model import Approval, Approvals
from trimtab.plan.document import own_part, parse_object
from trimtab.plan.model import Metadata
from trimtab.plan.types import (
    Digest,
    Document,
    Instant,
    Invariant,
    Name,
    PositiveCount,
    ShortText,
)
from trimtab.schemas.custom_resources import AGE, Column, CustomResource
from trimtab.strict import validated

API_VERSION: Literal["trimtab.dev/v1alpha1"] = "trimtab.dev/v1alpha1"
KIND: Literal["CommitmentApproval"] = "CommitmentApproval"
SUFFIXES = (".yaml", ".yml", ".json")
Price = Annotated[float, Field(strict=True, gt=0, le=1e6, allow_inf_nan=False)]


class ApprovalSpec(Document):
    """What may be bought, until when, and who says so."""

    plan: Name = Field(description="Name of the plan whose line it is.")
    commitment: Digest = Field(
        description="The line's digest: of spec.commitments, or of a capacity reservation or block."
    )
    quantity: PositiveCount = Field(description="At most so many nodes of it.")
    ceiling_usd_per_hour: Price = Field(description="At most at this price each.")
    approved_by: ShortText
    approved_at: Instant = Field(description="From when it may be acted on.")
    expires: Instant = Field(description="Until when it may be acted on.")

    invariants = (
        Invariant(
            "an approval must be given before it expires: approvedAt < expires",
            lambda s: s.approved_at < s.expires,
            "self.approvedAt < self.expires",
        ),
    )


class ApprovalDocument(Document):
    """A person's leave to buy a line of a plan."""

    api_version: Literal["trimtab.dev/v1alpha1"]
    kind: Literal["CommitmentApproval"]
    metadata: Metadata
    spec: ApprovalSpec


COMMITMENT_APPROVAL = CustomResource(
    model=ApprovalDocument,
    module="trimtab/inventory/approvals.py",
    plural="commitmentapprovals",
    short_names=("capproval",),
    columns=(
        Column("Plan", ".spec.plan"),
        Column("Commitment", ".spec.commitment", priority=1),
        Column("Quantity", ".spec.quantity", "integer"),
        Column("Ceiling USD/h", ".spec.ceilingUsdPerHour", "number"),
        Column("By", ".spec.approvedBy"),
        Column("Expires", ".spec.expires"),
        AGE,
    ),
    immutable="an approval can't be changed; record another one",
)


def parse_approval(document: Mapping[str, Any], where: str) -> Approval:
    """An approval from plain data: an object as the API server returns it, or a parsed file.

    Args:
        document: the data; server-side metadata and `status` are passed over.
        where: what to call it in an error.

    Raises:
        InputError: it is no CommitmentApproval, or a field is wrong; names the first wrong field.
    """
    return _approval(parse_object(document, ApprovalDocument, where), where)


def load_approvals(path: Path) -> Approvals:
    """The approvals in a file, or in the YAML and JSON files of a folder, by their names.

    Raises:
        InputError: the path can't be read, a field is wrong, or a name stands twice.
    """
    files = (
        sorted(each for each in path.iterdir() if each.suffix in SUFFIXES and each.is_file())
        if path.is_dir()
        else [path]
    )
    found = [each for file in files for each in parse_approvals(read_text(file), str(file))]
    _refuse_twice(found)
    return Approvals(
        source=str(path),
        digest=sha256(b"".join(read_bytes(file) for file in files)),
        each=tuple(sorted(found, key=lambda approval: approval.name)),
    )


def parse_approvals(text: str, source: str) -> list[Approval]:
    """The approvals in a YAML or JSON text, `kubectl get -o yaml`'s list too; `source` names it in
    errors.

    Raises:
        InputError: at the first field that is wrong.
    """
    return [_from_file(root) for root in documents.parse_documents(text, source)]


def _from_file(root: documents.Field) -> Approval:
    kind = root["kind"].text()
    if kind != KIND:
        root["kind"].fail(f"is {kind or 'missing'}", f"only {KIND} stand here")
    for field in (root["metadata"], root["spec"]):
        field.mapping()
    if not root["metadata"]["name"].present:
        root["metadata"].fail("has no name", "name the approval")
    body = own_part(root.value)
    if root["spec"].present:
        body["spec"] = {
            key: _instant(field) if key in ("approvedAt", "expires") else field.value
            for key, field in root["spec"].fields()
        }
    where = root.document.where((*root.path, "spec"))
    return _approval(validated(replace(root, value=body), ApprovalDocument), where)


def _instant(field: documents.Field) -> object:
    """A file may state a day alone, or an instant without quotes, which YAML reads itself."""
    if isinstance(field.value, date | str):
        try:
            return format_instant(parse_instant(str(field.value)))
        except ValueError:
            field.fail(f"{field.value!r} is no instant", "write one such as 2026-12-01T00:00:00Z")
    return field.value


def _approval(document: ApprovalDocument, where: str) -> Approval:
    stated = {name: getattr(document.spec, name) for name in ApprovalSpec.model_fields}
    return Approval(name=document.metadata.name, **stated, where=where)


def _refuse_twice(found: list[Approval]) -> None:
    names: dict[str, str] = {}
    for each in found:
        if each.name in names:
            raise InputError(
                f"approval {each.name} stands twice (first at {names[each.name]})",
                where=each.where,
                mend="approvals are append-only: give the later one its own name",
            )
        names[each.name] = each.where
