"""An HTML file that needs nothing else.

Style and script are in the file and named in its policy by their digests, so that a browser runs nothing
else and opens no connection, whatever a resource or a series is called.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from trimtab.page.markup import Html, tag


def document(title: str, style: str, script: str, *body: Html) -> str:
    """A whole page.

    Args:
        title: the window's.
        style: the style sheet that follows the one that all pages share.
        script: what may run; the page must be whole without it.
        body: the content.
    """
    sheet = asset(__package__ or "", "base.css") + style
    return "<!DOCTYPE html>\n" + tag(
        "html",
        tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=_policy(sheet, script)),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="referrer", content="no-referrer"),
            tag("title", title),
            tag("style", Html(sheet)),
        ),
        tag("body", *body, tag("script", Html(script))),
        lang="en-GB",
    )


@cache
def asset(package: str, name: str) -> str:
    """A text of a package's folder `assets`."""
    return files(package).joinpath("assets", name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
