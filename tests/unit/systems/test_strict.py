"""Artefacts with a mistake → a finding at its path, with the nearest name; what Druid and Kafka know passes."""

import copy

import pytest
import yaml

from dkd.errors import DkdError
from dkd.model.load import load
from dkd.systems.druid.batch import batch_spec, files, reindex_spec
from dkd.systems.druid.keeping import compactions, rules
from dkd.systems.druid.render import PLACEHOLDER, supervisor
from dkd.systems.druid.strict import findings_of, impossible, require_known
from dkd.systems.kafka import strict as kafka
from dkd.systems.kafka.render import topics_yaml
from dkd.systems.strict import Each, Keys, findings, free

MODEL = load(
    "dkd: 1\nsite: shop\nevents: {page_view: {}}\nfields: {tags: list, price: double}\n"
    "datasources: {events: {compact_after: 1d}}\n",
    "model",
)
DAY = "2026-01-01/2026-01-02"
ARTEFACTS = {
    "supervisor": supervisor(MODEL, "events", PLACEHOLDER),
    "batch": batch_spec(MODEL, "events", files(["/a.ndjson"]), DAY),
    "compaction": compactions(MODEL)["shop_events"],
    "rules": rules(MODEL)["shop_events"],
}
SCHEMA = "spec.dataSchema"
DIMENSIONS = f"{SCHEMA}.dimensionsSpec.dimensions"


def spoilt(kind, path, value):
    """The artefact with *value* at the path, whose parts are divided by blanks; numbers are places in lists."""
    found = copy.deepcopy(ARTEFACTS[kind])
    *outer, last = (int(part) if part.isdigit() else part for part in path.split())
    holder = found
    for part in outer:
        holder = holder.setdefault(part, {}) if isinstance(part, str) else holder[part]
    if isinstance(holder, list):
        holder.insert(last, value)
    else:
        holder[last] = value
    return found


@pytest.mark.parametrize("kind", ARTEFACTS)
def test_what_dkd_makes_is_known_and_possible(kind):
    assert findings_of(ARTEFACTS[kind], kind) == ()
    assert impossible(ARTEFACTS[kind], kind) == ()
    require_known(ARTEFACTS[kind], kind)


@pytest.mark.parametrize(
    ("kind", "path", "value", "place", "remedy"),
    [
        ("supervisor", "spec ioConfig taskCout", 1, "spec.ioConfig.taskCout", "did you mean taskCount"),
        ("supervisor", "spec dataSchema parser", {}, f"{SCHEMA}.parser", "known here: dataSource, "),
        ("supervisor", "spec dataSchema metricSpec", [], f"{SCHEMA}.metricSpec", "did you mean metricsSpec"),
        ("supervisor", "spec dataSchema dimensionsSpec dimensions 1", {"type": "lon", "name": "n"},
         f"{DIMENSIONS}[1].type", "did you mean long"),
        ("supervisor", "spec dataSchema dimensionsSpec dimensions 0", {"name": "n", "createBitmap": True},
         f"{DIMENSIONS}[0].createBitmap", "did you mean createBitmapIndex"),
        ("supervisor", "spec dataSchema metricsSpec", [{"type": "count", "name": "n", "fieldName": "x"}],
         f"{SCHEMA}.metricsSpec[0].fieldName", "known here: name, type"),
        ("supervisor", "spec dataSchema metricsSpec", [{"type": "thetaSketchh", "name": "n"}],
         f"{SCHEMA}.metricsSpec[0].type", "did you mean thetaSketch"),
        ("supervisor", "spec dataSchema metricsSpec",
         [{"type": "filtered", "filter": {"type": "not", "field": {"type": "selector", "dimensions": "a"}},
           "aggregator": {"type": "count", "name": "n"}}],
         f"{SCHEMA}.metricsSpec[0].filter.field.dimensions", "did you mean dimension"),
        ("supervisor", "spec dataSchema transformSpec transforms", [{"type": "expression", "nme": "a"}],
         f"{SCHEMA}.transformSpec.transforms[0].nme", "did you mean name"),
        ("supervisor", "spec dataSchema granularitySpec type", "unifrom", f"{SCHEMA}.granularitySpec.type",
         "did you mean uniform"),
        ("supervisor", "spec ioConfig inputFormat flattenSpec fields", [{"type": "pth", "name": "x"}],
         "spec.ioConfig.inputFormat.flattenSpec.fields[0].type", "did you mean path"),
        ("supervisor", "spec ioConfig inputFormat", "json", "spec.ioConfig.inputFormat", "write {key: value}"),
        ("supervisor", "spec dataSchema dimensionsSpec dimensions", {"name": "n"}, DIMENSIONS, "write [value, …]"),
        ("supervisor", "spec tuningConfig indexSpec bitmap", {"type": "roarin"},
         "spec.tuningConfig.indexSpec.bitmap.type", "did you mean roaring"),
        ("batch", "spec ioConfig dropexisting", True, "spec.ioConfig.dropexisting", "did you mean dropExisting"),
        ("batch", "spec ioConfig inputSource basedir", 1, "spec.ioConfig.inputSource.basedir", "did you mean baseDir"),
        ("batch", "spec ioConfig inputSource type", "locl", "spec.ioConfig.inputSource.type", "did you mean local"),
        ("batch", "spec tuningConfig partitionsSpec type", "rnge", "spec.tuningConfig.partitionsSpec.type",
         "did you mean range"),
        ("batch", "type", "index_paralel", "type", "did you mean index_parallel"),
        ("compaction", "skipOffset", "P1D", "skipOffset", "did you mean skipOffsetFromLatest"),
        ("compaction", "tuningConfig partitionsSpec type", "nosuch", "tuningConfig.partitionsSpec.type", "known here"),
        ("rules", "0", {"type": "loadByPeriods", "period": "P1D"}, "[0].type", "did you mean loadByPeriod"),
        ("rules", "0", {"type": "dropByPeriod", "periods": "P1D"}, "[0].periods", "did you mean period"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_at_its_path_with_the_nearest_name(kind, path, value, place, remedy):
    (finding,) = findings_of(spoilt(kind, path, value), kind)
    assert finding.path == place
    assert remedy in finding.remedy
    with pytest.raises(DkdError, match="DKD270"):
        require_known(spoilt(kind, path, value), kind, "shop_events")


def test_what_a_wrong_type_becomes_is_said():
    (finding,) = findings_of(spoilt("batch", "spec tuningConfig partitionsSpec type", "nosuch"), "batch")
    assert finding.line() == (
        "spec.tuningConfig.partitionsSpec.type: 'nosuch' is no type that is known here, and is taken for hashed; "
        "known here: dynamic, hashed, range, single_dim"
    )


@pytest.mark.parametrize(
    ("kind", "path", "value", "said"),
    [
        ("supervisor", "spec ioConfig taskCount", 0, "taskCount 0 leaves nobody to read"),
        ("supervisor", "spec dataSchema dataSource", "a b", "needs quotes"),
        ("supervisor", "spec dataSchema projections", [], "spec.dataSchema.projections"),
        ("supervisor", "spec dataSchema metricsSpec", [{"type": "HLLSketchBuild", "name": "n", "lgK": 40}], "lgK 40"),
        ("supervisor", "spec dataSchema metricsSpec", [{"type": "doubleSum", "name": "price"}], "price stands twice"),
        ("supervisor", "spec dataSchema dimensionsSpec dimensions 0", "price", "price stands twice"),
        ("supervisor", "spec dataSchema granularitySpec queryGranularity", "DAY", "coarser"),
        ("batch", "spec dataSchema granularitySpec queryGranularity", "DAY", "coarser"),
        ("batch", "spec ioConfig appendToExisting", True, "dropExisting drops nothing"),
        ("batch", "spec dataSchema granularitySpec intervals", [], "without granularitySpec.intervals"),
        ("compaction", "granularitySpec", {"queryGranularity": "MONTH", "segmentGranularity": "DAY"}, "coarser"),
        ("rules", "0", {"type": "loadByPeriod"}, "rule 1, loadByPeriod, has no period"),
        ("rules", "0", {"type": "dropByInterval"}, "rule 1, dropByInterval, has no interval"),
        ("rules", "0", {"type": "loadForever"}, "rule 2 is never reached: loadForever before it takes everything"),
    ],
)
def test_what_druid_accepts_and_nobody_can_work_with_is_said(kind, path, value, said):
    assert any(said in one for one in impossible(spoilt(kind, path, value), kind))
    with pytest.raises(DkdError, match="DKD271"):
        require_known(spoilt(kind, path, value), kind, "shop_events")


def test_null_is_as_if_the_key_were_not_there():
    assert findings_of(spoilt("supervisor", "spec dataSchema transformSpec", None)) == ()
    assert list(findings({"a": None, "z": None}, Keys({"a": Each(Keys(free("b")))}))) == []


def test_a_name_that_is_like_no_other_gets_a_list():
    (finding,) = findings({"zzz": 1}, Keys(free(*"abcdefghijklmnop")))
    assert finding.remedy == "known here: a, b, c, d, e, f, g, h, i, j, k, l, …"


def test_every_replaced_interval_is_one_of_whole_segments():
    for interval in ("2026-01-01T00:00:00Z/2026-01-01T05:00:00Z", DAY, "2026-01-01T01:00:00+01:00/2026-01-02"):
        assert reindex_spec(MODEL, "events", interval)
    for kind, interval in (
        ("events", "2026-01-01T00:30:00Z/2026-01-01T05:00:00Z"),
        ("events", "2026-01-01T00:00:00Z/2026-01-01T05:00:01Z"),
        ("events", "2026-01-01T00:00:00+00:30/2026-01-02"),
        ("events", "2026-01-02/2026-01-01"),
        ("events", "2026-01-01/2026-01-01"),
        ("events", "2026-01-01"),
        ("events", "yesterday/today"),
        ("sessions", "2026-01-01T00:00:00Z/2026-01-01T05:00:00Z"),
    ):
        with pytest.raises(DkdError, match="DKD245"):
            reindex_spec(MODEL, kind, interval)
        with pytest.raises(DkdError, match="DKD245"):
            batch_spec(MODEL, kind, files(["/a"]), interval)


def test_what_is_added_may_be_of_any_time_and_leaves_what_is_there():
    spec = batch_spec(MODEL, "events", files(["/a"]), "2026-01-01T00:30:00Z/2026-01-01T00:31:00Z", replace=False)
    assert (spec["spec"]["ioConfig"]["appendToExisting"], spec["spec"]["ioConfig"]["dropExisting"]) == (True, False)


def test_a_source_that_druid_does_not_know_is_refused():
    with pytest.raises(DkdError, match=r"baseDirectory.*DKD270"):
        batch_spec(MODEL, "events", {"type": "local", "baseDirectory": "/"}, DAY)


def test_a_batch_makes_of_a_line_what_the_supervisor_makes_of_a_record():
    batch, stream = (ARTEFACTS[kind]["spec"]["dataSchema"] for kind in ("batch", "supervisor"))
    assert batch == {**stream, "granularitySpec": {**stream["granularitySpec"], "intervals": [DAY]}}


def topics_file():
    return yaml.safe_load(topics_yaml(MODEL))


@pytest.mark.parametrize(
    ("change", "place", "remedy"),
    [
        (lambda file: file["topics"][2]["config"].update({"retention.mss": "1"}), "topics[2].config.retention.mss",
         "retention.ms"),
        (lambda file: file["topics"][0].update(partition=3), "topics[0].partition", "partitions"),
        (lambda file: file.update(topic=[]), "topic", "topics"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_topics_file_is_named_at_its_path(change, place, remedy):
    file = topics_file()
    kafka.require_known(file)
    change(file)
    (finding,) = kafka.findings_of(file)
    assert finding.path == place
    assert remedy in finding.remedy
    with pytest.raises(DkdError, match="DKD243"):
        kafka.require_known(file)
