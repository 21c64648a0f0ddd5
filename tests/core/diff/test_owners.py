"""Who pays: what tags and labels say, in whatever words."""

import pytest

from support.estimates import resource
from trimtab.diff.model import Owner
from trimtab.diff.owners import NOBODY, owner_tags, owners_of


@pytest.mark.parametrize(
    ("tags", "owner"),
    [
        ({}, NOBODY),
        ({"Name": "web"}, NOBODY),
        ({"team": "ml", "project": "search"}, Owner("ml", "search")),
        ({"Team": "ml", "Env": "prod"}, Owner("ml", environment="prod")),
        ({"cost_center": "4711"}, Owner("4711")),
        ({"owner": "old", "team": "new"}, Owner("new")),
        ({"trimtab.dev/team": "ml", "team": "helm-chart"}, Owner("ml")),
        ({"app.kubernetes.io/part-of": "shop"}, Owner(project="shop")),
        ({"team": ""}, NOBODY),
    ],
)
def test_the_most_telling_tag_says_it(tags: dict[str, str], owner: Owner) -> None:
    assert owner_tags().owner(tags) == owner


def test_tags_of_ones_own_go_before_the_usual() -> None:
    tags = owner_tags({"team": ["KostenStelle"]})
    assert tags.owner({"kostenstelle": "7", "team": "ml"}) == Owner("7")


def test_an_object_has_its_namespaces_labels_unless_it_has_its_own() -> None:
    space = resource("core/Namespace", name="ml", tags={"team": "ml", "env": "prod"})
    metadata = {"metadata": {"namespace": "ml"}}
    pod = resource("core/Pod", metadata, name="p", tags={"team": "vision"})
    bare = resource("core/Pod", metadata, name="q")
    elsewhere = resource("core/Pod", {"metadata": {"namespace": "x"}}, name="r")
    owners = owners_of([space, pod, bare, elsewhere], owner_tags())
    assert owners[pod.key] == Owner("vision", environment="prod")
    assert owners[bare.key] == Owner("ml", environment="prod")
    assert owners[elsewhere.key] == NOBODY
