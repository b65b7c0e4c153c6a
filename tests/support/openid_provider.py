"""An OpenID provider on this machine, as strict as real ones with what it is asked, which can be told to lie.

`with OpenIDProvider() as provider: provider.people["1"] = {...}; provider.person = "1"`. It asks nobody: whoever is
sent here is `person`, at once."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import jwt
from aiohttp import BasicAuth, web
from cryptography.hazmat.primitives.asymmetric import rsa

WAIT_SECONDS = 10.0
KEY = "first"


class OpenIDProvider:
    """A provider of one's own, in a thread, on 127.0.0.1 and a free port.

    Args:
        client_id: the only client that it knows.
        secret: the client's secret.

    Attributes:
        people: the claims of each person, by their `sub`; they stand in the ID token and at the userinfo endpoint.
        person: who signs in next.
        refuses: the error that it sends people back with, if it does.
        describes: what it says otherwise about itself.
        claims: what ID tokens say otherwise; None leaves a claim out.
        userinfo: what the userinfo endpoint says otherwise.
        signs: how it signs: `RS256`, `none`, `HS256` (with its own public key), or `stranger` (with another key).
        answers: what it answers instead, by path: a status, or a body.
        asked: the parameters that people were sent with, oldest first.
        exchanged: the forms that were sent for tokens, oldest first.
        signed_out: the parameters that people were sent with to sign out, oldest first.
        requests: the paths that were asked for, oldest first.
    """

    def __init__(self, client_id: str = "callinvite", secret: str = "between-the-two") -> None:
        self.client_id = client_id
        self.secret = secret
        self.port = 0
        self.people: dict[str, dict[str, Any]] = {}
        self.person = ""
        self._keys = {KEY: rsa.generate_private_key(65537, 2048)}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="identity provider")
        self._runner: web.AppRunner | None = None
        self.be_honest()

    def be_honest(self) -> None:
        """Take back all that it was told to do, and forget what happened."""
        self.refuses = ""
        self.describes: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.signs = "RS256"
        self.answers: dict[str, web.Response | int] = {}
        self.asked: list[dict[str, str]] = []
        self.exchanged: list[dict[str, str]] = []
        self.signed_out: list[dict[str, str]] = []
        self.requests: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._tokens: dict[str, str] = {}

    def change_keys(self) -> None:
        """Sign with a new key from now on, and have no other."""
        self._keys = {secrets.token_hex(4): rsa.generate_private_key(65537, 2048)}

    @property
    def issuer(self) -> str:
        assert self.port, "the provider has not been started"
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Listen, on the former port after a `stop()`."""
        if not self._thread.is_alive():
            self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(WAIT_SECONDS)
        return self

    def stop(self) -> None:
        """Refuse connections until `start()`."""
        if self._runner is not None:
            asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(WAIT_SECONDS)
            self._runner = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_SECONDS)
        self._loop.close()

    async def _listen(self) -> None:
        app = web.Application(middlewares=[self._note])
        app.router.add_get("/.well-known/openid-configuration", self._describe)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        app.router.add_get("/keys", self._public_keys)
        app.router.add_get("/userinfo", self._userinfo)
        app.router.add_get("/sign-out", self._sign_out)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    @web.middleware
    async def _note(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append(request.path)
        told = self.answers.get(request.path)
        if isinstance(told, int):
            return web.Response(status=told)
        answer: web.StreamResponse = told.clone() if isinstance(told, _Told) else await handler(request)
        return answer

    async def _describe(self, request: web.Request) -> web.Response:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/sign-out",
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }
        return web.json_response(_changed(said, self.describes))

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        self.asked.append(asked)
        wanted = {"client_id": self.client_id, "response_type": "code", "code_challenge_method": "S256"}
        if not wanted.items() <= asked.items() or "openid" not in asked["scope"].split():
            return web.Response(status=400, text="not a question for this provider")
        said = {"state": asked["state"]}
        if self.refuses:
            said["error"] = self.refuses
        else:
            said["code"] = secrets.token_urlsafe(16)
            self._codes[said["code"]] = asked | {"sub": self.person}
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode(said)}")

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.exchanged.append(form)
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or not self._is_client(request, form):
            return web.json_response({"error": "invalid_grant"}, status=400)
        challenge = _base64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if challenge != asked["code_challenge"] or form.get("redirect_uri") != asked["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        access_token = secrets.token_urlsafe(16)
        self._tokens[access_token] = asked["sub"]
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": self._id_token(asked, access_token),
        }
        return web.json_response({name: value for name, value in answer.items() if value is not None})

    def _is_client(self, request: web.Request, form: dict[str, str]) -> bool:
        if header := request.headers.get("Authorization"):
            known = BasicAuth.decode(header)
            return (known.login, known.password) == (self.client_id, self.secret)
        return (form.get("client_id"), form.get("client_secret")) == (self.client_id, self.secret)

    def _id_token(self, asked: dict[str, str], access_token: str) -> str | None:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": asked["sub"],
            "aud": self.client_id,
            "iat": now,
            "exp": now + 300,
            "nonce": asked.get("nonce"),
            "at_hash": _base64(hashlib.sha256(access_token.encode()).digest()[:16]),
            **self.people.get(asked["sub"], {}),
        }
        claims = _changed(claims, self.claims)
        ((kid, key),) = self._keys.items()
        if self.signs == "none":
            return jwt.encode(claims, "", algorithm="none", headers={"kid": kid})
        if self.signs == "HS256":
            shared = json.dumps(self._public(kid), separators=(",", ":")).encode()
            return _signed_with_secret(claims, shared, kid)
        if self.signs == "stranger":
            key = rsa.generate_private_key(65537, 2048)
        if self.signs == "own_key":
            key = rsa.generate_private_key(65537, 2048)
            brought = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
            more = {"kid": kid, "jwk": brought, "jku": f"{self.issuer}/others"}
            return jwt.encode(claims, key, algorithm="RS256", headers=more)
        return None if self.signs == "nothing" else jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})

    async def _public_keys(self, request: web.Request) -> web.Response:
        return web.json_response({"keys": [self._public(kid) for kid in self._keys]})

    def _public(self, kid: str) -> dict[str, Any]:
        key: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(self._keys[kid].public_key(), as_dict=True)
        return key | {"kid": kid, "use": "sig", "alg": "RS256"}

    async def _userinfo(self, request: web.Request) -> web.Response:
        sub = self._tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if sub is None:
            return web.Response(status=401)
        return web.json_response(_changed({"sub": sub, **self.people.get(sub, {})}, self.userinfo))

    async def _sign_out(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        self.signed_out.append(asked)
        raise web.HTTPFound(asked["post_logout_redirect_uri"])


class _Told(web.Response):
    """An answer that can be sent again and again."""

    def clone(self) -> web.Response:
        return web.Response(status=self.status, headers=self.headers, body=self.body)


def told(status: int = 200, *, body: bytes = b"", **headers: str) -> web.Response:
    """An answer for `answers`; the names of its headers with `_` for `-`."""
    return _Told(status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def _changed(said: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**said, **changes}.items() if value is not None}


def _base64(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _signed_with_secret(claims: dict[str, Any], secret: bytes, kid: str) -> str:
    """A token whose secret is what everybody can know: a careless client takes the public key for one."""
    # By hand: PyJWT refuses to take a public key for a secret, on this side too.
    header = {"alg": "HS256", "typ": "JWT", "kid": kid}
    signed = ".".join(_base64(json.dumps(each).encode()) for each in (header, claims))
    return f"{signed}.{_base64(hmac.digest(secret, signed.encode(), 'sha256'))}"
