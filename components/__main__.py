"""The components as a Pulumi package, for programs in any of Pulumi's languages."""

from importlib.metadata import version

from pulumi.provider.experimental import component_provider_host

from trimtab_components import GpuOperator, HeterogeneousCluster, KarpenterPools, Network

if __name__ == "__main__":
    component_provider_host(
        components=[GpuOperator, HeterogeneousCluster, KarpenterPools, Network],
        name="trimtab",
        version=version("trimtab-components"),
    )
