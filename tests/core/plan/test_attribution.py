"""Tags and labels of what a plan provisions: whose they are, and that clouds take them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.plans import group, plan, plan_data, pool
from trimtab.plan import labels as plan_labels
from trimtab.plan.attribution import (
    group_key,
    group_object_labels,
    group_tags,
    node_labels,
    object_labels,
    owner_tags,
)
from trimtab.plan.document import parse_plan
from trimtab.plan.model import CapacityPlan
from trimtab.plan.shared import OwnerRef

# Kubernetes: "Labels and Selectors", syntax and character set.
LABEL_KEY = re.compile(
    r"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
# EC2: "Tag restrictions": 50 a resource, 128 and 256 characters, these characters everywhere.
TAG_TEXT = re.compile(r"[A-Za-z0-9 +\-=._:/@]*")

plan_names = st.from_regex(
    r"[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?(\.[a-z0-9]{1,60}){0,3}", fullmatch=True
)
part_names = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True)
owners = st.from_regex(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?", fullmatch=True)


@st.composite
def plans(draw: st.DrawFn) -> CapacityPlan:
    owner = {key: draw(owners) for key in OwnerRef.model_fields}
    data = plan_data(pools=[pool(name=draw(part_names), owner=owner)])
    data["spec"]["pools"][0]["groups"][0]["name"] = draw(part_names)
    data["spec"]["pools"][0]["groups"] = data["spec"]["pools"][0]["groups"][:1]
    data["metadata"]["name"] = draw(plan_names)
    return parse_plan(data, "generated")


@given(plans())
def test_labels_are_what_kubernetes_takes(drawn: CapacityPlan) -> None:
    the_pool = drawn.spec.pools[0]
    the_group = the_pool.groups[0]
    labels = node_labels(the_pool, the_group) | group_object_labels(drawn, the_pool, the_group)
    for key, value in labels.items():
        assert LABEL_KEY.fullmatch(key), key
        assert LABEL_VALUE.fullmatch(value), (key, value)


@given(plans())
def test_tags_are_what_aws_takes(drawn: CapacityPlan) -> None:
    the_pool = drawn.spec.pools[0]
    tags = group_tags(drawn, the_pool, the_pool.groups[0])
    assert len(tags) <= 50
    for key, value in tags.items():
        assert 1 <= len(key) <= 128
        assert not key.lower().startswith("aws:")
        assert 1 <= len(value) <= 256, key  # an empty tag would count as attributed
        assert TAG_TEXT.fullmatch(key)
        assert TAG_TEXT.fullmatch(value), (key, value)


def test_a_groups_tags_say_who_pays_and_which_line_it_came_from() -> None:
    mine = plan()
    the_pool = mine.spec.pools[0]
    assert group_tags(mine, the_pool, the_pool.groups[2]) == {
        "team": "vision",
        "project": "multimodal",
        "model": "mm-7b",
        "managed-by": "trimtab",
        "trimtab:plan": "example",
        "trimtab:plan-digest": mine.digest,
        "trimtab:pool": "trainer",
        "trimtab:group": "spot",
        "trimtab:purchase-option": "spot",
    }


def test_an_owner_who_is_not_stated_is_no_tag() -> None:
    assert owner_tags(plan(pools=[pool(owner={})]).spec.pools[0]) == {}


def test_a_nodes_labels_have_no_digest_and_give_way_to_none_of_the_pools() -> None:
    labels = {"gpu-type": "nvidia-a100", plan_labels.POOL_LABEL: "elsewhere"}
    mine = plan(pools=[pool(labels=labels)])
    the_pool = mine.spec.pools[0]
    assert node_labels(the_pool, the_pool.groups[0]) == {
        "gpu-type": "nvidia-a100",
        "trimtab.dev/pool": "trainer",
        "trimtab.dev/group": "reserved",
        "trimtab.dev/purchase-option": "reserved",
    }
    assert mine.digest not in node_labels(the_pool, the_pool.groups[0]).values()


@pytest.mark.parametrize(("share", "label"), [(0, "false"), (0.0, "false"), (0.01, "true")])
def test_an_object_says_whether_its_pool_may_be_interrupted(share: float, label: str) -> None:
    on_demand = [group("only", {"option": "on-demand"})]
    mine = plan(pools=[pool(interruptibleShare=share, groups=on_demand)])
    the_pool = mine.spec.pools[0]
    assert group_object_labels(mine, the_pool, the_pool.groups[0]) == {
        "app.kubernetes.io/managed-by": "trimtab",
        "trimtab.dev/plan": "example",
        "trimtab.dev/plan-digest": mine.digest,
        "trimtab.dev/pool": "trainer",
        "trimtab.dev/group": "only",
        "trimtab.dev/purchase-option": "on-demand",
        "trimtab.dev/interruptible": label,
    }


def test_a_groups_key_is_stable_for_its_generation() -> None:
    the_pool = plan().spec.pools[0]
    assert [group_key(the_pool, each) for each in the_pool.groups] == [
        "trainer-reserved-0a1b2c",
        "trainer-on-demand-0a1b2c",
        "trainer-spot-0a1b2c",
    ]


def test_a_long_plan_name_is_cut_where_a_label_may_end() -> None:
    data = plan_data()
    data["metadata"]["name"] = "a" * 61 + ".b.c"
    labels = object_labels(parse_plan(data, "p"))
    assert labels[plan_labels.PLAN_LABEL] == "a" * 61 + ".b"
    data["metadata"]["name"] = "a" * 62 + ".b"
    labels = object_labels(parse_plan(data, "p"))
    assert labels[plan_labels.PLAN_LABEL] == "a" * 62
