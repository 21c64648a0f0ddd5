"""A program's own exceptions as one line that names the program's file and line."""

import traceback
from pathlib import Path

from pulumi.errors import RunError

from trimtab.errors import InputError, TrimtabError
from trimtab_components.engines.project import Project


def program_error(error: BaseException, project: Project) -> TrimtabError:
    """What to raise for an exception that ended the program.

    A TrimtabError anywhere in its chain is the cause and is returned as it is; anything else becomes
    an InputError at the innermost line of the program's own code.
    """
    for cause in _chain(error):
        if isinstance(cause, TrimtabError):
            return cause
    text = " ".join(str(error).split())
    kind = "" if isinstance(error, RunError) else f"{type(error).__name__}: "
    return InputError(f"the program fails: {kind}{text}", where=_place(error, project))


def _chain(error: BaseException | None) -> list[BaseException]:
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain


def _place(error: BaseException, project: Project) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_shown(Path(error.filename))}:{error.lineno}"
    for cause in reversed(_chain(error)):
        frames = [
            frame
            for frame in traceback.extract_tb(cause.__traceback__)
            if "site-packages" not in Path(frame.filename).parts
        ]
        own = [frame for frame in frames if Path(frame.filename).is_relative_to(project.program)]
        near = [frame for frame in frames if Path(frame.filename).is_relative_to(project.folder)]
        if found := own or near:
            return f"{_shown(Path(found[-1].filename))}:{found[-1].lineno}"
    return _shown(project.main)


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
