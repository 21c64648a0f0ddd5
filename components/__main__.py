"""The components as a Pulumi package, for programs in any of Pulumi's languages."""

from importlib.metadata import version

from pulumi.provider.experimental import component_provider_host

import trimtab_components

if __name__ == "__main__":
    component_provider_host(
        components=[getattr(trimtab_components, name) for name in trimtab_components.installed()],
        name="trimtab",
        version=version("trimtab-components"),
    )
