"""Laws of comparing with live systems: carrying out the changes gives what was wanted, and nothing else changes."""

import copy
import functools

from hypothesis import given
from hypothesis import strategies as st

from dkd.model.load import load
from dkd.systems.druid.live import differences, supervisor_changes
from dkd.systems.druid.render import supervisor
from dkd.systems.kafka.live import topic_changes
from dkd.systems.kafka.render import Topic

names = st.sampled_from(["shop.raw", "shop.clean", "shop.state"])
settings = st.dictionaries(
    st.sampled_from(["retention.ms", "cleanup.policy", "max.message.bytes"]), st.sampled_from(["1", "2", "-1"])
)
topics = st.dictionaries(names, settings).map(
    lambda found: {name: Topic(name, 4, 1, config) for name, config in found.items()}
)


def applied(changes, live):
    """The cluster after *changes*, by what Kafka's create and incremental alter do."""
    found = dict(live)
    for change in changes:
        if change.action == "create":
            wanted = change.wanted
            found[change.name] = Topic(change.name, wanted["partitions"], wanted["replication"], wanted["config"])
        else:
            config = dict(found[change.name].config)
            for difference in change.differences:
                if difference.after is None:
                    del config[difference.path]
                else:
                    config[difference.path] = difference.after
            found[change.name] = found[change.name]._replace(config=config)
    return found


@given(wanted=topics, live=topics)
def test_carrying_out_the_changes_of_topics_gives_what_was_wanted(wanted, live):
    after = applied(topic_changes(list(wanted.values()), live), live)
    assert {name: after[name] for name in wanted} == wanted
    assert {name: topic for name, topic in after.items() if name not in wanted} == {
        name: topic for name, topic in live.items() if name not in wanted
    }


MODEL = "dkd: 1\nsite: shop\nevents: {page_view: {}}\nfields: {coupon: string}\n"
SPEC = supervisor(load(MODEL, "shop.yaml"), "events", {"bootstrap.servers": "b:1"})


def leaves(value, path=()):
    """Paths of all scalars; a list counts by position."""
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for seq, inner in enumerate(value) for leaf in leaves(inner, (*path, seq))]
    return [path]


def edited(spec, path, value):
    found = copy.deepcopy(spec)
    inner = found
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return found


@given(path=st.sampled_from(leaves(SPEC)), value=st.sampled_from(["by hand", 12345]))
def test_whatever_value_another_hand_sets_is_seen(path, value):
    live = edited(SPEC, path, value)
    assert supervisor_changes([SPEC], {"shop_events": live})


@given(path=st.sampled_from([leaf for leaf in leaves(SPEC) if leaf[0] == "spec"]))
def test_whatever_value_another_hand_takes_away_is_seen_unless_it_is_the_default(path):
    live = edited(SPEC, path, None)
    seen = differences(SPEC, live)
    removed = functools.reduce(lambda inner, key: inner[key], path, SPEC)
    assert bool(seen) != ((path[-1], removed) in DEFAULTS)


DEFAULTS = {
    ("type", "kafka"),
    ("type", "string"),
    ("type", "uniform"),
    ("queryGranularity", "NONE"),
    ("taskCount", 1),
    ("replicas", 1),
    ("useEarliestOffset", False),
}
"""What of the rendered spec Druid would fill in by itself, by the table of Druid 33."""


@given(order=st.permutations(list(SPEC["spec"]["ioConfig"])))
def test_the_order_of_keys_is_no_difference(order):
    live = copy.deepcopy(SPEC)
    live["spec"]["ioConfig"] = {name: SPEC["spec"]["ioConfig"][name] for name in order}
    assert differences(SPEC, live) == ()
