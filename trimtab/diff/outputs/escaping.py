"""Text from outside in a Markdown comment, as nothing but text.

Names, messages and notes come from whoever opens a pull request; a forge would make tables, HTML, mentions,
issue links, formulas and images of them. A name stands as code, where forges read no references; in a
sentence what would be one is broken by a space without width. What Markdown could read stands as a numeric
entity, for an entity is never structure: a backslash is, where a table's bar follows it.
"""

import re

from trimtab.diff.outputs.figures import plain, short

MOST_NAME = 100
MOST_TEXT = 600
BREAK = "&#8203;"

_CLEAN_NAME = re.compile(r"[\w/.:…-](?:[\w /.:…-]*[\w/.:…-])?")
_CLEAN_TEXT = re.compile(r"[\w ,;'?…→-]*")
_STRUCTURE = re.compile(r"[\\`*{}\[\]<>|~^&\"]|\$(?!\d)|(?<![^\W_])_|_(?![^\W_])|^[#+>=-]|^\d+[.)]")
_REFERENCE = re.compile(r"@|[#!~%^&](?=[\w\"{])|\$(?=[^\W\d]|\{)")
_ADDRESS = re.compile(r":(?=//)|(?<=www)\.", re.IGNORECASE)
_HIDDEN = "\N{ZERO WIDTH SPACE}"


def sentence(text: str, most: int = MOST_TEXT) -> str:
    """A text within a line: on one line, cut where it is long, read as nothing but text."""
    kept = short(plain(text).strip(), most)
    if _CLEAN_TEXT.fullmatch(kept):
        return _STRUCTURE.sub(_entity, kept)
    return _text(_REFERENCE.sub(lambda found: f"{found[0]}{_HIDDEN}", kept))


def name(text: str, most: int = MOST_NAME) -> str:
    """A name as code, in a table or anywhere."""
    kept = short(plain(text).strip(), most) or "(no name)"
    if _CLEAN_NAME.fullmatch(kept):
        return f"`{kept}`"
    # In code of HTML there are no references, but addresses are still linked.
    return f"<code>{_text(kept.replace('@', f'@{_HIDDEN}'))}</code>"


def _text(text: str) -> str:
    # After its colon or dot an address would go on with the space as a part of the host's name.
    broken = _ADDRESS.sub(lambda found: f"{_HIDDEN}{found[0]}", text)
    return _STRUCTURE.sub(_entity, broken).replace(_HIDDEN, BREAK)


def _entity(found: re.Match[str]) -> str:
    return "".join(f"&#{ord(each)};" for each in found[0])
