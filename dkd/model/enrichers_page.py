"""The catalogue of enrichers → the Markdown page of what each needs, adds, asks, and was measured at."""

from typing import NamedTuple

from dkd.model.enrichers import CATALOGUE, Enrichers, Entry
from dkd.model.published import Json, json_schema

_HEAD = """\
# Enrichers

Made by `dkd schema --format enrichers`, in running order. Dedup runs before all of them. A column that an option asks
for is there only with the option. *Cost* is CPU per event of the enricher alone (`tests/benchmarks/step_cost.py`, on a
busy machine of 2 cores): read it beside its neighbours.

"""


class Facts(NamedTuple):
    """What no code tells of an enricher.

    Attributes:
        rules: How it decides.
        sources: Whose data or rules it goes by.
        accuracy: What was measured, and by which command.
        cost: Microseconds of CPU for an event.
    """

    rules: str
    sources: str
    accuracy: str
    cost: str


_FACTS: dict[str, Facts] = {
    "url": Facts(
        "By the URL standard: host in lower case without port and user, international ones as punycode; tabs and line "
        "ends go, a backslash is a slash, `.` and `..` are walked. What it would escape stays as it came, and so do "
        "hosts that are numbers in other bases. An address that is none has no parts. "
        "A route's `{name}` is one character or more but `/`; `*` at its end is anything; the first that fits counts.",
        "https://url.spec.whatwg.org",
        "20,000 of 20,000 random http addresses alike with can_ada (`tests/benchmarks/url_oracle.py`); addresses and "
        "hosts of 100 KB, and templates that make other engines backtrack: below a second "
        "(`tests/unit/enrich/test_enrich_url.py`)",
        "1.2",
    ),
    "campaign": Facts(
        "The first value that is not empty counts; bytes that are not UTF-8 become U+FFFD. A paid click "
        "(gclid, gbraid, "
        "wbraid, dclid, msclkid, ttclid, twclid, li_fat_id, ScCid, rdt_cid, yclid, qclid) without `utm_source` and "
        "`utm_medium` has its network's; fbclid, igshid, epik and srsltid name a network only, as they "
        "stand in links "
        "that nobody paid for.",
        "written for dkd from general knowledge, not checked against each network's own pages",
        "each parameter and each paid network's channel (`tests/unit/enrich/test_enrich_campaign.py`)",
        "0.4 to 0.5",
    ),
    "referrer": Facts(
        "The longest known host that the referrer's equals or lies below; the page's own host, and hosts of "
        "`collector.cookie_domain`, are internal. `channel` is Google Analytics 4's default channel "
        "group: the first of "
        "its rules for manual traffic that fits, no case, without those that need Google's own ad data. "
        "An arrival with "
        "neither campaign nor referrer is Direct.",
        "sites: written for dkd; channels: https://support.google.com/analytics/answer/9756891, its order of rules "
        "compared with two copies of its list on other pages",
        "all of 102 cases copied by hand from referer-parser's published ones, their longest queries "
        "shortened, agree in "
        "medium, source and term; sites were added after reading them, so this is no blind test, and "
        "the published file "
        "itself was not run (`tests/benchmarks/referrer_accuracy.py` does)",
        "0.9",
    ),
    "agent": Facts(
        "Agents are cut at 2,048 characters before a pattern sees them. Client hints are asked where the model has "
        "fields for them, such as `ch_platform: {from: header sec-ch-ua-platform}`: then Windows 11 is told from 10, a "
        "brand that calls itself Chrome by its own name, whole versions, and a phone that asks for the desktop's page. "
        "Chrome sends brands, mobile and platform to every https page, and the others when the page's server asked for "
        "them (`Accept-CH`). Without hints a frozen agent tells Windows 10 also on Windows 11.",
        "ua-parser's patterns, as installed",
        "all of ua-parser's own 14,977 cases of browsers and systems, one of which newer patterns answer more exactly "
        "(`tests/benchmarks/agent_accuracy.py`); ten current browsers (`tests/unit/enrich/test_enrich_agent.py`)",
        "0.5",
    ),
    "geo": Facts(
        "Private, reserved and impossible addresses have no place. An address that the collector truncated still has "
        "its country.",
        "the country database that dkd ships (CC0, registries' statistics CC BY 4.0), or a user's files",
        "registries' own networks (`tests/unit/enrich/test_enrich_geo.py`)",
        "0.4 to 0.7",
    ),
    "bots": Facts(
        "Flag and explain; nothing is dropped unless the model says so.",
        "the lists of crawler-user-agents, CrawlerDetect and isbot, dkd's own patterns, the address ranges that "
        "operators publish; `docs/enricher.md` says how newer ones replace them",
        "found 99.95 % of crawler-user-agents' 2,123 crawlers and of CrawlerDetect's 3,702, whose lists are among "
        "ours, and 99.56 % of Matomo's 1,347, whose list is not; flagged 0.027 % of CrawlerDetect's 165,640 agents of "
        "devices, which are no browsers, and none of 952 and 839 of today's browsers (npm user-agents, "
        "fake-useragent); what each list finds alone is printed by `tests/benchmarks/bots_accuracy.py`",
        "0.6 to 0.7",
    ),
    "profile": Facts(
        "The file is read once, at the start, in the order of its lines, as a compacted topic is in the order of its "
        "offsets: the last line of a key counts, and a null value removes it. A topic is followed: an event gets the "
        "profile that its key had when the collector received the event, by the times of the topic's records, so the "
        "same two topics give the same clean events, however batches were cut and whenever they were read. That holds "
        "for as long as compaction leaves the older record (`min.compaction.lag.ms`), and dkd itself remembers it for "
        "seven days; and where the topic has the broker's times (`message.timestamp.type=LogAppendTime`): by a "
        "producer's own clock a record may come after events that are later than it and already written, and one from "
        "the future holds back those behind it in its partition. A partition that is added is read from the next start "
        "on. An event from before the first record of its key has none. `dkd backfill`, and what tries rules "
        "on past events, take the latest profiles. What is no JSON object is passed by. `profile_version` tells which "
        "profiles they were: a digest of the file's, or partition and offset of the record. The join comes before "
        "privacy, so the key may be a field that becomes a pseudonym.",
        "the user's file, or a topic on the site's Kafka, which dkd neither makes nor changes",
        "laws of compaction and of time (`tests/unit/enrich/test_enrich_profile.py`), a real Kafka "
        "(`tests/e2e/test_enricher_real.py`)",
        "0.4 to 1.5, by ten thousand to a million profiles of a topic",
    ),
    "sessions": Facts(
        "By event time, silence, and what `split_on` names; see `docs/enricher.md`. With `origin` each event has the "
        "origin that its session has by the events that came before it in its partition: so it depends on their order, "
        "as `session_id` does, and the session's row has what all of them tell. Late events have none.",
        "own rules",
        "laws of order, merging, closing, parting and origin (`tests/property/test_session_laws.py`, "
        "`tests/property/test_split_laws.py`)",
        "`tests/benchmarks/enricher_rate.py`",
    ),
    "privacy": Facts(
        "Always on, last. Fields are kept, truncated, made pseudonyms or dropped as the model says of "
        "each. Pseudonyms "
        "are keyed blake2b; with `rotate` each epoch of event time has a key of its own, made from the secret one. "
        "What looks like an e-mail address, also percent-encoded once or twice, becomes `email` in the columns of "
        "addresses and campaigns, and user and password before a host go.",
        "own rules",
        "`tests/unit/enrich/test_enrich_privacy.py`",
        "0.3 to 0.6",
    ),
}


def enrichers_page() -> str:
    """A chapter for each enricher, in running order."""
    kinds = json_schema()["$defs"]
    entries = (*CATALOGUE, Entry("privacy", (), (), "keeps, truncates, makes pseudonyms, drops"))
    return _HEAD + "\n".join(_chapter(entry, kinds) for entry in entries)


def _chapter(entry: Entry, kinds: Json) -> str:
    facts = _FACTS[entry.name]
    rows = [("needs", _columns(entry.needs)), ("adds", _columns(entry.adds)), ("adds by option", _columns(entry.extra))]
    rows += [("sources", facts.sources), ("measured", facts.accuracy), ("cost, µs", facts.cost)]
    table = "\n".join(f"| {name} | {text} |" for name, text in rows if text)
    options = "\n".join(f"* `{name}`: {text}" for name, text in _options(entry.name, kinds))
    said = f"{entry.name} {entry.summary}. {facts.rules}"
    return f"## {entry.name}\n\n{said}\n\n| | |\n|---|---|\n{table}\n" + (f"\n{options}\n" if options else "")


def _options(name: str, kinds: Json) -> list[tuple[str, str]]:
    kind = next(one for one in str(Enrichers.model_fields[name].annotation).split() if "dkd.model" in one)
    properties = kinds[kind.rpartition(".")[2]].get("properties", {})
    return [(key, one["description"]) for key, one in properties.items()]


def _columns(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
