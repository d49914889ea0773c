"""Chromium, driven as a person drives it: real keys and clicks by its DevTools protocol, over a pipe, without a network."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]
# The protocol is read from descriptor 3 and written to 4.
ON_PIPES = """import fcntl, os, sys
for descriptor, place in [(fcntl.fcntl(int(end), fcntl.F_DUPFD, 10), place) for place, end in enumerate(sys.argv[1:3], 3)]:
    os.dup2(descriptor, place)
os.execv(sys.argv[3], sys.argv[3:])"""
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)")
SHIFT, CONTROL = 8, 2  # of the protocol's modifiers
KEYS = {  # name -> code of the key, and the text that it types
    "Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, ""), " ": (32, " "), "End": (35, ""), "Home": (36, ""),
    "ArrowLeft": (37, ""), "ArrowUp": (38, ""), "ArrowRight": (39, ""), "ArrowDown": (40, ""),
}  # fmt: skip


class Browser:
    """One process of the browser, with one page."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.calls = folder, 0
        read, theirs = os.pipe()
        ours, write = os.pipe()
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--remote-debugging-pipe", "about:blank"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", ON_PIPES, str(ours), str(theirs), *command],
            pass_fds=(ours, theirs), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(folder)},
        )  # fmt: skip
        os.close(ours)
        os.close(theirs)
        self.read, self.write = os.fdopen(read, "rb"), os.fdopen(write, "wb")
        self.session, self.events = "", []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Log.enable")

    def close(self) -> None:
        """Stop it."""
        with suppress(BrokenPipeError):
            self.write.close()
        self.process.terminate()
        self.process.wait(timeout=20)
        self.read.close()

    def call(self, method: str, **values):
        """Ask for something and wait for the answer."""
        self.calls += 1
        asked = {"id": self.calls, "method": method, "params": values}
        if self.session:
            asked["sessionId"] = self.session
        self.write.write(json.dumps(asked).encode() + b"\0")
        self.write.flush()
        while True:
            said = self._next()
            if said.get("id") == self.calls:
                assert "error" not in said, said
                return said["result"]

    def _next(self):
        said = bytearray()
        while (byte := self.read.read(1)) != b"\0":
            assert byte, "the browser has ended"
            said += byte
        said = json.loads(said)
        if "method" in said:
            self.events.append(said)
        return said

    def open(self, page: str, *, width: int = 1280, height: int = 900, phone: bool = False, **media: str) -> None:
        """Show a page in a window of a size, with what a person has set: `prefers_color_scheme="dark"`."""
        path = self.folder / "page.html"
        path.write_text(page, encoding="utf-8")
        self.resize(width, height, phone=phone)
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        self.call("Emulation.setEmulatedMedia", features=features)
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._next()

    def resize(self, width: int, height: int = 900, *, phone: bool = False) -> None:
        """Give the window another size."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)

    @property
    def complaints(self) -> list[str]:
        """What the browser's console says against the page, what its policy forbids among it."""
        return [event["params"]["entry"]["text"] for event in self.events if event["method"] == "Log.entryAdded"]

    def run(self, script: str):
        """What a function of this body returns in the page."""
        said = self.call(
            "Runtime.evaluate",
            expression=f"(() => {{ {script} }})()",
            returnByValue=True,
            awaitPromise=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in said, said["exceptionDetails"]["exception"]["description"]
        return said["result"].get("value")

    def see(self, expression: str):
        """The value of an expression in the page."""
        return self.run(f"return {expression};")

    def press(self, *keys: str, modifiers: int = 0) -> None:
        """Press keys one after another: a name of KEYS or a character."""
        for key in keys:
            code, text = KEYS.get(key, (ord(key.upper()[0]), key))
            about = {"key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
            about |= {"code": key if len(key) > 1 else f"Key{key.upper()}"}
            self.call("Input.dispatchKeyEvent", type="keyDown", text="" if modifiers & CONTROL else text, **about)
            self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def type(self, text: str) -> None:
        """Type a text where the focus is."""
        self.press(*text)

    def place(self, element: str) -> tuple[float, float]:
        """The middle of the element that an expression gives, brought into the window, when it has come to rest."""
        return tuple(self.run(f"""const element = {element};
          element.scrollIntoView({{ block: "center", inline: "nearest" }});
          return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {{
            const box = element.getClientRects()[0];
            done([box.x + box.width / 2, box.y + box.height / 2]);
          }})));"""))  # fmt: skip

    def click(self, element: str) -> None:
        """Click the element that an expression gives, with the mouse."""
        x, y = self.place(element)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def point(self, element: str) -> None:
        """Bring the pointer over the element that an expression gives."""
        x, y = self.place(element)
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def touch(self, element: str) -> None:
        """Tap the element that an expression gives, with a finger."""
        x, y = self.place(element)
        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def picture(self, *, whole: bool = False) -> bytes:
        """What is seen, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"])
