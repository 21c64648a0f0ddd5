"""docs/queueing.md and its examples: they preview, and the page's arguments are the component's."""

from support.examples import arguments, block, example
from support.recorded import of
from trimtab_components.queueing.arguments import QueueingArgs
from trimtab_components.queueing.queueing import _Checked


def test_the_example_splits_the_pool_among_two_teams() -> None:
    records = example("queueing")
    assert set(of(records, "ClusterQueue")) == {"queueing-queue-chat", "queueing-queue-batch"}
    spot = of(records, "ResourceFlavor")["queueing-flavor-serving-spot"].inputs["spec"]
    assert "trimtab.dev/purchase-option" not in {each["key"] for each in spot["tolerations"]}


def test_the_manager_of_the_example_sends_to_both_clusters() -> None:
    records = example("multikueue")
    (config,) = of(records, "MultiKueueConfig").values()
    assert config.inputs["spec"]["clusters"] == ["east", "west"]


def test_the_pages_arguments_are_the_components() -> None:
    for index in (0, 1):
        given = arguments(block("queueing.md", "python", index), "Queueing")
        assert given.keys() <= QueueingArgs.__annotations__.keys()
        _Checked.model_validate(given)
