"""docs/queueing.md and its examples: they preview."""

from support.examples import example
from support.recorded import of


def test_the_example_splits_the_pool_among_two_teams() -> None:
    records = example("queueing")
    assert set(of(records, "ClusterQueue")) == {"queueing-queue-chat", "queueing-queue-batch"}
    spot = of(records, "ResourceFlavor")["queueing-flavor-serving-spot"].inputs["spec"]
    assert "trimtab.dev/purchase-option" not in {each["key"] for each in spot["tolerations"]}


def test_the_manager_of_the_example_sends_to_both_clusters() -> None:
    records = example("multikueue")
    (config,) = of(records, "MultiKueueConfig").values()
    assert config.inputs["spec"]["clusters"] == ["east", "west"]
