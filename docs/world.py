"""Natural Earth's countries → the shapes of the explorer's map, dkd/explore/static/world.json.

The sources are two packages of npm, whose shapes are Natural Earth's, in the public domain (https://www.naturalearthdata.com):

    npm pack world-atlas@2.0.2 i18n-iso-countries@7.14.0
    tar xzf world-atlas-2.0.2.tgz && tar xzf i18n-iso-countries-7.14.0.tgz
    python docs/world.py package/countries-110m.json package/countries-50m.json package/codes.json
"""

import json
import math
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

WIDTH = 2000
_TARGET = Path(__file__).parents[1] / "dkd" / "explore" / "static" / "world.json"
_ANTARCTICA = "010"
_NAMELESS = {"Kosovo": "XK"}
"""Countries without a number of ISO 3166-1; XK is what address databases call the first."""
_A = (1.340264, -0.081106, 0.000893, 0.003796)
_ROOT = math.sqrt(3)

Point = tuple[float, float]


def equal_earth(longitude: float, latitude: float) -> Point:
    """A place in the Equal Earth projection, in which areas are true: doi.org/10.1080/13658816.2018.1504949."""
    angle = math.asin(_ROOT / 2 * math.sin(math.radians(latitude)))
    slope = 9 * _A[3] * angle**8 + 7 * _A[2] * angle**6 + 3 * _A[1] * angle**2 + _A[0]
    x = 2 * _ROOT * math.radians(longitude) * math.cos(angle) / (3 * slope)
    return x, _A[3] * angle**9 + _A[2] * angle**7 + _A[1] * angle**3 + _A[0] * angle


_SCALE = WIDTH / (2 * equal_earth(180, 0)[0])
_TOP = equal_earth(0, 84)[1]
_BOTTOM = equal_earth(0, -56)[1]


def placed(place: Point) -> tuple[int, int]:
    """A longitude and latitude on the map, in whole units from its top left."""
    x, y = equal_earth(*place)
    return round(WIDTH / 2 + x * _SCALE), round((_TOP - y) * _SCALE)


def arcs_of(topology: dict[str, Any]) -> list[list[Point]]:
    """The lines of a TopoJSON file, whose points are written as steps from the one before."""
    (scale_x, scale_y), (from_x, from_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    found = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for step_x, step_y in arc:
            x, y = x + step_x, y + step_y
            points.append((x * scale_x + from_x, y * scale_y + from_y))
        found.append(points)
    return found


def rings_of(shape: dict[str, Any], arcs: list[list[Point]]) -> Iterator[list[Point]]:
    """The outlines of a country; a line with a number below 0 is run backwards."""
    polygons = {"Polygon": [shape["arcs"]], "MultiPolygon": shape["arcs"]}[shape["type"]]
    for ring in (ring for polygon in polygons for ring in polygon):
        points: list[Point] = []
        for at in ring:
            line = arcs[at] if at >= 0 else arcs[~at][::-1]
            points += line[1 if points else 0 :]
        yield from uncrossed(points)


def uncrossed(ring: list[Point]) -> Iterator[list[Point]]:
    """The outline, cut in two where it crosses the meridian at the map's edges."""
    whole, turn = [ring[0]], 0.0
    for (before, _), (longitude, latitude) in pairwise(ring):
        turn += 360 if longitude - before < -180 else -360 if longitude - before > 180 else 0
        whole.append((longitude + turn, latitude))
    for shift in (-360, 0, 360):
        found = clipped(clipped([(x + shift, y) for x, y in whole], -180, 1), 180, -1)
        if len(found) > 2:
            yield [*found, found[0]] if found[0] != found[-1] else found


def clipped(ring: list[Point], edge: float, side: int) -> list[Point]:
    """What of the outline lies east of a meridian (side 1), or west of it (-1)."""
    found: list[Point] = []
    for (ax, ay), (bx, by) in pairwise([*ring, ring[0]]) if ring else ():
        if (ax - edge) * side >= 0:
            found.append((ax, ay))
        if (ax - edge) * (bx - edge) < 0:
            found.append((edge, ay + (by - ay) * (edge - ax) / (bx - ax)))
    return found


def path(rings: list[list[Point]]) -> str:
    """The outlines as one path of steps; those smaller than a unit are left out."""
    parts = []
    for ring in rings:
        points = [placed(place) for place in ring]
        steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)]
        steps = [step for step in steps if step != (0, 0)]
        if len(steps) > 2:
            line = "".join(f"{x}{'' if y < 0 else ' '}{y}" + " " for x, y in steps[:-1]).replace(" -", "-").rstrip()
            parts.append(f"M{points[0][0]} {points[0][1]}l{line}z")
    return "".join(parts)


def middle(rings: list[list[Point]]) -> tuple[int, int]:
    """The middle of the largest outline."""
    largest = max(rings, key=_area)
    return placed((sum(x for x, _ in largest) / len(largest), sum(y for _, y in largest) / len(largest)))


def _area(ring: list[Point]) -> float:
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)))


def named(topology: dict[str, Any], codes: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each country's code of two letters and its shape; none for those that have no code."""
    for shape in topology["objects"]["countries"]["geometries"]:
        code = codes.get(shape.get("id", "")) or _NAMELESS.get(shape["properties"]["name"])
        if code and shape.get("id") != _ANTARCTICA:
            yield code, shape


def world(coarse: dict[str, Any], fine: dict[str, Any], codes: dict[str, str]) -> dict[str, Any]:
    """Shapes of all countries that are large enough to be seen, and the middles of the others."""
    arcs, fine_arcs = arcs_of(coarse), arcs_of(fine)
    shapes = {code: path(list(rings_of(shape, arcs))) for code, shape in named(coarse, codes)}
    shapes = {code: shape for code, shape in shapes.items() if shape}
    small = {code: middle(list(rings_of(shape, fine_arcs))) for code, shape in named(fine, codes) if code not in shapes}
    return {
        "source": "Natural Earth 110m, public domain; made by docs/world.py",
        "width": WIDTH,
        "height": round((_TOP - _BOTTOM) * _SCALE),
        "shapes": dict(sorted(shapes.items())),
        "points": dict(sorted(small.items())),
    }


def main() -> None:
    """Write the file anew from the three that are given."""
    coarse, fine, listed = (json.loads(Path(name).read_text("utf-8")) for name in sys.argv[1:4])
    found = world(coarse, fine, {number: code for code, _, number, *_ in listed})
    _TARGET.write_text(json.dumps(found, separators=(",", ":"), ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
