"""Which engine renders when the user leaves it open: Crossplane's own where it can run every step."""

from trimtab.rendering import Rendered, RenderRequest
from trimtab_functions.develop import crossplane_cli, pipeline


def render(request: RenderRequest) -> Rendered:
    """Render by Crossplane's command line where it is found and knows every function, else here.

    Raises:
        InputError, EngineError: as the engine that is taken.
    """
    if crossplane_cli.binary() is None or crossplane_cli.needs_functions(request):
        return pipeline.render(request)
    return crossplane_cli.render(request)
