"""Build the pinned environments: `python tools/bootstrap.py pulumi function`.

Every Python from 2.7 on can parse this file, because it exists to say that a Python is too old; the
work is in tools/environments.py, which uses today's language.
"""

import os
import subprocess
import sys

NEEDED = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def version(parts):
    # type: (tuple[int, ...]) -> str
    return ".".join(str(part) for part in parts)


def runs(program):
    # type: (str) -> bool
    """Whether the program starts and is new enough; a version manager's shim may do neither."""
    code = "import sys; sys.exit(sys.version_info < (%d, %d))" % NEEDED
    with open(os.devnull, "w") as null:
        try:
            return subprocess.call([program, "-c", code], stdout=null, stderr=null) == 0
        except OSError:
            return False


def suitable(path):
    # type: (str) -> str | None
    """The name of the newest `python3.N` on a PATH that is new enough and starts."""
    for minor in range(NEEDED[1] + 9, NEEDED[1] - 1, -1):
        name = "python3.%d" % minor
        for folder in path.split(os.pathsep):
            program = os.path.join(folder, name)
            if os.access(program, os.X_OK) and runs(program):
                return name
    return None


def refusal(found, path):
    # type: (tuple[int, ...], str) -> str | None
    """Why this Python will not do, with the mend; None when it will."""
    if found[:2] >= NEEDED:
        return None
    program = suitable(path)
    mend = (
        "run `make PYTHON=%s ...`" % program
        if program
        else "install Python %s or newer, then run `make PYTHON=python%s ...`"
        % (version(NEEDED), version(NEEDED))
    )
    return "Python %s is too old (%s); Trimtab needs %s or newer: %s" % (
        version(found[:3]),
        sys.executable,
        version(NEEDED),
        mend,
    )


def main():
    # type: () -> int
    reason = refusal(tuple(sys.version_info[:3]), os.environ.get("PATH", os.defpath))
    if reason:
        sys.stderr.write("error: %s\n" % reason)
        return 2
    sys.path.insert(0, ROOT)
    from tools.environments import main as build

    return build(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
