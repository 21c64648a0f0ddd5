"""A diff in which every text from outside is one that some reader would obey."""

from support import diffs
from trimtab.diff.model import (
    BudgetResult,
    BudgetState,
    Diff,
    FieldChange,
    Finding,
    Operation,
    Owner,
    Rule,
    Severity,
)
from trimtab.pricing.amount import exactly
from trimtab.pricing.model import Charge, Gap
from trimtab.resources.inputs import Inputs
from trimtab.resources.model import Origin, Resource


def hostile(text: str) -> Diff:
    """The review with this text wherever a text comes from outside."""
    what = Resource(
        f"key {text}", f"aws_{text}", text, text, Origin.PULUMI, Inputs({}, camel=True), tags={text: text},
        where=f"{text}:7",
    )  # fmt: skip
    charge = Charge(
        text, diffs.rate(0.5, name=text, region=text, source=text), exactly(3), note=text
    )
    machines = diffs.nodes(text, text or "m", exactly(2), 0.25, "spot", note=text)
    before = diffs.estimate(
        what, charge, *machines.charges, gaps=[Gap(text, text)], machines=(machines,), note=text, plan_line=text
    )  # fmt: skip
    after = diffs.estimate(what, charge, gaps=[Gap(text, text)], note=text)
    fields = (FieldChange(text, text, None), FieldChange("size", None, text, True))
    rule = Rule("the-rule", text, text)
    first = diffs.change(before, after, Owner(text, text, text, text), Operation.UPDATE, fields)
    bare = diffs.estimate(diffs.resource(text, type=text), gaps=[Gap(text, text)])
    return diffs.diff(
        first,
        diffs.change(None, bare),
        findings=(
            Finding(rule, Severity.ERROR, first.key, text, text, True),
            Finding(rule, Severity.NOTE, "", text, text, False),
        ),
        rules=(rule,),
        budgets=(BudgetResult(text, 10.0, 1.0, 11.0, BudgetState.EXCEEDED, 1.0, True, text),),
        notes=(text,),
        prices=(text,),
        before_source=text,
        after_source=text,
    )


ATTACKS = (
    "a|b\\|c\\",
    "<script>alert(1)</script>",
    "</details><img src=x onerror=y>",
    "`` ` `code` ```",
    "@octocat and @org/team",
    "#123, org/repo#4, GH-5, !6, ~label, %7",
    "[x](https://evil.example) ![i](http://evil.example/i.png) www.evil.example",
    "**bold** _it_ __b__ ~~s~~ $x$ $`y`$ ^z^",
    "line\none\r\n# heading\n- item\n\n---",
    "&lt; &#60; &amp;",
    "\x1b[31mred\x07\x00\u202e\u2066rtl\ud800",
    "-->",
    " 1. item",
    "]]> <![CDATA[ <!-- -->",
    "",
    " ",
    "|",
    "x" * 5000,
)
"""What a name may hold that some reader would obey."""
