"""A real browser in tests: what a page became, what it looks like, and what it complained of.

Chromium runs headless on a file, once a question, with every name unresolvable and a dead proxy: a page
that wants the network can't have it, and its net log says that it tried. No driver is needed.
"""

import base64
import json
import os
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tools.debian import BROWSER, AbsentError, find

OFFLINE = (
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=http://127.0.0.1:9",
    # What the browser itself would fetch is not the page's doing.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
)
QUIET = (
    "--headless=new",
    "--no-sandbox",  # containers run as root; the pages are the tests' own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--enable-logging=stderr",
    "--lang=en-GB",
)
CONSOLE = re.compile(r"CONSOLE(?::|\()\d+\)?\]\s*(?P<said>.*)")
LOCAL = frozenset({"file", "data", "blob", "about"})
DARK = "--blink-settings=preferredColorScheme=0"

READER = """<!DOCTYPE html><body><img src="data:image/png;base64,PICTURE"><script>
const image = document.images[0];
addEventListener("load", () => {
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const counts = {};
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4) {
    const colour = data[at] * 65536 + data[at + 1] * 256 + data[at + 2];
    counts[colour] = (counts[colour] ?? 0) + 1;
  }
  const named = Object.entries(counts).map(([key, n]) => [(+key).toString(16).padStart(6, "0"), n]);
  const pre = document.createElement("pre");
  pre.textContent = JSON.stringify(Object.fromEntries(named));
  image.replaceWith(pre);
});
</script></body>"""


@dataclass(frozen=True)
class Visit:
    """One look at a page.

    Attributes:
        dom: the document once it was loaded, as HTML.
        console: what the page or the browser wrote to the console: errors, refusals.
        requested: addresses that were asked for, other than files' and data.
    """

    dom: str
    console: tuple[str, ...]
    requested: tuple[str, ...]


@dataclass(frozen=True)
class Browser:
    """The browser and a folder for its profile, logs and pictures."""

    binary: Path
    folder: Path

    def visit(self, page: Path) -> Visit:
        """Open a file and read what it became, half a second of its time later.

        The window is 1400 CSS pixels wide; a narrower page is a frame in another.

        Raises:
            RuntimeError: the browser failed; with what it said.
        """
        log = self.folder / "net.json"
        ways = ("--virtual-time-budget=500", f"--log-net-log={log}", "--dump-dom")
        seen = self._run("--window-size=1400,1000", *ways, page.resolve().as_uri())
        console = tuple(found["said"] for found in CONSOLE.finditer(seen.stderr))
        return Visit(seen.stdout, console, _requested(log))

    def colours(self, page: Path, width: int, height: int, *, dark: bool = False) -> "Counter[str]":
        """How many pixels of each colour (`0060a8`) a file shows in a window of that size.

        The browser takes the picture, and reads it again: it has a decoder at hand.

        Raises:
            RuntimeError: the browser failed; with what it said.
        """
        picture, reader = self.folder / "picture.png", self.folder / "picture.html"
        ways = (f"--window-size={width},{height}", *([DARK] if dark else []))
        self._run(*ways, f"--screenshot={picture}", page.resolve().as_uri())
        data = base64.b64encode(picture.read_bytes()).decode()
        reader.write_text(READER.replace("PICTURE", data), encoding="utf-8")
        found = re.search(r"<pre>(.*?)</pre>", self.visit(reader).dom)
        if not found:
            raise RuntimeError(f"the browser could not read {picture}")
        return Counter(json.loads(found[1]))

    def _run(self, *ways: str) -> "subprocess.CompletedProcess[str]":
        profile = f"--user-data-dir={self.folder / 'profile'}"
        ended = subprocess.run(
            [self.binary, *QUIET, *OFFLINE, profile, *ways],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=120,
            check=False,
        )
        if ended.returncode != 0:
            tail = "\n".join(ended.stderr.splitlines()[-20:])
            raise RuntimeError(f"the browser ended with status {ended.returncode}\n{tail}")
        return ended


def browser(folder: Path) -> Browser:
    """The browser; skips the test where there is none, and fails it in CI, as engines do."""
    try:
        return Browser(find(BROWSER), folder)
    except AbsentError as error:
        if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
            pytest.fail(f"{error} (a missing browser fails in CI)", pytrace=False)
        pytest.skip(str(error))


def _requested(log: Path) -> tuple[str, ...]:
    """The addresses in a net log that the page asked for and that would leave the machine.

    The browser's own requests have no origin as initiator.
    """
    net = json.loads(log.read_text("utf-8", errors="replace"))
    started = net["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    found = {
        event["params"]["url"]
        for event in net["events"]
        if event["type"] == started
        and event.get("params", {}).get("initiator", "not an origin") != "not an origin"
    }
    return tuple(sorted(each for each in found if urlsplit(each).scheme not in LOCAL))
