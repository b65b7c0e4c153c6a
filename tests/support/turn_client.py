"""A small TURN client (RFC 8656 over UDP) that asks for an allocation and for permissions, and says what was answered.

It sends nothing through the relay."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import socket
import struct
from types import TracebackType
from typing import Self

SUCCESS = 200
COOKIE = struct.pack("!I", 0x2112A442)
ALLOCATE, CREATE_PERMISSION = 0x0003, 0x0008
IS_ERROR = 0x0110
USERNAME, MESSAGE_INTEGRITY, ERROR_CODE, REALM, NONCE = 0x0006, 0x0008, 0x0009, 0x0014, 0x0015
XOR_PEER_ADDRESS, REQUESTED_ADDRESS_FAMILY, REQUESTED_TRANSPORT = 0x0012, 0x0017, 0x0019
FAMILY = {4: 1, 6: 2}
UDP = 17
PEER_PORT = 9


class TurnClient:
    """One client, and so at most one allocation; `with TurnClient(address, port, name, password) as client:`.

    A server refuses an allocation (437, RFC 8656 section 7.2) to a client with the same port as one that it still has,
    and coturn keeps an allocation for a second after its release. So keep every client of a server until the server
    ends: then no two of them have the same port."""

    def __init__(self, address: str, port: int, username: str, credential: str) -> None:
        self._username, self._credential = username, credential
        self._realm = self._nonce = b""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(5)
        self._socket.connect((address, port))

    def allocate(self, version: int = 4) -> int:
        """Ask for a relayed address of this version of IP; gives 200 or the error code (RFC 8656 section 19)."""
        wanted = {
            REQUESTED_TRANSPORT: bytes([UDP, 0, 0, 0]),
            REQUESTED_ADDRESS_FAMILY: bytes([FAMILY[version], 0, 0, 0]),
        }
        # The first answer is a 401 that brings realm and nonce.
        self._ask(ALLOCATE, wanted)
        return self._ask(ALLOCATE, wanted)

    def permit(self, peer: str) -> int:
        """Ask to exchange packets with this address; gives 200 or the error code, 403 where it is denied."""
        transaction = secrets.token_bytes(12)
        address = ipaddress.ip_address(peer)
        port = struct.pack("!H", PEER_PORT)
        value = bytes([0, FAMILY[address.version]]) + _xor(port, COOKIE) + _xor(address.packed, COOKIE + transaction)
        return self._ask(CREATE_PERMISSION, {XOR_PEER_ADDRESS: value}, transaction)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def _ask(self, method: int, attributes: dict[int, bytes], transaction: bytes | None = None) -> int:
        transaction = transaction or secrets.token_bytes(12)
        body = b"".join(_attribute(kind, value) for kind, value in attributes.items())
        if self._nonce:
            body += _attribute(USERNAME, self._username.encode())
            body += _attribute(REALM, self._realm) + _attribute(NONCE, self._nonce)
            body += _attribute(MESSAGE_INTEGRITY, self._signature(method, transaction, body))
        self._socket.send(_header(method, transaction, len(body)) + body)
        while (answer := self._socket.recv(2048))[8:20] != transaction:
            pass  # a late one to an earlier question
        found = _attributes(answer[20:])
        self._realm, self._nonce = found.get(REALM, self._realm), found.get(NONCE, self._nonce)
        if int.from_bytes(answer[:2], "big") & IS_ERROR != IS_ERROR:
            return SUCCESS
        return found[ERROR_CODE][2] * 100 + found[ERROR_CODE][3]

    def _signature(self, method: int, transaction: bytes, body: bytes) -> bytes:
        """RFC 8489 section 14.5: over all before it, with a length as if it were there."""
        words = b":".join([self._username.encode(), self._realm, self._credential.encode()])
        key = hashlib.md5(words, usedforsecurity=False).digest()
        return hmac.digest(key, _header(method, transaction, len(body) + 24) + body, hashlib.sha1)


def _header(method: int, transaction: bytes, length: int) -> bytes:
    return struct.pack("!HH", method, length) + COOKIE + transaction


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _attributes(body: bytes) -> dict[int, bytes]:
    found = {}
    while body:
        kind, length = struct.unpack("!HH", body[:4])
        found[kind] = body[4 : 4 + length]
        body = body[4 + length + (-length % 4) :]
    return found


def _xor(value: bytes, mask: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(value, mask, strict=False))
