"""Scripts for machines: settings before a text that stands in a file of its own.

Pure. A script is a list of settings, each quoted for the shell, then files of this folder or of a
distribution's, then the one line that begins it: a transfer that broke off does nothing. It is read from
standard input (`sh -s -- apply`), so nothing of it stands on a command line.
"""

import json
import shlex
from collections.abc import Iterable, Mapping
from importlib.resources import files

LAST_LINE = 'main "$@" </dev/null'
"""Its programs must not read the rest of the script that the shell is reading."""


def script(
    settings: Mapping[str, str], parts: Iterable[tuple[str, str]], functions: str = ""
) -> str:
    """A whole script.

    Args:
        settings: values by the variable's name.
        parts: packages and the files in them, in order.
        functions: those that are made for this machine.
    """
    head = "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
    bodies = "\n".join(_text(*part) for part in parts)
    return f"#!/bin/sh\n{head}\n{bodies}\n{functions}\n{LAST_LINE}\n"


def put(mode: str, path: str, content: str) -> str:
    """The line that writes a file."""
    return f"  put {mode} {path} {shlex.quote(content)}\n"


def cloud_config(path: str, text: str) -> str:
    """A cloud-config that writes a script and runs it, for a machine that makes itself a node.

    Args:
        path: where the script is kept, readable by root alone.
        text: the script.
    """
    document = {
        "write_files": [
            {"path": path, "owner": "root:root", "permissions": "0700", "content": text}
        ],
        "runcmd": [["sh", path, "apply"]],
    }
    # JSON is YAML, and says of every value what it is.
    return f"#cloud-config\n{json.dumps(document, indent=1, sort_keys=True)}\n"


def _text(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text("utf-8")
