import json

import polars as pl
import pytest
from enrich_cases import raw, ready, shop
from hypothesis import given, settings
from hypothesis import strategies as st

from dkd.enrich.chain import enrich
from dkd.enrich.profile import Profiles, Told, add_profile, latest
from dkd.enrich.resources import profile_table
from dkd.enrich.state import State
from dkd.errors import DkdError, ModelError
from dkd.model.enrichers import Profile
from dkd.model.load import load

LINES = [
    {"key": "u1", "value": {"plan": "free", "age": 7}},
    {"key": "u2", "value": {"plan": "paid"}},
    {"key": "u1", "value": {"plan": "paid", "tags": ["a", "ü"]}},
    {"key": "u2", "value": None},
    {"key": "u3", "value": {"plan": None, "age": 8.5}},
]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "profiles.ndjson"
    path.write_text("\n".join(map(json.dumps, LINES)) + "\n\n", "utf-8")
    return path


def test_the_latest_profile_of_a_key_is_joined_and_a_tombstone_removes_it(file):
    table = profile_table(Profile(file=str(file), key="user", fields=("plan", "age", "tags")))
    found = add_profile(pl.DataFrame({"user": ["u3", "u1", None, "u2", "u9", "u1"]}), "user", table)
    assert found.columns == ["profile_plan", "profile_age", "profile_tags", "profile_version"]
    rows = [row[:-1] for row in found.rows()]
    one, none = ("paid", None, '["a", "ü"]'), (None, None, None)
    assert rows == [(None, "8.5", None), one, none, none, none, one]
    assert [version is None for version in found["profile_version"]] == [False, False, True, True, True, False]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.fixed_dictionaries({"x": st.sampled_from("12")}))))
def test_only_the_last_record_of_each_key_matters_as_in_a_compacted_topic(records):
    compacted = list({key: (key, value) for key, value in records}.values())
    table = latest(records, ["x"])
    assert table.equals(latest(reversed(compacted), ["x"]))
    assert table["?key"].to_list() == sorted(key for key, value in compacted if value is not None)


def test_events_carry_their_profile_and_the_key_becomes_a_pseudonym_after_it(file):
    model = shop(enrich={"profile": {"file": str(file), "key": "user_id", "fields": ["plan"]}})
    setup = ready(model)
    outcome = enrich(raw(setup, {"user_id": "u1"}, {"user_id": "u2"}, {}), State(), setup)
    assert outcome.clean["profile_plan"].to_list() == ["paid", None, None]
    assert outcome.clean["user_id"][0] not in (None, "u1")


@pytest.mark.parametrize("line", ["{", "[]", '{"key": 1, "value": {}}', '{"key": "a"}', '{"key": "a", "value": 1}'])
def test_a_line_that_is_no_profile_is_named(file, line):
    file.write_text(f'{{"key": "a", "value": null}}\n{line}\n')
    with pytest.raises(DkdError, match=r"profiles\.ndjson:2: .*DKD686"):
        profile_table(Profile(file=str(file), fields=("plan",)))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DkdError, match="DKD686"):
        profile_table(Profile(file=str(tmp_path / "none"), fields=("plan",)))


def test_a_key_that_no_event_carries_is_a_mistake_of_the_model():
    head = "dkd: 1\nsite: a\nevents: {x: {fields: {user_id: string}}}\n"
    assert load(f"{head}enrich: [{{profile: {{file: p, key: user_id, fields: [plan]}}}}]\n", "m")
    with pytest.raises(ModelError, match="DKD213"):
        load(f"{head}enrich: [{{profile: {{file: p, key: user, fields: [plan]}}}}]\n", "m")


changes = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 20), st.none() | st.sampled_from("123")), max_size=12
)


@settings(max_examples=150, deadline=None)
@given(changes, st.lists(st.tuples(st.sampled_from("abcd") | st.none(), st.integers(0, 20)), max_size=8), st.data())
def test_an_event_gets_the_profile_that_its_key_had_when_it_was_received(records, asked, data):
    """However the records come in portions, and however many of them were put away."""
    records = sorted(records, key=lambda one: one[1])
    told = [Told(key, since_ms, f"0:{seq}", None if plan is None else {"plan": plan})
            for seq, (key, since_ms, plan) in enumerate(records)]  # fmt: skip
    profiles, left = Profiles(("plan",)), list(told)
    while left:
        count = data.draw(st.integers(1, len(left)))
        profiles.learn(left[:count])
        left = left[count:]
        if data.draw(st.booleans()):
            profiles.put_away()
    batch = pl.DataFrame(asked, schema={"user": pl.String, "received_ms": pl.Int64}, orient="row")
    wanted = []
    for key, received_ms in asked:
        before = [one for one in told if one.key == key and one.since_ms <= received_ms]
        last = before[-1] if before and before[-1].fields is not None else None
        wanted.append((last.fields["plan"], last.place) if last else (None, None))
    found = add_profile(batch, "user", profiles)
    assert found.columns == ["profile_plan", "profile_version"]
    assert found.rows() == wanted


def test_a_profile_that_was_replaced_long_ago_is_forgotten():
    day_ms = 86_400_000
    profiles = Profiles(("plan",))
    profiles.learn([Told("a", day * day_ms, f"0:{day}", {"plan": str(day)}) for day in range(30)])
    profiles.put_away()
    times = [day * day_ms for day in (5, 22, 29, 60)]
    batch = pl.DataFrame({"user": ["a"] * 4, "received_ms": times})
    assert add_profile(batch, "user", profiles)["profile_plan"].to_list() == [None, "22", "29", "29"]


@pytest.mark.parametrize("source", ["", "file: p, topic: t, "])
def test_profiles_come_from_one_place(source):
    head = "dkd: 1\nsite: a\nevents: {x: {}}\n"
    with pytest.raises(ModelError, match="from a file or from a topic"):
        load(f"{head}enrich: [{{profile: {{{source}fields: [plan]}}}}]\n", "m")
