"""What foreign pages are refused, and the headers of every answer."""

import asyncio

import pytest

from espnet_plugin.serve.guard import HEADERS, Guard


async def application(scope, receive, send):
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"referrer-policy", b"unsafe-url")]}
    )
    await send({"type": "http.response.body", "body": b"fine"})


def answer(names=(), method="GET", **headers):
    """Status and headers of the answer to a request."""
    sent = []

    async def ask():
        async def send(message):
            sent.append(message)

        pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        await Guard(application, names)({"type": "http", "method": method, "headers": pairs}, None, send)

    asyncio.run(ask())
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:7860", "127.0.0.1:7860", "[::1]:7860", "192.168.1.5:80", "studio.example:7860"],
)
def test_hosts_that_are_known(host):
    assert answer(["Studio.example"], host=host)[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        *("", "evil.example", "evil.example:7860", "localhost.evil.example", "127.0.0.1.evil.example"),
        *("evil.example@localhost.x", "2130706433", "0x7f.1", "[::1", "[x]", ":80"),
    ],
)
def test_names_that_lead_here_from_elsewhere(host):
    assert answer(["studio.example"], host=host)[0] == 421
    assert answer(["studio.example"])[0] == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {}),
        (200, {"origin": "http://127.0.0.1:7860", "sec_fetch_site": "same-origin"}),
        (200, {"origin": "https://studio.example", "sec_fetch_site": "same-origin"}),
        (403, {"origin": "null"}),
        (403, {"origin": "http://evil.example"}),
        (403, {"origin": "http://localhost:3000"}),
        (403, {"origin": "http://127.0.0.1:3000"}),
        (403, {"origin": "http://[x"}),
        (403, {"sec_fetch_site": "cross-site"}),
        (403, {"sec_fetch_site": "same-site"}),
        (403, {"origin": "http://127.0.0.1:7860", "sec_fetch_site": "cross-site"}),
    ],
)
def test_only_own_pages_change_something(method, status, headers):
    assert answer(["studio.example"], method, host="127.0.0.1:7860", **headers)[0] == status


def test_foreign_links_may_lead_to_the_page():
    assert answer(host="localhost", origin="http://evil.example", sec_fetch_site="cross-site")[0] == 200


@pytest.mark.parametrize("host", ["localhost", "evil.example"])
def test_every_answer_has_the_headers(host):
    assert answer(host=host)[1].items() >= HEADERS.items()
    assert "unsafe" not in HEADERS["content-security-policy"]
