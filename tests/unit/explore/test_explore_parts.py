"""The page's parts as files: names that do not clash, colours that can be told apart, a world that is whole."""

import json
import re
from collections import Counter
from importlib.resources import files
from itertools import combinations

import pytest

PARTS = files("dkd.explore").joinpath("parts")
LIGHT = {"text": "#1d2433", "back": "#ffffff"}
DARK = {"text": "#e6e9f0", "back": "#12151c"}
# How people without one kind of cones see linear red, green and blue: Machado, Oliveira and Fernandes 2009, severity 1.
BLINDNESS = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
_LINEAR_END = 0.04045


def test_no_two_scripts_define_the_same_name():
    # They are one module in the browser, where a second definition stops the whole page.
    found = Counter(
        name
        for file in PARTS.iterdir()
        if file.name.endswith(".js")
        for name in re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", file.read_text("utf-8"), re.MULTILINE)
    )
    assert {name for name, count in found.items() if count > 1} == set()


def rgb(code: str) -> tuple[float, ...]:
    return tuple(int(code[at : at + 2], 16) / 255 for at in (1, 3, 5))


def linear(colour: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(one / 12.92 if one <= _LINEAR_END else ((one + 0.055) / 1.055) ** 2.4 for one in colour)


def luminance(colour: tuple[float, ...]) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def palette(theme: dict[str, str]) -> list[tuple[float, ...]]:
    """The eight colours of values as the style mixes them in a theme."""
    style = PARTS.joinpath("picture.css").read_text("utf-8")
    mixed = re.findall(r"--c[1-8]: color-mix\(in srgb, (#\w{6}) (\d+)%, var\(--text\)\)", style)
    assert len(mixed) == 8
    text = rgb(theme["text"])
    return [
        tuple(int(part) / 100 * own + (1 - int(part) / 100) * other for own, other in zip(rgb(code), text, strict=True))
        for code, part in mixed
    ]


def oklab(colour: tuple[float, ...], eyes: str) -> tuple[float, ...]:
    """A colour as it is seen, in a space whose distances are those of sight: bottosson.github.io/posts/oklab."""
    seen = [min(1, max(0, sum(a * b for a, b in zip(row, linear(colour), strict=True)))) for row in BLINDNESS[eyes]]
    red, green, blue = seen
    cones = (
        (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3),
        (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3),
        (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3),
    )
    rows = (
        (0.2104542553, 0.7936177850, -0.0040720468),
        (1.9779984951, -2.4285922050, 0.4505937099),
        (0.0259040371, 0.7827717662, -0.8086757660),
    )
    return tuple(sum(a * b for a, b in zip(row, cones, strict=True)) for row in rows)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_each_colour_stands_out_from_the_page(theme):
    # WCAG 1.4.11: three to one for what a picture is understood by.
    assert min(contrast(one, rgb(theme["back"])) for one in palette(theme)) >= 3


@pytest.mark.parametrize("eyes", BLINDNESS)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_of_values_are_told_apart_by_all_eyes(theme, eyes):
    # A distance of 0.02 is just seen side by side; dashes, names and tips say it too, so that no colour is alone.
    seen = [oklab(one, eyes) for one in palette(theme)]
    nearest = min(
        sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5 for one, other in combinations(seen, 2)
    )
    assert nearest >= 0.09


def test_the_world_is_whole_and_small():
    text = files("dkd.explore").joinpath("static", "world.json").read_text("utf-8")
    assert len(text) < 80_000
    world = json.loads(text)
    known = world["shapes"].keys() | world["points"].keys()
    assert {"US", "DE", "NL", "IN", "BR", "ZA", "AU", "JP", "RU", "FJ", "SG", "MT", "XK"} <= known
    assert all(re.fullmatch(r"[A-Z]{2}", code) for code in known)
    assert not world["shapes"].keys() & world["points"].keys()
    for d in world["shapes"].values():
        for ring in d.split("z")[:-1]:
            x, y = map(int, re.match(r"M(-?\d+) (-?\d+)l", ring).groups())
            xs = [x]
            for step_x, _ in re.findall(r"(-?\d+)[ ]?(-?\d+)", ring.split("l")[1]):
                xs.append(xs[-1] + int(step_x))
            assert 0 <= min(xs) <= max(xs) <= world["width"]
            assert 0 <= y <= world["height"] + 200
            # A country that crosses the edge of the map is cut there; the widest, Russia, is half of it.
            assert max(xs) - min(xs) < world["width"] * 0.6
