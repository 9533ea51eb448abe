"""The simulator and the real collector agree on every line, for any model; lines go when their time has come."""

import itertools
import json
import threading
import time
from dataclasses import replace

import pytest
from collector_server import running

from dkd.errors import DkdError
from dkd.model.load import load
from dkd.model.preset import preset_files
from dkd.settings import settings
from dkd.simulate.live import Live
from dkd.simulate.traffic import traffic
from dkd.simulate.truth import Truth

DAY_MS = 86_400_000
DAY = 20_700 * DAY_MS
SHOP = preset_files("shop", "shop")["specs/shop.yaml"]
OWN = """\
dkd: 1
site: own_site
events:
  door_opened:
    fields:
      door: {type: enum, values: [front, back], required: true}
      since: timestamp
      tags: list
      by_hand: boolean
      weight_kg: {type: float, required: true}
  booking_made:
    fields: {booking_id: {type: string, required: true}, total: {type: int, required: true}, email: string}
  moved: {fields: {steps: long, origin: {type: string, from: query from, required: true}}}
fields: {member: {type: string, privacy: drop}, share: double}
enrich: [{sessions: {conversions: [{event: booking_made, value: total}]}}]
"""


class Quiet:
    """A listener that can be watched."""

    def __init__(self, on_progress=lambda: None) -> None:
        self.on_progress = on_progress

    def progress(self, text: str) -> None:
        self.on_progress()

    def note(self, text: str) -> None:
        raise AssertionError(text)


def live(server, model, truth: Truth) -> Live:
    return Live(replace(settings(model, "local", {}), collector=server.url), None, truth)


@pytest.mark.parametrize("text", [SHOP, preset_files("web", "web")["specs/web.yaml"], OWN], ids=["shop", "web", "own"])
def test_whatever_the_model_good_lines_are_accepted_and_broken_ones_refused(text):
    model = load(text, "model.yaml")
    lines = list(traffic(7, DAY, DAY + DAY_MS, 0.05, model))
    truth = Truth(model, 7)
    with running(model) as server:
        live(server, model, truth).send(iter(lines), DAY, None, Quiet())
        rejects = sorted(one.value for one in server.messages if one.topic.endswith(".rejects"))
        raw = [one for one in server.messages if one.topic.endswith(".raw")]
    said = truth.as_dict()
    assert rejects == sorted(sent.body for sent in lines if sent.kind == "broken")
    assert len(raw) == said["events"] + said["duplicates"]
    assert said["lines"] == len(lines) > 2000
    assert said["broken"] == len(rejects) > 3
    assert {json.loads(sent.body)["event"] for sent in lines if sent.kind == "event"} == set(model.events)
    assert said["conversions"] > 0


def test_what_is_past_goes_at_once_and_nothing_ahead_of_its_time():
    model = load(SHOP, "shop.yaml")
    now_ms = round(time.time() * 1000)
    whole = [sent for sent in traffic(7, DAY, DAY + DAY_MS, 0.05, model) if sent.kind == "event"]
    ahead = (0, 0, 400, 900)
    lines = [*whole[:600], *(one._replace(at_ms=now_ms + by) for one, by in zip(whole[600:], ahead, strict=False))]
    truth = Truth(model, 7)
    with running(model) as server:
        live(server, model, truth).send(iter(lines), DAY, None, Quiet())
        raw = server.messages
    assert len(raw) == truth.kinds["event"] == 604
    for message, by in zip(raw[-4:], ahead, strict=True):
        assert message.timestamp_ms >= now_ms + by
    # Nothing overtakes, as there is one lane.
    assert [one.key.decode() for one in raw] == [sent.given["party_id"] for sent in lines]


def test_speed_stretches_the_lines_over_time():
    model = load(SHOP, "shop.yaml")
    lines = [sent for sent in traffic(7, DAY, DAY + DAY_MS, 0.01, model) if sent.kind == "event"]
    with running(model) as server:
        began_s = time.monotonic()
        live(server, model, Truth(model, 7)).send(iter(lines), DAY, 100_000, Quiet())
        took_s = time.monotonic() - began_s
    assert took_s > (lines[-1].at_ms - DAY) / 1000 / 100_000


def test_an_interrupt_ends_it_and_what_was_sent_is_counted():
    """The truth is what the collector has, however far the lines were made."""
    model = load(SHOP, "shop.yaml")
    is_far = threading.Event()

    def endless():
        for number, sent in enumerate(itertools.cycle(traffic(7, DAY, DAY + DAY_MS, 0.02, model))):
            if number == 5000:
                is_far.set()
            yield sent

    def interrupt() -> None:
        if is_far.is_set():
            raise KeyboardInterrupt

    truth = Truth(model, 7)
    with running(model) as server:
        with pytest.raises(KeyboardInterrupt):
            live(server, model, truth).send(endless(), DAY, None, Quiet(interrupt))
        assert len(server.messages) == truth.kinds.total() >= 4500


def test_without_a_collector_it_says_so_in_one_line():
    model = load(SHOP, "shop.yaml")
    nowhere = replace(settings(model, "local", {}), collector="http://127.0.0.1:9")
    with pytest.raises(DkdError, match=r"^the collector at .* does not answer; run dkd up \[DKD810\]$"):
        Live(nowhere, None, Truth(model, 7))
