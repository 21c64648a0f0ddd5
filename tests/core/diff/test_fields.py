"""What differs between two sets of inputs, as people read it."""

from hypothesis import given
from hypothesis import strategies as st

from trimtab.diff.fields import LONGEST, MOST, changed_fields
from trimtab.resources.inputs import SECRET, UNKNOWN

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)
INPUTS = st.dictionaries(st.text(max_size=3), PLAIN, max_size=4)


def test_leaves_are_told_by_their_paths() -> None:
    before = {"size": {"min": 1, "max": 4}, "types": ["a", "b"], "spot": False, "gone": "x"}
    after = {
        "size": {"min": 1, "max": 8},
        "types": ["a"],
        "spot": True,
        "new": UNKNOWN,
        "key": SECRET,
    }
    told = {change.path: (change.before, change.after) for change in changed_fields(before, after)}
    assert told == {
        "gone": ("x", None),
        "key": (None, "[secret]"),
        "new": (None, "(known after deployment)"),
        "size.max": ("4", "8"),
        "spot": ("false", "true"),
        "types[1]": ("b", None),
    }


def test_true_and_1_are_not_the_same() -> None:
    assert changed_fields({"a": 1}, {"a": True})


def test_long_values_and_many_fields_are_cut() -> None:
    (change,) = changed_fields({"a": ""}, {"a": "x " * 500})
    assert change.after is not None
    assert len(change.after) == LONGEST
    assert len(changed_fields({}, {str(i): i for i in range(500)})) == MOST


@given(INPUTS)
def test_equal_inputs_have_no_changes(inputs: dict[str, object]) -> None:
    assert changed_fields(inputs, inputs) == ()


@given(INPUTS, INPUTS)
def test_unequal_inputs_have_changes_and_both_ways_alike(
    a: dict[str, object], b: dict[str, object]
) -> None:
    there, back = changed_fields(a, b), changed_fields(b, a)
    assert [c.path for c in there] == [c.path for c in back]
    assert [(c.before, c.after) for c in there] == [(c.after, c.before) for c in back]
