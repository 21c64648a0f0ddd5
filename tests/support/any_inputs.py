"""Inputs that answer whatever an estimator asks of them: made up when they are asked for.

A seed decides what every path holds, so that an estimator's own questions lead to what it may be given,
without a list of its fields. Words are from the estimators themselves: values that they compare with.
"""

import ast
import random
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import trimtab.pricing.estimators
from trimtab.resources.inputs import SECRET, UNKNOWN

NUMBERS = (0, 1, 2, 3, 10, 100, 730, 1024, 20_000, 0.5)
MACHINES = (
    "m7i.large",
    "p5.48xlarge",
    "db.r5.large",
    "cache.m5.large",
    "weird.9xlarge",
    "Standard_D4s_v5",
    "Standard_NC24ads_A100_v4",
    "GP_Gen5_2",
    "P1v3",
    "n2-standard-4",
    "custom-4-8192",
    "a2-highgpu-1g",
    "db-custom-2-7680",
    "500m",
    "10Gi",
)
HOSTILE: tuple[Any, ...] = (
    *(-1, -0.0, 1e308, -1e308, float("inf"), float("nan"), 10**30, 10**400),
    *(True, False, None, "", "NaN", "-5", "1e999", "0x10", "²", "٣", "9" * 400, "inf"),
    *("db.r5.²xlarge", f"db.r5.{'9' * 5000}xlarge", "1.2.3Gi", "...", "Dedicated_²", "2x²"),
    *(f"Standard_D{'9' * 5000}_v3", f"custom-{'9' * 5000}-1024", f"v5e-{'9' * 400}"),
    *("../../x", "/etc/passwd", "*", "us-east-1\0", "x" * 3000, "\u202e", "\n"),
)


class AnyInputs(Mapping[str, Any]):
    """A mapping whose every value a seed and the path decide, made when it is first asked for.

    Args:
        seed: what decides.
        hostile: whether values that no provider takes are among them.
    """

    def __init__(self, seed: int, *, hostile: bool, path: str = "", depth: int = 0) -> None:
        self._seed, self._hostile, self._path, self._depth = seed, hostile, path, depth
        self._made: dict[str, tuple[Any, bool]] = {}

    def __getitem__(self, key: str) -> Any:
        if key not in self._made:
            self._made[key] = self._value(key)
        value, there = self._made[key]
        if not there:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter([key for key, (_, there) in self._made.items() if there])

    def __len__(self) -> int:
        return sum(1 for _ in self) or 1  # nothing was asked yet: who knows

    def plain(self) -> Any:
        """What was asked for, as plain data."""
        return {key: _plain(self._made[key][0]) for key in self}

    def _value(self, key: str) -> tuple[Any, bool]:
        drawn = random.Random(f"{self._seed}/{self._path}/{key}")  # noqa: S311 - a test's
        dice = drawn.random()
        if dice < 0.3:
            return None, False
        if dice < 0.38:
            return drawn.choice((UNKNOWN, UNKNOWN, SECRET)), True
        if dice < 0.5 and self._hostile:
            return drawn.choice((*HOSTILE, [], {}, [[]], [None], [{}], [1, "a"], {"a": {}})), True
        if dice < 0.72:
            number = drawn.choice(NUMBERS)
            return (number if dice < 0.66 else str(number)), True
        if dice < 0.76:
            return drawn.choice((True, False)), True
        if dice < 0.82:
            return drawn.choice(MACHINES), True
        if dice < 0.92 and self._depth < 5:
            return self._blocks(
                f"{self._path}.{key}", 0 if dice < 0.87 else drawn.choice((1, 2, 3))
            )
        words = drawn.choices(_words(), k=2)
        return (words[0] if dice < 0.98 else words), True

    def _blocks(self, path: str, count: int) -> tuple[Any, bool]:
        """One block, where the count is 0, or a list of them."""
        found = [
            AnyInputs(
                self._seed, hostile=self._hostile, path=f"{path}[{index}]", depth=self._depth + 1
            )
            for index in range(count or 1)
        ]
        return (found if count else found[0]), True


def _plain(value: Any) -> Any:
    if isinstance(value, AnyInputs):
        return value.plain()
    return [_plain(each) for each in value] if isinstance(value, list) else value


@cache
def _words() -> tuple[str, ...]:
    """The short texts in the estimators' sources."""
    folder = Path(trimtab.pricing.estimators.__file__).parent
    constants = (
        node.value
        for path in sorted(folder.glob("*/*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant)
    )
    return tuple(
        sorted({each for each in constants if isinstance(each, str) and 0 < len(each) < 40})
    )
