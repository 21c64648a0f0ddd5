"""JSON of any size, read a piece at a time.

A plan of ten thousand resources is a hundred megabytes, and as Python objects half a gigabyte, most of it
outputs that no price depends on. So the text is held in a window; containers that are only a way to others
are walked, everything else is decoded by the standard library, handed over and forgotten. What is wrong is
said with the byte at which it stands.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from trimtab.errors import InputError

WINDOW = 1 << 20
_SPACE = re.compile(r"[ \t\n\r]*")
_CUT = "the text ends in the middle: the command may have failed half-way; look at its stderr"


class JsonStream:
    """A text of JSON, asked for its parts in their order.

    Args:
        read: gives up to so many more characters; "" at the end.
        source: the file's name, for errors.
    """

    def __init__(self, read: Callable[[int], str], source: str) -> None:
        self.source = source
        self._read = read
        self._text, self._at, self._ended = "", 0, False
        self._bytes = 0  # before the window
        self._decode = json.JSONDecoder().raw_decode

    def peek(self) -> str:
        """The next character that is no space; "" at the end of the text."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def ahead(self, characters: int = 4096) -> str:
        """What comes next, up to so many characters; it stays unread."""
        while len(self._text) - self._at < characters and self._more():
            continue
        return self._text[self._at : self._at + characters]

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._more():
                    continue
                self._fail(error)
            except RecursionError:
                self._refuse("is nested too deeply", "is it what the engine wrote?")
            except ValueError:  # more digits than Python turns into a number
                self._refuse(
                    "has a number with thousands of digits", "is it what the engine wrote?"
                )
            # A number may go on beyond the window.
            if end == len(self._text) and self._text[end - 1 : end] in _NUMERIC and self._more():
                continue
            self._at = end
            return value

    def keys(self) -> Iterator[str]:
        """The keys of the object that comes next; the value of each must be taken before the next key."""
        self._expect("{", "an object")
        if self.peek() == "}":
            self._at += 1
            return
        seen: set[str] = set()
        while True:
            if self.peek() != '"':
                self._unexpected("a key")
            key = self.value()
            if key in seen:
                self._refuse(f"key {key} stands twice", "write it once")
            seen.add(key)
            self._expect(":", "a colon")
            yield key
            if self._ends("}"):
                return

    def items(self) -> Iterator[None]:
        """Once for each item of the array that comes next; each must be taken before the next."""
        self._expect("[", "an array")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield None
            if self._ends("]"):
                return

    def _ends(self, closing: str) -> bool:
        following = self.peek()
        if following not in (closing, ","):
            self._unexpected(f"a comma or {closing}")
        self._at += 1
        return following == closing

    def _expect(self, character: str, what: str) -> None:
        if self.peek() != character:
            self._unexpected(what)
        self._at += 1

    def _more(self) -> bool:
        """Take more of the text into the window; False where there is none."""
        if self._ended:
            return False
        # The window doubles while one value does not fit, so that no value is decoded often.
        more = self._read(max(WINDOW, len(self._text) - self._at))
        if not more:
            self._ended = True
            return False
        self._bytes += _length(self._text[: self._at])
        self._text, self._at = self._text[self._at :] + more, 0
        return True

    def _fail(self, error: json.JSONDecodeError) -> NoReturn:
        rest = self._text[error.pos :].strip()
        if not rest or error.msg.startswith("Unterminated"):
            self._cut()
        self._refuse(f"is not JSON ({error.msg[0].lower()}{error.msg[1:]})", None, error.pos)

    def _unexpected(self, wanted: str) -> NoReturn:
        if not self.peek():
            self._cut()
        self._refuse(f"is not JSON ({wanted} is missing)", None)

    def _cut(self) -> NoReturn:
        self._refuse("is not whole JSON", _CUT, len(self._text))

    def _refuse(self, message: str, mend: str | None, at: int | None = None) -> NoReturn:
        at = self._at if at is None else at
        place = self._bytes + _length(self._text[:at])
        raise InputError(message, where=f"{self.source}, byte {place}", mend=mend) from None


_NUMERIC = frozenset("0123456789.eE+-")


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
