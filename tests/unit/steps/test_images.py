"""Images between the lines of a text: the interleaved form gives back both, to the byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.steps.images import Image, interleaved, moved, taken_apart

_LINES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=8)
    | st.sampled_from(["", "![a](b)", "\\![a](b)", "\\\\![", "![", "![a](b) c", "![a\\](b)"]),
    max_size=8,
)
_SAID = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=6) | st.sampled_from(
    ["a]b", "\\", "a\\]", "(x)", "]()![", "https://e.org/a_(b).png"]
)


@st.composite
def texts_and_images(draw: st.DrawFn) -> tuple[str, list[Image]]:
    """A text, and images at beginnings of its lines or behind it."""
    text = "\n".join(draw(_LINES))
    encoded = text.encode()
    places = [0, len(encoded), *(at + 1 for at, byte in enumerate(encoded) if byte == 10)]
    chosen = sorted(draw(st.lists(st.sampled_from(places), max_size=4)))
    return text, [Image(at, draw(_SAID), draw(_SAID)) for at in chosen]


@given(texts_and_images())
def test_text_and_images_come_out_as_they_went_in(pair: tuple[str, list[Image]]) -> None:
    text, images = pair
    assert taken_apart(interleaved(text, images)) == (text, images)


def test_the_form() -> None:
    images = [Image(0, "A cat", "https://e.org/c_(1).png"), Image(4, "", "b.png")]
    assert interleaved("one\ntwo", images) == "![A cat](https://e.org/c_\\(1\\).png)\none\n![](b.png)\ntwo"
    assert interleaved("one", [Image(3, "x", "y")]) == "one\n![x](y)"


@pytest.mark.parametrize("places", [[1], [5], [4, 0]])
def test_no_image_stands_within_a_line_or_out_of_order(places: list[int]) -> None:
    with pytest.raises(ValueError, match="within a line or out of order"):
        interleaved("one\ntwo", [Image(at, "", "a") for at in places])


@given(texts_and_images(), st.data())
def test_images_of_a_text_that_was_cut(pair: tuple[str, list[Image]], data: st.DataObject) -> None:
    text, images = pair
    boundaries = [len(text[:at].encode()) for at in range(len(text) + 1)]
    ends = sorted(data.draw(st.lists(st.sampled_from(boundaries), max_size=6, unique=True)))
    cuts = list(zip(ends[::2], ends[1::2], strict=False))
    left = bytes(
        byte for at, byte in enumerate(text.encode()) if not any(start <= at < end for start, end in cuts)
    )
    placed = moved(images, left, cuts)
    assert [image[1:] for image in placed] == [image[1:] for image in images]
    assert taken_apart(interleaved(left.decode(), placed)) == (left.decode(), placed)
    if not cuts:
        assert placed == images
