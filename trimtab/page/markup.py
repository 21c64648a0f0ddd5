"""HTML as text that can't be mistaken for plain text: whatever is not `Html` is escaped.

Names, units and notes come from users' files, so escaping is not left to the one who writes a tag.
"""

import html
from typing import TypeAlias

_VOID = frozenset({"meta", "br", "col", "hr"})
_SHAPES = frozenset({"circle", "line", "path", "rect", "use"})


class Html(str):
    """Markup that is already safe: made by `tag`, or a constant of this package."""

    __slots__ = ()


Content: TypeAlias = "str | Html | None"
Attribute: TypeAlias = "str | int | float | bool | None"


def text(content: Content) -> Html:
    """The content as markup: `Html` as it is, other text escaped, None as nothing."""
    if content is None:
        return Html()
    return content if isinstance(content, Html) else Html(html.escape(content))


def join(*contents: Content) -> Html:
    """Contents one after the other."""
    return Html("".join(text(each) for each in contents))


def tag(element: str, /, *contents: Content, **attributes: Attribute) -> Html:
    """An element.

    Attributes: a trailing underscore is dropped (`class_`), the others become hyphens; None and
    False leave the attribute out, True writes it without a value.
    """
    opening = element
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        name = key.rstrip("_").replace("_", "-")
        opening += f" {name}"
        if value is not True:
            opening += f'="{html.escape(_plain(value))}"'
    if element in _VOID:
        return Html(f"<{opening}>")
    inner = join(*contents)
    if element in _SHAPES and not inner:
        return Html(f"<{opening}/>")
    return Html(f"<{opening}>{inner}</{element}>")


def _plain(value: str | float) -> str:
    # Chart coordinates: a hundredth of a pixel is finer than any screen.
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
