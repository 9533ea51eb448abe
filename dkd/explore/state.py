"""What stands in place of the pictures when there is nothing to draw: what is the matter, and what helps."""

from typing import Any

from dkd.errors import DkdError

State = dict[str, Any]


def refusal(error: DkdError) -> State:
    """The state that *error* leaves the page in."""
    first = error.problems[0]
    titles = {
        "DKD301": "Druid does not answer",
        "DKD303": "This takes too long",
        "DKD304": "This is too much at once",
        "DKD314": "This is too much at once",
        "DKD320": "This is too much at once",
        "DKD315": "There is no event yet",
    }
    title = titles.get(first.code, "This could not be answered")
    text = f"{first.where + ': ' if first.where else ''}{first.problem}."
    return _state("failed", title, text, first.remedy, "again")


def no_event(datasource: str) -> State:
    """The state of a site before its first event."""
    text = f"{datasource} holds no row yet. This page looks again every few seconds."
    return _state("empty", "There is no event yet", text, "dkd replay FILE, or put the tag on a page", "again")


def no_measure() -> State:
    """The state of a model that measures nothing."""
    text = "The model has no measures, so there is nothing to count."
    return _state("empty", "Nothing to measure", text, "measures: {visitors: {count_distinct: party_id}}", "")


def nothing(text: str, *, has_filters: bool, hides_bots: bool = False) -> State:
    """The state of a view that no event fits."""
    action = "bots" if hides_bots else "unfilter" if has_filters else "last"
    return _state("nothing", "Nothing was counted", text, "", action)


def _state(kind: str, title: str, text: str, remedy: str, action: str) -> State:
    return {"kind": kind, "title": title, "text": text, "remedy": remedy, "action": action}
