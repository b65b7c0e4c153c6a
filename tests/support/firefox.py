"""A real Firefox, driven over WebDriver BiDi (https://w3c.github.io/webdriver-bidi/) without geckodriver.

Camera and microphone are Firefox's own fakes, granted without a question. Every name resolves to this machine, so
that nothing of it ever leaves.

WebRTC in Firefox offers its peers only the address of the default route, whatever `media.peerconnection.ice.loopback`
says: without a default route over some interface besides `lo`, no two peers connect, and `network_missing()` says so in
words. The route need not lead anywhere. `Firefox(host=IsolatedHost().start())` always has one; see network.py."""

from __future__ import annotations

import base64
import json
import math
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.support.network import IsolatedHost
from tests.support.services import Missing

ANSWER_SECONDS = 60.0
STARTED_SECONDS = 30.0
"""For a browser that has just been started, and has to connect to its push service first."""
WAIT_SECONDS = 10.0
POLL_SECONDS = 0.02

Preference = bool | int | str

PREFERENCES: dict[str, Preference] = {
    # Only BiDi, without the older protocol beside it.
    "remote.active-protocols": 1,
    # Nothing leaves this machine: names lead to it, and what calls home by itself is off.
    "network.dns.forceResolve": "127.0.0.1",
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.blockedURIs.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
    # A quiet, empty start.
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "browser.tabs.warnOnClose": False,
    "datareporting.policy.firstRunURL": "",
    # A camera and a microphone that need no hardware and ask nobody.
    "media.autoplay.default": 0,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
}


class FirefoxError(RuntimeError):
    """Firefox refused a command; the message is its own."""


class PageError(RuntimeError):
    """A script of the test threw in the page; the message is the page's."""


def program() -> str:
    """Where Firefox is.

    Raises:
        Missing: nowhere.
    """
    found = shutil.which("firefox-esr") or shutil.which("firefox")
    if found is None:
        raise Missing("no Firefox: apt-get install firefox-esr")
    return found


def network_missing() -> str:
    """Why WebRTC in a Firefox on this machine itself cannot connect, in words; empty where it can."""
    routes = Path("/proc/net/route")
    if not routes.exists():
        return ""  # not Linux: no way to tell beforehand
    for line in routes.read_text().splitlines()[1:]:
        interface, destination = line.split()[:2]
        if interface != "lo" and destination == "00000000":
            return ""
    return "Firefox connects no peers here: this machine has no default route over an interface besides lo"


class Firefox:
    """One Firefox process with a profile of its own; `with Firefox() as firefox: tab = firefox.open(url)`.

    Args:
        preferences: further ones for `user.js`, over those of this module.
        profile: its folder, kept at the end, so that another Firefox can go on with it; a fresh one, removed at the
            end, when omitted.
        system_access: `--remote-allow-system-access`: chrome contexts such as notifications can be driven too.
        host: the isolated host it runs on; this machine when omitted.
    """

    def __init__(
        self,
        preferences: Mapping[str, Preference] | None = None,
        *,
        profile: str | Path | None = None,
        system_access: bool = False,
        host: IsolatedHost | None = None,
    ) -> None:
        self.preferences = {**PREFERENCES, **(preferences or {})}
        self.system_access = system_access
        self.host = host
        self.process: subprocess.Popen[bytes] | None = None
        self.events: deque[dict[str, Any]] = deque(maxlen=5000)
        """What Firefox reported by itself lately: `{"method": ..., "params": ...}`."""
        self._given_profile = Path(profile) if profile else None
        self._folder: Path | None = None
        self._socket: ClientConnection | None = None
        self._connection = ExitStack()
        self._listener: threading.Thread | None = None
        self._waiting: dict[int, Future[Any]] = {}
        self._next_id = 0
        self._lock = threading.Lock()

    @property
    def profile(self) -> Path:
        assert self._folder is not None, "Firefox has not been started"
        return self._given_profile or self._folder / "profile"

    @property
    def output(self) -> str:
        """What the process printed, for failure messages."""
        log = self._folder / "output" if self._folder else None
        return log.read_text(errors="replace") if log and log.exists() else ""

    @property
    def complaints(self) -> list[str]:
        """Every console error and uncaught exception of every page so far, as `page: text`."""
        return [
            f"{each['params']['source'].get('context', '')}: {each['params']['text']}"
            for each in list(self.events)
            if each["method"] == "log.entryAdded" and each["params"]["level"] == "error"
        ]

    def start(self, timeout_seconds: float = 60) -> Self:
        """Start it and wait until it can be driven.

        Raises:
            Missing: there is no Firefox.
            RuntimeError: it ended or said nothing in time; the message holds its output.
        """
        try:
            self._launch(program())
            self._connect(time.monotonic() + timeout_seconds)
            self.send("session.new", capabilities={"alwaysMatch": {"unhandledPromptBehavior": {"default": "ignore"}}})
            self.send("session.subscribe", events=["log.entryAdded"])
        except BaseException as error:
            said = self.output
            self.kill()
            if isinstance(error, FirefoxError | OSError | TimeoutError | WebSocketException):
                raise RuntimeError(f"Firefox did not become ready: {error}\n{said}") from error
            raise
        return self

    def open(self, url: str = "about:blank", *, apart: bool = False) -> Tab:
        """A new tab, its page loaded.

        Args:
            apart: with cookies and storage of its own (a user context), as another person or device would have.
        """
        container = self.send("browser.createUserContext")["userContext"] if apart else "default"
        context = self.send("browsingContext.create", type="tab", userContext=container)["context"]
        tab = Tab(self, context, container)
        if url != "about:blank":
            tab.navigate(url)
        return tab

    def send(self, method: str, timeout_seconds: float = ANSWER_SECONDS, **parameters: Any) -> dict[str, Any]:
        """One BiDi command; gives its result.

        Raises:
            FirefoxError: it was refused, or the connection is gone.
            TimeoutError: no answer in time.
        """
        assert self._socket is not None, "Firefox is not running"
        answer: Future[Any] = Future()
        with self._lock:
            self._next_id += 1
            number = self._next_id
            self._waiting[number] = answer
        try:
            self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
            return answer.result(timeout_seconds)
        except ConnectionClosed as error:
            raise FirefoxError(f"{method}: the connection to Firefox is gone\n{self.output}") from error
        except TimeoutError:
            raise TimeoutError(f"{method}: no answer from Firefox within {timeout_seconds:g} s") from None
        finally:
            self._waiting.pop(number, None)

    def stop(self, timeout_seconds: float = 20) -> None:
        """Close it as a person would, so that the profile is written out; kills it if it does not end in time."""
        if self.process is not None and self._socket is not None:
            try:
                self.send("browser.close", timeout_seconds)
                self.process.wait(timeout_seconds)
            except (FirefoxError, TimeoutError, subprocess.TimeoutExpired):
                pass  # kill() ends what did not
        self.kill()

    def kill(self) -> None:
        """SIGKILL to Firefox and all of its processes; removes what was made for it. Harmless when repeated."""
        if self.process is not None:
            family = _family(self.process.pid)
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            for each in family:
                if each.is_running():
                    each.kill()
            self.process.wait(15)
            self.process = None
        self._connection.close()
        self._socket = None
        if self._listener is not None:
            self._listener.join(5)
            self._listener = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _launch(self, executable: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="callinvite-firefox-"))
        self.profile.mkdir(parents=True, exist_ok=True)
        self._announcement.unlink(missing_ok=True)
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in self.preferences.items()]
        (self.profile / "user.js").write_text("\n".join(lines) + "\n")
        command = [executable, "--headless", "--no-remote", "--profile", str(self.profile)]
        command += ["--remote-debugging-port", "0"]
        if self.system_access:
            command.append("--remote-allow-system-access")
        # A home of its own: Firefox as root refuses somebody else's, and the developer's stays untouched.
        environment = {**os.environ, "HOME": str(self._folder), "MOZ_CRASHREPORTER_DISABLE": "1"}
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"):
            environment.pop(name, None)
        with (self._folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                self.host.command(*command) if self.host else command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def _announcement(self) -> Path:
        return self.profile / "WebDriverBiDiServer.json"

    def _connect(self, deadline: float) -> None:
        assert self.process is not None
        while not (said := _read(self._announcement)):
            if self.process.poll() is not None:
                raise FirefoxError(f"it ended with {self.process.returncode}")
            if time.monotonic() > deadline:
                raise TimeoutError("it did not say where it listens")
            time.sleep(POLL_SECONDS)
        port = int(said["ws_port"])
        opening = connect(
            f"ws://127.0.0.1:{port}/session",
            sock=self.host.connect(port) if self.host else None,
            compression=None,
            # A browser that is busy on two cores may keep a ping waiting; one that was killed says no good-bye.
            ping_interval=None,
            close_timeout=0.1,
            max_size=None,
            proxy=None,
        )
        self._socket = self._connection.enter_context(opening)
        self._listener = threading.Thread(target=self._listen, args=(self._socket,), daemon=True)
        self._listener.start()

    def _listen(self, socket: ClientConnection) -> None:
        try:
            for text in socket:
                message = json.loads(text)
                if "id" not in message or message["id"] is None:
                    self.events.append(message)
                    continue
                answer = self._waiting.get(message["id"])
                if answer is not None:
                    _settle(answer, message)
        except ConnectionClosed:
            pass  # killed in the middle of a frame
        for answer in list(self._waiting.values()):
            _settle(answer, {"type": "error", "error": "gone", "message": "the connection to Firefox is gone"})


class Tab:
    """One tab, and what one does with it."""

    def __init__(self, firefox: Firefox, context: str, container: str) -> None:
        self.firefox = firefox
        self.context = context
        self.container = container

    @property
    def url(self) -> str:
        return str(self.evaluate("location.href"))

    @property
    def complaints(self) -> list[str]:
        """Console errors and uncaught exceptions of this tab's pages so far."""
        return [each for each in self.firefox.complaints if each.startswith(f"{self.context}: ")]

    def navigate(self, url: str) -> None:
        """Go there and wait until the page has loaded."""
        self.firefox.send("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def reload(self) -> None:
        self.firefox.send("browsingContext.reload", context=self.context, wait="complete")

    def evaluate(self, expression: str, *, await_promise: bool = True, timeout_seconds: float = ANSWER_SECONDS) -> Any:
        """Run JavaScript in the page, whatever its Content Security Policy; gives the value as Python's.

        Args:
            expression: for statements, an immediately called function.

        Raises:
            PageError: it threw, or its promise was rejected.
        """
        result = self.firefox.send(
            "script.evaluate",
            timeout_seconds,
            expression=expression,
            target={"context": self.context},
            awaitPromise=await_promise,
        )
        if result["type"] == "exception":
            raise PageError(result["exceptionDetails"]["text"])
        return _value(result["result"])

    def call(self, function: str, *arguments: Any, timeout_seconds: float = ANSWER_SECONDS) -> Any:
        """`evaluate` a function with arguments that JSON can carry: `tab.call("async (sdp) => ...", sdp)`."""
        return self.evaluate(f"({function})(...{json.dumps(arguments)})", timeout_seconds=timeout_seconds)

    def until(self, condition: str, timeout_seconds: float = WAIT_SECONDS) -> None:
        """Wait until a JavaScript condition holds, over reloads and errors on the way.

        Raises:
            TimeoutError: it does not; the message says what was wrong last.
        """
        deadline = time.monotonic() + timeout_seconds
        last = "it was false"
        while True:
            try:
                if self.evaluate(f"(async () => Boolean(await ({condition})))()"):
                    return
                last = "it was false"
            except (FirefoxError, PageError) as error:
                if self.firefox.process is None or self.firefox.process.poll() is not None:
                    raise
                last = str(error)
            if time.monotonic() > deadline:
                raise TimeoutError(f"Still not so after {timeout_seconds:g} s: {condition} ({last})")
            time.sleep(POLL_SECONDS)

    def click(self, selector: str, timeout_seconds: float = WAIT_SECONDS) -> None:
        """A real click at the centre of the first such element, with user activation, once it can be hit."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            self.until(HITTABLE.replace("FIND", f"document.querySelector({json.dumps(selector)})"), timeout_seconds)
            if self._click_first({"type": "css", "value": selector}):
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"{selector} went away from each click for {timeout_seconds:g} s")

    def press(self, name: str, role: str = "button", timeout_seconds: float = WAIT_SECONDS) -> None:
        """A real click at the first visible element with this accessible name and role."""
        locator = {"type": "accessibility", "value": {"name": name, "role": role}}
        deadline = time.monotonic() + timeout_seconds
        while not self._click_first(locator):
            if time.monotonic() > deadline:
                raise TimeoutError(f"There is no {role} {name!r} to click after {timeout_seconds:g} s")
            time.sleep(POLL_SECONDS)

    def type(self, text: str) -> None:
        """Type into whatever has the focus: `click` a field first."""
        keys = [{"type": kind, "value": character} for character in text for kind in ("keyDown", "keyUp")]
        self._perform({"type": "key", "id": "keyboard", "actions": keys})

    def set_cookies(self, cookies: Sequence[Mapping[str, Any]]) -> None:
        """Put cookies of Playwright's shape into this tab's storage; pages see them from their next request on."""
        for each in cookies:
            cookie = {
                "name": each["name"],
                "value": {"type": "string", "value": each["value"]},
                "domain": each["domain"],
                "path": each.get("path", "/"),
                "httpOnly": each.get("httpOnly", False),
                "secure": each.get("secure", False),
                "sameSite": each.get("sameSite", "Lax").lower(),
            }
            if each.get("expires", -1) > 0:
                cookie["expiry"] = int(each["expires"])
            partition = {"type": "storageKey", "userContext": self.container}
            self.firefox.send("storage.setCookie", cookie=cookie, partition=partition)

    def screenshot(self, path: str | Path) -> Path:
        """A PNG of what can be seen."""
        picture = self.firefox.send("browsingContext.captureScreenshot", context=self.context)["data"]
        Path(path).write_bytes(base64.b64decode(picture))
        return Path(path)

    def front(self) -> None:
        """Bring it before the other tabs: a page behind is hidden, and its timers are slow."""
        self.firefox.send("browsingContext.activate", context=self.context)

    def close(self) -> None:
        self.firefox.send("browsingContext.close", context=self.context)

    def _click_first(self, locator: dict[str, Any]) -> bool:
        """Click the first that can be hit; whether that went right: a page may move it from under the pointer."""
        found = self.firefox.send("browsingContext.locateNodes", context=self.context, locator=locator)["nodes"]
        for node in found:
            element = {"sharedId": node["sharedId"]}
            if self._says(element, HITTABLE.replace("FIND", "element")):
                break
        else:
            return False
        self._says(element, AWAITED)
        move = {"type": "pointerMove", "x": 0, "y": 0, "origin": {"type": "element", "element": element}}
        buttons = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        self._perform({"type": "pointer", "id": "mouse", "actions": [move, *buttons]})
        return not self._says(element, MISSED)

    def _says(self, element: dict[str, Any], condition: str) -> bool:
        """Whether a JavaScript expression holds for `element`; not where its page has gone."""
        try:
            result = self.firefox.send(
                "script.callFunction",
                functionDeclaration=f"async (element) => {condition}",
                arguments=[element],
                target={"context": self.context},
                awaitPromise=True,
            )
        except FirefoxError:
            return False
        return result["type"] == "success" and bool(result["result"].get("value"))

    def _perform(self, actions: dict[str, Any]) -> None:
        self.firefox.send("input.performActions", context=self.context, actions=[actions])


HITTABLE = """(() => {
  const wanted = FIND;
  if (!wanted || wanted.disabled || !wanted.checkVisibility()) { return false; }
  wanted.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  const box = wanted.getBoundingClientRect();
  const hit = wanted.getRootNode().elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return Boolean(hit) && (wanted.contains(hit) || [...(wanted.labels ?? [])].some((label) => label.contains(hit)));
})()"""
AWAITED = """(() => {
  element.awaited = new AbortController();
  element.addEventListener("click", () => { element.awaited.abort(); }, { capture: true, once: true });
})()"""
"""A click is to come."""
MISSED = """new Promise((resolve) => {
  const { signal } = element.awaited;
  const answer = () => { resolve(!signal.aborted); };
  signal.aborted ? answer() : setTimeout(answer, 200);
  signal.addEventListener("abort", answer);
})"""
"""Whether it has not come, nor comes while events are still on their way."""


def _read(announcement: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(announcement.read_text()))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}  # not there, or not yet written out


def _settle(answer: Future[Any], message: dict[str, Any]) -> None:
    try:
        if message["type"] == "success":
            answer.set_result(message["result"])
        else:
            answer.set_exception(FirefoxError(f"{message['error']}: {message['message']}"))
    except InvalidStateError:
        pass  # the asker has given up


def _family(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


NUMBERS = {"NaN": math.nan, "-0": -0.0, "Infinity": math.inf, "-Infinity": -math.inf}


def _value(remote: dict[str, Any]) -> Any:
    """A remote value (script.RemoteValue in WebDriver BiDi) as Python's; what has none, as the name of its type."""
    kind, value = remote["type"], remote.get("value")
    if kind in ("undefined", "null"):
        return None
    if kind == "number":
        return NUMBERS[value] if isinstance(value, str) else value
    if kind == "bigint":
        return int(str(value))
    if kind in ("array", "set", "nodelist", "htmlcollection") and value is not None:
        return [_value(each) for each in value]
    if kind in ("object", "map") and value is not None:
        return {name if isinstance(name, str) else str(_value(name)): _value(each) for name, each in value}
    if kind in ("string", "boolean", "date"):
        return value
    return f"<{kind}>"
