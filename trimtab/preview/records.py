"""What an engine hands to the preview: a program's resources as plain data.

An engine is a function from `PreviewRequest` to `Recording`, found through the entry points of the
group `trimtab.preview_engines`, so that the core prices what Pulumi would provision without
importing Pulumi. Two runs of the same program with the same request give equal recordings.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ENGINE_GROUP = "trimtab.preview_engines"


@dataclass(frozen=True)
class ResourceRecord:
    """One resource that the program registers.

    Attributes:
        urn: as the Pulumi engine makes it.
        type: the type token, for example `aws:eks/nodeGroup:NodeGroup`.
        name: the logical name.
        parent: URN of the parent; "" for the stack itself.
        inputs: under the provider's own names (camelCase), `trimtab.resources.inputs.UNKNOWN` and SECRET where they apply;
            numbers without a fraction are ints.
        custom: managed by a provider; False for a component.
        existing: only read by the program, not provisioned by it.
        remote: a component that another process constructs, out of sight of the recorder.
        protect, retain_on_delete, delete_before_replace: the options of that name.
        provider: reference of the explicit provider, `<urn>::<id>`, or "".
        providers: the same by package, for a component.
        dependencies: URNs that it waits for, sorted.
        property_dependencies: URNs by input property, sorted.
        aliases: former URNs, or former names, types and parents as `key=value` pairs.
        ignore_changes, replace_on_changes: property paths.
    """

    urn: str
    type: str
    name: str
    parent: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    custom: bool = True
    existing: bool = False
    remote: bool = False
    protect: bool = False
    retain_on_delete: bool = False
    delete_before_replace: bool = False
    provider: str = ""
    providers: Mapping[str, str] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PreviewRequest:
    """What to preview.

    Attributes:
        program: a folder in or under a Pulumi project, or its Pulumi.yaml.
        stack: the stack's name.
        config: values that go before the stack file's, by full key (`trimtab:plan`).
        fixtures: a file that answers the program's `get_…` calls, or None.
    """

    program: Path
    stack: str
    config: Mapping[str, str] = field(default_factory=dict)
    fixtures: Path | None = None


@dataclass(frozen=True)
class Recording:
    """What the program registers.

    Attributes:
        project, stack: as in Pulumi.yaml and as asked.
        folder: the folder of Pulumi.yaml, where relative paths in the configuration start.
        program: the folder that the program ran in.
        config: the stack's configuration as the program saw it, secrets as SECRET.
        records: every resource, sorted by URN.
        notes: what the user should know: stand-ins that were used, warnings that were logged.
    """

    project: str
    stack: str
    folder: Path
    program: Path
    config: Mapping[str, str]
    records: tuple[ResourceRecord, ...]
    notes: tuple[str, ...] = ()


Engine = Callable[[PreviewRequest], Recording]
