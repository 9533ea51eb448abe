"""Records of a journal → what was deployed last and how far it got, wherever the writing stopped."""

from dataclasses import replace

from dkd.plan.journal import (
    Deploy,
    Journal,
    Lock,
    Record,
    began,
    encoded,
    ended,
    finished,
    folded,
    locked,
    released,
    removed,
    stepped,
)
from dkd.plan.step import effect, is_reversible
from dkd.systems.change import Change, Difference

LOCK = Lock("d1", "deploy", "me@here", "here:1", "0.1", "2026-01-01T00:00:00+00:00")
STEPS = tuple(Change("kafka", "topic", name, "create", "") for name in ("a", "b", "c"))
DEPLOY = Deploy("d1", "prod", "m1", "me@here", "0.1", "t0", tuple(step.address for step in STEPS))


def written(*found):
    """A journal's records in the order of its topic."""
    return [record for records in found for record in encoded(records)]


def whole_deploy():
    """All that a deploy of three steps writes, transaction by transaction."""
    steps = [
        records
        for seq, step in enumerate(STEPS, 1)
        for records in (
            stepped(DEPLOY, seq, step, "started", "t"),
            stepped(DEPLOY, seq, step, "done", "t", {"partitions": seq}),
        )
    ]
    last = ended(DEPLOY, "t9", {"kafka/topic/d": {"partitions": 9}}, {"collector/ip": "hash"}, "r1")
    return [locked(LOCK), began(DEPLOY, Journal()), *steps, last]


def test_an_empty_topic_says_nothing():
    assert folded([]) == Journal(applied={}, privacy={})


def test_wherever_a_deploy_stops_the_journal_says_what_is_left():
    transactions = whole_deploy()
    for count in range(2, len(transactions)):
        found = folded(written(*transactions[:count]))
        done = (count - 2) // 2
        assert found.unfinished == "deploy d1"
        assert found.left() == DEPLOY.steps[done:]
        assert [step.address for step in found.open_steps] == list(DEPLOY.steps[done : done + (count - 2) % 2])
        assert found.lock == LOCK
        assert set(found.applied) == set(DEPLOY.steps[:done])


def test_a_deploy_that_came_to_its_end_leaves_nothing_open_and_no_lock():
    found = folded(written(*whole_deploy()))
    assert (found.unfinished, found.left(), found.open_steps, found.lock) == ("", (), (), None)
    assert found.applied["kafka/topic/d"] == {"partitions": 9}
    assert found.privacy == {"collector/ip": "hash"}
    assert found.running == "r1"
    assert found.deploy.finalised == "t9"


def test_a_compacted_topic_says_the_same():
    records = written(*whole_deploy())
    compacted = [one for seq, one in enumerate(records) if one.key not in {later.key for later in records[seq + 1 :]}]
    assert len(compacted) < len(records)
    assert folded(compacted) == folded(records)


def test_a_new_deploy_forgets_the_steps_of_the_one_before():
    before = folded(written(*whole_deploy()))
    next_one = Deploy("d2", "prod", "m2", "me", "0.1", "t", ("kafka/topic/a",))
    found = folded(written(*whole_deploy(), began(next_one, before)))
    assert found.steps == ()
    assert found.left() == ("kafka/topic/a",)
    assert found.applied == before.applied


def test_the_last_twenty_deploys_are_remembered_the_oldest_first_whether_they_came_to_their_end_or_not():
    records, found = [], Journal()
    for seq in range(30):
        one = replace(DEPLOY, id=f"d{seq}", started=f"2026-01-{seq + 1:02}")
        records += written(began(one, found), *([finished(one, "t")] if seq % 2 else []))
        found = folded(records)
    assert [one.id for one in (*found.past, found.deploy)] == [f"d{seq}" for seq in range(10, 30)]
    assert [bool(one.finalised) for one in found.past] == [bool(seq % 2) for seq in range(10, 29)]


def test_a_step_that_was_begun_keeps_the_class_of_what_it_did():
    shorter = Difference("retention.ms", "200", "100")
    step = Change("kafka", "topic", "a", "update", "", differences=(shorter,))
    (found,) = folded(written(began(DEPLOY, Journal()), stepped(DEPLOY, 1, step, "started", "t"))).open_steps
    verify = Change("kafka", "topic", "a", "verify", "", began=found.effect)
    assert effect(verify) == effect(step) == "destructive"
    assert not is_reversible(verify)
    assert effect(replace(verify, began="")) == "safe"


def test_what_a_stopped_deploy_or_destroy_has_begun_is_among_what_was_made():
    deploying = [began(DEPLOY, Journal()), stepped(DEPLOY, 1, STEPS[0], "done", "t", {"partitions": 1})]
    begun = stepped(DEPLOY, 2, STEPS[1], "started", "t")
    found = folded(written(*deploying, begun))
    assert found.made() == ("kafka/topic/a", "kafka/topic/b")
    removal = replace(DEPLOY, id="x", steps=found.made(), operation="destroy")
    gone = removed("kafka/topic/a")
    assert folded(written(*deploying, begun, began(removal, found))).made() == ("kafka/topic/a", "kafka/topic/b")
    last = stepped(removal, 1, replace(STEPS[0], action="delete"), "done", "t")
    stopped = folded(written(*deploying, begun, began(removal, found), {**last, **gone}))
    assert stopped.made() == ("kafka/topic/b",)


def test_a_failed_step_stays_open():
    found = folded(written(began(DEPLOY, Journal()), stepped(DEPLOY, 1, STEPS[0], "failed", "t")))
    assert [step.state for step in found.open_steps] == ["failed"]


def test_what_another_program_wrote_is_passed_over():
    assert folded([Record(b"lock", b"\xffnot json"), *written(locked(LOCK), released())]).lock is None
