"""Each question compiles to the SQL kept in ``questions/``, with its parameters, and so do the shop's measures."""

from pathlib import Path

from dkd.model.load import load
from dkd.model.preset import preset_files
from dkd.query.check import kinds_of, problems
from dkd.query.compile import Kept, Source, bots, newest, ranking, rows, totals
from dkd.query.definition import computed, definition
from dkd.query.link import of_link
from dkd.query.periods import before

(_TEXT,) = (text for name, text in preset_files("shop", "shop").items() if name.endswith("shop.yaml"))
_DIMENSIONS = """\
dimensions:
  size: {from: revenue, bands: [10, 49.5], description: of an order}
  region: {from: country, groups: {EU: [DE, NL], "it's?": [null, UK]}, other: rest}
  maker: {from: browser, groups: {Google: [Chrome]}, description: who wrote it}
  product: {from: page_path, match: "^/(shop|product)/([^/?]+)", group: 2}
  day_received: {from: received_ms, part: day}
  source: {first_of: [utm_source, referrer_source]}
"""
_MEASURES = """\
measures:
  order_rate: {ratio: [orders, sessions]}
  order_p95: {quantile: revenue, at: 0.95, where: {event: purchase}}
  session_median: {quantile: duration_s, at: 0.5}
  spent: {sum: revenue, where: {event: [purchase, null], region: EU, hour: {above: 8, at_most: 18}}, per: visitors}
  small:
    description: odd
    count: events
    where: {revenue: {below: 10.5, at_least: 1}, country: {not: [null, NL]}, size: {not: below 10}}
  orders_per_session: {count: events, where: {event: purchase}, per: sessions}
"""
MODEL = load(_TEXT.replace("dimensions:", _DIMENSIONS, 1).replace("measures:\n", _MEASURES), "shop.yaml")
DAY = "t.20261024T220000000.20261025T230000000"
QUESTIONS = {
    "totals": (f"1~m.visitors~{DAY}", ()),
    "series": (f"1~m.visitors.revenue_per_visitor~{DAY}~g.PT1H~z.Europe-2FAmsterdam", ()),
    "top_with_others": (f"1~m.revenue~{DAY}~s.country.2", (("NL", None), None)),
    "all_values": (f"1~m.orders~{DAY}~s.device_type.5.orders.up", (("mobile", "desktop"), "events")),
    "previous": (f"1~m.pageviews~{DAY}~s.country.5~c.previous~g.P1D~z.Europe-2FAmsterdam", (("NL",), "events")),
    "filters": (f"1~m.visitors~{DAY}~f.country.NL.-n~x.is_late.-t~f.viewport_width.-i1280~b", ()),
    "hostile": (f"1~m.visitors~{DAY}~f.country.-27-20OR-201-3D1-20-2D-2D.-3F", ()),
    "events_and_sessions": (f"1~m.orders.order_rate~{DAY}~s.channel.1~g.P1W", (("Direct",), None)),
    "quantile": (f"1~m.order_p95.session_median~{DAY}~s.country.2~g.P1D", (("NL",), None)),
    "divided": (f"1~m.spent.orders_per_session~{DAY}~z.Asia-2FTokyo", ()),
    "bands": (f"1~m.small~{DAY}~s.size.2~f.size.below-2010.-n", (("below 10",), None)),
    "computed": (
        f"1~m.visitors~{DAY}~s.region.1~f.product.a-27b~x.maker.Google~f.weekday.Sunday~f.day_received.-i3~f.source.x"
        "~z.Europe-2FAmsterdam",
        (("EU",), "events"),
    ),
    "forms": (
        f"1~m.pageviews~{DAY}~fc.page_path.A-27b~xm.page_path.-5E-2Fshop~fr.time.-i1792882800000.-i1792886400000"
        "~xr.revenue.-n.-i0-2E5.-i10.-n~fr.viewport_width.-i2-2E5.-i9~fc.region.e",
        (),
    ),
    "nested": (
        f"1~m.visitors~{DAY}~s.revenue.2...-i0-2E1~s.region.2.....nested~s.city.1.....nested",
        ({(): (0.3, None)}, {(0.3,): ("EU",), (None,): ()}, {(0.3, "EU"): ("Utrecht", None)}),
    ),
    "delta": (
        f"1~m.revenue_per_visitor~{DAY}~s.region.3..up..delta~f.maker.Google~h.orders.-i1.-n~c.weekday",
        (("EU",), None),
    ),
    "against": (f"1~m.orders~{DAY}~s.country.2....previous~f.is_late.-f~afc.product.x", (("NL",), None)),
    "double_midnight": (f"1~m.pageviews~{DAY}~g.P1D~z.Atlantic-2FAzores", ()),
}


def compiled(link, kept):
    question = of_link(link)
    assert problems(MODEL, question) == ()
    spans = [(question.span, False, question.filters)]
    spans += [(before(question)[0], True, question.filters)] if question.compare else []
    spans += [(question.span, True, question.against)] if question.against else []
    chosen = [
        Kept(split, (), within=kept[n]) if split.nested and n else
        Kept(split, kept[n][()]) if kept and isinstance(kept[n], dict) else Kept(split, *kept)
        for n, split in enumerate(question.splits)
    ]  # fmt: skip
    for span, is_previous, filters in spans:
        for kind, measures in kinds_of(MODEL, question).items():
            source = Source(kind, measures, span, is_previous, filters)
            for split in question.splits if kind == "events" and not is_previous else ():
                then = Source(kind, (), *spans[1]) if split.by != "value" else None
                yield ranking(MODEL, question, source, split, then)
            yield totals(MODEL, question, source)
            for length in range(1, len(chosen)):
                yield rows(MODEL, question, source, chosen[:length], "subtotals")
            if chosen or question.grain:
                yield rows(MODEL, question, source, chosen)
    yield bots(MODEL, question)


def shown(query):
    values = "".join(f"-- {value!s}\n" for value in query.parameters)
    return f"-- {query.role}{' of what is compared' if query.is_previous else ''}\n{values}{query.sql}\n"


def test_questions(golden):
    found = {f"{name}.sql": "\n".join(map(shown, compiled(*given))) for name, given in QUESTIONS.items()}
    found["newest.sql"] = shown(newest(MODEL))
    found["definitions.txt"] = "".join(f"{name}: {definition(MODEL, name)}\n" for name in MODEL.measures)
    found["dimensions.txt"] = "".join(f"{name}: {computed(MODEL, name)}\n" for name in MODEL.dimensions)
    golden.check(Path(__file__).parent / "questions", found)
