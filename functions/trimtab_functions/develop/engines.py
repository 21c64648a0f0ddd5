"""Which engine renders when the user leaves it open: Crossplane's own where it can run every step."""

from trimtab.rendering import Rendered, RenderRequest
from trimtab_functions.develop import crossplane_cli, pipeline


def render(request: RenderRequest) -> Rendered:
    """Render by Crossplane's command line where it runs without Docker and knows every function.

    Else our steps are rendered here.

    Raises:
        InputError, EngineError: as the engine that is taken.
    """
    command = crossplane_cli.binary()
    if command is None or crossplane_cli.needs_functions(request):
        return pipeline.render(request)
    if not crossplane_cli.composes_here(command):
        return pipeline.render(request)
    return crossplane_cli.render(request)
