"""A page: style and script are allowed by their digests, and nothing else is."""

import base64
import hashlib
import html
import re

from trimtab.page.document import document
from trimtab.page.markup import tag


def test_the_policy_names_the_style_and_the_script_that_are_there() -> None:
    page = document("A <title>", "p { color: red }", "let x = 1 < 2;", tag("p", "text"))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    allowed = html.unescape(policy)
    for element in ("style", "script"):
        (content,) = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in allowed
    assert allowed.startswith("default-src 'none'; ")
    assert "<title>A &lt;title&gt;</title>" in page
    assert "p { color: red }</style>" in page
    assert "let x = 1 < 2;</script>" in page
