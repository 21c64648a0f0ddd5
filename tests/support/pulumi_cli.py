"""Pulumi's own command line, with its state in a folder: no account, no plugin downloads."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.engines import engine_path


@dataclass(frozen=True)
class PulumiCli:
    """The `pulumi` command and the environment in which it keeps to its folder.

    For the Automation API: `LocalWorkspace` takes `PulumiCommand(root=str(cli.root))` and
    `env_vars=cli.env`.
    """

    binary: Path
    folder: Path

    @property
    def root(self) -> Path:
        """The folder whose bin/ has the binary, as the Automation API asks for it."""
        return self.binary.parent.parent

    @property
    def env(self) -> dict[str, str]:
        """What must be set; the binary comes first on PATH, providers after it."""
        return {
            "PATH": os.pathsep.join([str(self.binary.parent), os.environ.get("PATH", "")]),
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "tests",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }

    def run(
        self, *arguments: str | Path, cwd: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run the command; never raises on its exit status."""
        return subprocess.run(
            [self.binary, *arguments],
            cwd=cwd or self.folder,
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def pulumi_cli(folder: Path) -> PulumiCli:
    """The command, built by `make engines`; skips (fails in CI) where it is absent.

    Args:
        folder: where its home and its state are made.
    """
    cli = PulumiCli(engine_path("pulumi"), folder)
    (folder / "state").mkdir()
    return cli
