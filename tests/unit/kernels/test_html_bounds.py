"""No page makes the HTML kernels read or write outside their buffers.

Compiled code does not look where it reads. So a process of its own compiles the kernels with numba's bounds checks and
reads pages cut short, mutated and put together at random: an access outside raises IndexError there.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings

from tests.pages import article, html_pages

_PIECES = (
    b"<math>", b"<pre>", b"<table><tr><td>", b"&nGt;" * 50, b"<script type=math/tex>x", b"<!--", b"<title>", b"</body>",
    b'<span data-tex="' + b"&nGt;" * 20 + b'">', b'<img class=latex alt="', b'"articleBody":"\\u00', b"<br><br>",
    b"\xc2", b"\xf0\x9f", b"\0", b"<a ", b"</", b"=", b'"', b"<math alttext='", b"<dialog", b"<ol start=9><li>",
    b"&#x1F600;",
)  # fmt: skip


def _mutated(page: bytes, chance: random.Random) -> bytes:
    """`page` cut, with bytes changed, parts left out, doubled and put in."""
    changed = bytearray(page[: chance.randrange(len(page) + 1)])
    for _ in range(chance.randrange(30)):
        at = chance.randrange(len(changed) + 1)
        way = chance.randrange(4)
        if way == 0:
            changed[at : at + 1] = bytes([chance.randrange(256)])
        elif way == 1:
            del changed[at : at + chance.randrange(1, 400)]
        elif way == 2:
            start = chance.randrange(len(changed) + 1)
            changed[at:at] = changed[start : start + chance.randrange(1, 400)]
        else:
            changed[at:at] = chance.choice(_PIECES)
    return bytes(changed)


def read_all() -> None:
    """What the process of its own does."""
    import numba

    from beam_jobs.kernels.html.page import measure_page, read_page

    assert numba.config.BOUNDSCHECK

    def read(page: bytes) -> None:
        measure_page(page)
        read_page(page, 0.0)

    pieces = b"".join(_PIECES).decode("utf-8", "replace")
    whole = article(
        "".join(f"<p>{'A sentence, and more of it. ' * n}</p>{pieces}" for n in range(1, 6))
    ).encode()
    chance = random.Random(0)
    for _ in range(4000):
        read(_mutated(whole, chance))
    read((b"<p>word <b>bold</b> &amp; more text here, and so on. " * 200_000)[:10_000_000])
    read(b"<div>" * 100_000)
    read(b"<a class='" + b"nav " * 500_000)
    read(b"\0" * 100_000)
    settings.register_profile(
        "bounds", max_examples=500, deadline=None, suppress_health_check=list(HealthCheck)
    )
    settings.load_profile("bounds")
    given(html_pages(100))(lambda page: read(page.encode("utf-8", "replace")))()


@pytest.mark.slow
def test_no_page_makes_the_kernels_look_outside_their_buffers() -> None:
    code = "from tests.unit.kernels.test_html_bounds import read_all; read_all()"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NUMBA_BOUNDSCHECK": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
