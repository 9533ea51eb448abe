"""Views for tests: strategies that make any view a person can reach."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files

from hypothesis import strategies as st

from dkd.explore.view import View
from dkd.model.load import load
from dkd.query.question import Filter, Interval, Last, Question

MODEL = load(
    files("dkd.model.presets").joinpath("shop.yaml").read_text("utf-8").replace("SITE", "shop", 1), "shop.yaml"
)

names = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)  # fmt: skip
moments = st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))
lasts = st.integers(1, 5_000).map(lambda minutes: Last(last=timedelta(minutes=minutes)))
spans = st.builds(
    lambda start, length: Interval(start=start, end=start + length),
    moments,
    st.timedeltas(timedelta(minutes=1), timedelta(days=900)),
)
filters = st.builds(
    Filter, dimension=names, values=st.lists(scalars, min_size=1, max_size=3).map(tuple), exclude=st.booleans()
)


@st.composite
def views(draw: st.DrawFn) -> View:
    measures = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    question = Question(
        measures=tuple(measures),
        interval=draw(st.one_of(lasts, spans)),
        filters=tuple(draw(st.lists(filters, max_size=3))),
        grain=draw(st.sampled_from([None, "PT1M", "PT1H", "P1D", "P1M"])),
        zone=draw(st.sampled_from(["UTC", "Europe/Amsterdam", "America/Sao_Paulo"])),
        compare=draw(st.sampled_from([None, "previous"])),
        with_bots=draw(st.booleans()),
    )
    panels = tuple(draw(st.lists(names, max_size=5, unique=True)))
    measure = draw(st.sampled_from([None, *measures]))
    return View(question=question, panels=panels, measure=measure, live=draw(st.booleans()))
