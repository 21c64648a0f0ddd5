"""The `CommitmentApproval` documents that people keep: one a file, many a file, or a folder of files.

An approval names a plan's line by its digest, so a changed line has none. It is append-only: making a
plan again never touches it.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from trimtab import documents
from trimtab.demand.events_file import Instant
from trimtab.errors import InputError
from trimtab.files import read_bytes, read_text, sha256
from trimtab.inventory.document import Digest, Metadata, PositiveNodes, Price, check_span
from trimtab.inventory.model import Approval, Approvals
from trimtab.strict import Strict, validated

KIND = "CommitmentApproval"
SUFFIXES = (".yaml", ".yml", ".json")
Text = Annotated[str, Field(min_length=1, max_length=253)]


class ApprovalSpec(Strict):
    """What may be bought, until when, and who says so."""

    plan: Text = Field(description="Name of the plan whose line it is.")
    commitment: Digest = Field(description="The line's digest, from spec.commitments.")
    quantity: PositiveNodes = Field(description="At most so many nodes of it.")
    ceiling_usd_per_hour: Price = Field(description="At most at this price each.")
    approved_by: Text
    approved_at: Instant
    expires: Instant = Field(description="Until when it may be acted on.")


class ApprovalDocument(Strict):
    """A person's leave to buy a line of a plan."""

    api_version: Literal["trimtab.dev/v1alpha1"]
    kind: Literal["CommitmentApproval"]
    metadata: Metadata
    spec: ApprovalSpec


def approval_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the `CommitmentApproval` document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://trimtab.dev/schemas/v1alpha1/commitmentapproval.json",
        **ApprovalDocument.model_json_schema(by_alias=True),
    }


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
    """The approvals in a YAML or JSON text; `source` names it in errors.

    Raises:
        InputError: at the first field that is wrong.
    """
    return [_approval(root) for root in documents.parse_documents(text, source)]


def _approval(root: documents.Field) -> Approval:
    kind = root["kind"].text()
    if kind != KIND:
        root["kind"].fail(f"is {kind or 'missing'}", f"only {KIND} stand here")
    document = validated(root, ApprovalDocument)
    name, spec, at = document.metadata.name, document.spec, root["spec"]
    if not name:
        root["metadata"].fail("has no name", "name the approval")
    check_span(spec.approved_at, spec.expires, at)
    return Approval(name=name, **spec.model_dump(), where=root.document.where(("spec",)))


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
