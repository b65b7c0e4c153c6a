"""Pages of users, on each of the two channel layers that the product is run with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from pytest_django import Settings

from invitations.models import User
from tests.sockets.page import HOST, Page, in_thread, session_of
from tests.support import services

OpenPage = Callable[..., Awaitable[Page]]
EMBEDDED = {"default": {"BACKEND": "invitations.live.layers.EmbeddedChannelLayer"}}


def on_redis(url: str) -> dict[str, Any]:
    """The layer as the settings configure it where there is a Redis."""
    return {"default": {"BACKEND": "invitations.live.shared_layer.SharedChannelLayer", "CONFIG": {"hosts": [url]}}}


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The run's Redis: the launcher's, or one started for this session."""
    try:
        with services.redis() as url:
            yield url
    except services.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(params=["embedded", pytest.param("redis", marks=pytest.mark.redis)])
def channel_layer(request: pytest.FixtureRequest, settings: Settings) -> str:
    """Which layer carries live frames in this run of the test."""
    settings.ALLOWED_HOSTS = [HOST]
    settings.CHANNEL_LAYERS = EMBEDDED
    if request.param == "redis":
        settings.CHANNEL_LAYERS = on_redis(request.getfixturevalue("redis_server"))
    return str(request.param)


@pytest.fixture
def embedded_layer(settings: Settings) -> None:
    """For tests that say nothing about the layer: the quick one."""
    settings.ALLOWED_HOSTS = [HOST]
    settings.CHANNEL_LAYERS = EMBEDDED


async def _pages() -> AsyncIterator[OpenPage]:
    opened: list[Page] = []

    async def open_page(user: User, device_id: str = "web-1", label: str | None = "Chrome on Linux") -> Page:
        page = Page.of(await in_thread(session_of, user))
        page.user = user
        opened.append(page)
        assert await page.open()
        await page.hello(device_id, label)
        return page

    yield open_page
    for page in opened:
        await page.close()


@pytest.fixture
async def open_page(channel_layer: str) -> AsyncIterator[OpenPage]:
    """Opens a page of a user on a device, as far as its snapshot; all are closed in the end."""
    async for opener in _pages():
        yield opener


@pytest.fixture
async def open_quick_page(embedded_layer: None) -> AsyncIterator[OpenPage]:
    """As `open_page`, on the embedded layer only."""
    async for opener in _pages():
        yield opener


@pytest.fixture
async def pairs(open_quick_page: OpenPage, make_user: Callable[..., User]) -> list[tuple[Page, Page]]:
    """Eight callers, each with the person they will call."""
    made = []
    for number in range(8):
        users = [await in_thread(make_user, f"{side}{number}") for side in ("caller", "callee")]
        made.append((await open_quick_page(users[0]), await open_quick_page(users[1])))
    return made
