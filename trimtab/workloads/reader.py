"""Workload files: `Workload` documents and ordinary Kubernetes manifests, to `Workload`s.

A file is YAML (any number of documents) or JSON; `List` kinds are taken apart. Kinds that hold no
workload are left out and listed in the notes, as is everything that a manifest says and a plan
cannot honour. An error names file, line, document and field.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from trimtab.documents import Field, parse_documents
from trimtab.errors import InputError
from trimtab.files import read_bytes, read_text, sha256
from trimtab.workloads.annotations import read_policy
from trimtab.workloads.assembly import assemble
from trimtab.workloads.manifests import READ_KINDS, Role, roles
from trimtab.workloads.model import NodeRequirement, Toleration, Workload
from trimtab.workloads.pods import PodNeeds, read_pod
from trimtab.workloads.schema import API_VERSION, validate_document, workload_schema

__all__ = ["WorkloadFile", "load_workloads", "parse_workloads", "read_workloads", "workload_schema"]


@dataclass(frozen=True)
class WorkloadFile:
    """What a file holds.

    Attributes:
        source: the file.
        digest: `sha256:` of its bytes, for a plan's evidence.
        workloads: in the file's order; names are unique.
        notes: what was left out or cannot be honoured, one sentence each.
    """

    source: str
    digest: str
    workloads: tuple[Workload, ...]
    notes: tuple[str, ...] = ()


def load_workloads(path: Path) -> tuple[Workload, ...]:
    """The workloads of a file; `read_workloads` also says what was left out.

    Raises:
        InputError: the file cannot be read, or a field of it is wrong.
    """
    return read_workloads(path).workloads


def read_workloads(path: Path) -> WorkloadFile:
    """The workloads of a file and what was left out of it.

    Raises:
        InputError: the file cannot be read, a field of it is wrong, or it holds no workload.
    """
    found = parse_workloads(read_text(path), str(path))
    return replace(found, digest=sha256(read_bytes(path)))


def parse_workloads(text: str, source: str) -> WorkloadFile:
    """The workloads in a YAML or JSON text; `source` names it in errors.

    Raises:
        InputError: as `read_workloads`.
    """
    workloads: list[Workload] = []
    notes: list[str] = []
    places: dict[str, str] = {}
    for root in parse_documents(text, source):
        document = _titled(root)
        for workload in _read_document(document, notes):
            where = document.document.where(())
            if workload.name in places:
                raise InputError(
                    f"workload {workload.name} stands twice (first at {places[workload.name]})",
                    where=where,
                    mend="give each its own name",
                )
            places[workload.name] = where
            workloads.append(workload)
    if not workloads:
        kinds = ", ".join(("Workload", *READ_KINDS))
        skipped = f" ({'; '.join(notes)})" if notes else ""
        raise InputError(f"holds no workload{skipped}", where=source, mend=f"add one of {kinds}")
    return WorkloadFile(source, sha256(text.encode()), tuple(workloads), tuple(notes))


def _titled(root: Field) -> Field:
    """The document with its kind and name in its error messages."""
    kind = root["kind"].text() or root["kind"].fail("is missing", "add apiVersion and kind")
    if not root["apiVersion"].text():
        root["apiVersion"].fail("is missing", f"add it; for a Workload, {API_VERSION}")
    title = f"{kind} {_name(root)}".strip()
    return replace(root, document=replace(root.document, title=title))


def _name(document: Field) -> str:
    metadata = document["metadata"]
    return metadata["name"].text() or metadata["generateName"].text().rstrip("-")


def _read_document(document: Field, notes: list[str]) -> list[Workload]:
    group = document["apiVersion"].text().rpartition("/")[0]
    kind = document["kind"].text()
    if group == "trimtab.dev" and kind == "Workload":
        return [_from_document(document, notes)]
    found = roles(document)
    if found is None:
        notes.append(f"{document.document.where(())}: not a workload that Trimtab reads, left out")
        return []
    if not _name(document):
        document["metadata"]["name"].fail("is missing", "name the workload")
    return _joined(_name(document), [(r, _from_role(document, r, notes)) for r in found])


def _joined(name: str, found: list[tuple[Role, Workload]]) -> list[Workload]:
    """One workload where all roles ask for the same, else one a role."""
    bare = {replace(workload, name="", source="", replicas=0) for _, workload in found}
    if len(bare) == 1:
        total = sum(workload.replicas for _, workload in found)
        return [replace(found[0][1], name=name, replicas=total)]
    return [replace(workload, name=f"{name}-{role.name}") for role, workload in found]


def _from_role(document: Field, role: Role, notes: list[str]) -> Workload:
    template = role.template
    spec = template["spec"]
    if not spec.present:
        spec.fail("is missing", "add the pod's spec")
    pod = read_pod(spec)
    above = [document["metadata"]["annotations"], *role.annotations]
    own = template["metadata"]["annotations"]
    policy, stated = read_policy(above if template is document else [*above, own])
    title = document.document.title + (f" {role.name}" if role.name else "")
    remark = _Remarks(notes, title)
    for note in pod.notes:
        remark(note)
    replicas = role.replicas
    if replicas == 0:
        remark("declares no replicas and counts as one where a series is shared")
        replicas = 1
    pod = replace(pod, volumes=(*pod.volumes, *role.claim_templates))
    workload = assemble(pod, policy, stated, spec, remark)
    return replace(workload, name=_name(document), source=_source(document), replicas=replicas)


def _from_document(document: Field, notes: list[str]) -> Workload:
    whole = validate_document(document)
    spec = whole.spec
    needs = PodNeeds(
        requests=dict(spec.resources),
        node_selector=tuple(spec.node_selector.items()),
        node_requirements=tuple(
            tuple(
                NodeRequirement(e.key, e.operator, tuple(e.values)) for e in term.match_expressions
            )
            for term in spec.node_selector_terms
        ),
        tolerations=tuple(
            Toleration(t.key, t.operator, t.value, t.effect) for t in spec.tolerations
        ),
        volumes=tuple(spec.volumes),
        priority_class=spec.priority_class_name,
    )
    field = document["spec"]
    remark = _Remarks(notes, document.document.title)
    workload = assemble(needs, spec, spec.model_fields_set, field, remark, spec)
    return replace(
        workload, name=whole.metadata.name, source=_source(document), replicas=spec.replicas
    )


def _source(document: Field) -> str:
    where = document.document
    return f"{where.source}, document {where.number} ({document['kind'].text()})"


@dataclass(frozen=True)
class _Remarks:
    notes: list[str]
    title: str

    def __call__(self, note: str) -> None:
        self.notes.append(f"{self.title}: {note}")
