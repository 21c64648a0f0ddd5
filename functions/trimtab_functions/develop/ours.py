"""Which steps of a Composition are ours, and their call."""

from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.errors import InputError

INPUT_GROUP_SUFFIX = ".fn.trimtab.dev"
"""Of the groups of our steps' inputs."""

PACKAGE_NAME = "function-trimtab-capacity"
"""The name that the package is installed under unless one chooses another."""

Document = Mapping[str, Any]


def steps(composition: Document) -> Iterator[Document]:
    """The steps of the pipeline.

    Raises:
        InputError: the Composition has none.
    """
    if composition.get("kind") != "Composition":
        raise InputError(
            f"is a {composition.get('kind')}, no Composition", where="COMPOSITION", mend="give one"
        )
    spec = composition.get("spec") or {}
    pipeline = spec.get("pipeline")
    if spec.get("mode", "Pipeline") != "Pipeline" or not isinstance(pipeline, list):
        raise InputError("has no pipeline", where="COMPOSITION", mend="write spec.pipeline")
    for number, step in enumerate(pipeline):
        named = isinstance(step, dict) and isinstance(step.get("functionRef"), dict)
        if not named or not step.get("step") or not step["functionRef"].get("name"):
            raise InputError(
                "needs step and functionRef.name",
                where=f"COMPOSITION, spec.pipeline[{number}]",
                mend="write them",
            )
        yield step


def is_ours(step: Document) -> bool:
    """Whether one of our functions takes the step: by its input, else by the function's name."""
    given = step.get("input")
    if isinstance(given, dict):
        group = str(given.get("apiVersion", "")).partition("/")[0]
        return group.endswith(INPUT_GROUP_SUFFIX)
    return bool(step["functionRef"]["name"] == PACKAGE_NAME)
