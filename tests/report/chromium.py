"""Headless Chromium, driven through a pair of pipes; nothing of it goes over a network."""

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SWITCHES = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio"),
    *("--remote-debugging-pipe", "--no-first-run", "--disable-background-networking", "--disable-extensions"),
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
    *("--autoplay-policy=no-user-gesture-required", "--force-color-profile=srgb", "--hide-scrollbars"),
)


def find_chromium() -> str | None:
    """The browser that `CHROMIUM` names, or one on the path; None without any."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


class Chromium:
    """One page of a browser of its own.

    Attributes:
        problems: errors and warnings of the console, uncaught exceptions, and what the page tried to fetch.
    """

    def __init__(self, program: str, width: int = 1280, height: int = 900, dark: bool = False):
        self.problems: list[str] = []
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_browser, from_us = os.pipe()
        from_browser, to_us = os.pipe()
        # The browser reads commands from 3 and writes answers to 4, which the ends may themselves be.
        command = f'exec 8<&{to_browser} 9>&{to_us}; exec 3<&8 4>&9 8<&- 9>&-; exec "$0" "$@"'
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", command, program, *SWITCHES]
            + [f"--user-data-dir={self._profile.name}", f"--window-size={width},{height}", "about:blank"],
            pass_fds=(to_browser, to_us),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_browser)
        os.close(to_us)
        self._write, self._read = from_us, from_browser
        self._numbers = itertools.count(1)
        self._buffer = b""
        self._session = None
        self._loaded = False
        self._own: tuple[str, ...] = ("file:", "data:", "blob:")
        targets = self.send("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self.send("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.send("Emulation.setDeviceMetricsOverride", **size)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        try:
            self._session = None
            self.send("Browser.close")
            self._process.wait(10)
        except (OSError, TimeoutError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._write)
        os.close(self._read)
        self._profile.cleanup()

    def send(self, method: str, timeout_s: float = 60.0, **parameters):
        """Give a command and wait for its answer."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + timeout_s
        while True:
            answer = self._receive(until)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, page: Path | str, timeout_s: float = 60.0) -> None:
        """Open a file, or an address at whose server the page may ask for more, and wait until all of it is there."""
        self._own = ("file:", "data:", "blob:", *([page] if isinstance(page, str) else []))
        url = page if isinstance(page, str) else page.resolve().as_uri()
        self._go("Page.navigate", timeout_s, url=url)

    def reload(self, timeout_s: float = 60.0) -> None:
        """Load the page anew."""
        self._go("Page.reload", timeout_s)

    def _go(self, method: str, timeout_s: float, **parameters) -> None:
        self._loaded = False
        self.send(method, **parameters)
        until = time.monotonic() + timeout_s
        while not self._loaded:
            self._receive(until)

    def evaluate(self, expression: str):
        """The value of a JavaScript expression, awaited if it is a promise."""
        result = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"].get("description", expression))
        return result["result"].get("value")

    def wait_for(self, expression: str, timeout_s: float = 20.0) -> None:
        """Wait until an expression is true."""
        until = time.monotonic() + timeout_s
        while not self.evaluate(expression):
            if time.monotonic() > until:
                raise TimeoutError(f"it never came true: {expression}; {self.problems}")
            time.sleep(0.05)

    def press(self, key: str) -> None:
        """Press a key: a letter, a digit, or a name such as `ArrowRight`."""
        text = {"text": key} if len(key) == 1 else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def box(self, selector: str) -> dict[str, float]:
        """Where an element is in the window, once it was scrolled there: x, y, width and height."""
        return self.evaluate(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)});"
            " one.scrollIntoView({ block: 'center' }); const b = one.getBoundingClientRect();"
            " return { x: b.x, y: b.y, width: b.width, height: b.height }; })()"
        )

    def click(self, selector: str) -> None:
        """Click into the middle of an element with the mouse."""
        box = self.box(selector)
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **at)

    def screenshot(self, path: Path, selector: str | None = None, whole: bool = False) -> None:
        """A PNG of what is seen, of an element, or of the whole page."""
        options = {}
        if selector:
            box = self.box(selector)
            box["y"] += self.evaluate("scrollY")
            options = {"clip": {**box, "scale": 1}, "captureBeyondViewport": True}
        elif whole:
            options = {"captureBeyondViewport": True}
            size = self.send("Page.getLayoutMetrics")["cssContentSize"]
            options["clip"] = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        path.write_bytes(
            base64.b64decode(self.send("Page.captureScreenshot", format="png", **options)["data"])
        )

    def _receive(self, until: float) -> dict:
        while b"\0" not in self._buffer:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._read], [], [], left)[0]:
                raise TimeoutError("the browser does not answer")
            data = os.read(self._read, 1 << 20)
            if not data:
                raise OSError("the browser has ended")
            self._buffer += data
        text, self._buffer = self._buffer.split(b"\0", 1)
        message = json.loads(text)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, method: str | None, of: dict) -> None:
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Runtime.exceptionThrown":
            details = of["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and of["type"] in ("error", "warning", "assert"):
            self.problems.append(" ".join(str(part.get("value", part)) for part in of["args"]))
        elif method == "Log.entryAdded" and of["entry"]["level"] in ("error", "warning"):
            self.problems.append(of["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            url = of["request"]["url"]
            if not url.startswith(self._own):
                self.problems.append(f"the page asked for {url}")


def nameless(page) -> list[str]:
    """Roles of what takes the focus on a page and has no name for those who do not see it."""
    page.send("Accessibility.enable")
    nodes = page.send("Accessibility.getFullAXTree")["nodes"]
    return [
        node["role"]["value"]
        for node in nodes
        if not node.get("ignored")
        and any(one["name"] == "focusable" and one["value"]["value"] for one in node.get("properties", ()))
        and not node.get("name", {}).get("value")
        and node["role"]["value"] != "MenuListPopup"
    ]
