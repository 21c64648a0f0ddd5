"""The `DemandEvents` document, `trimtab.dev/v1alpha1`: a file of scheduled events."""

from trimtab.demand.events import Event


def parse_events(text: str, source: str) -> tuple[Event, ...]:
    """The events in a YAML or JSON text; `source` names it in errors."""
    raise NotImplementedError
