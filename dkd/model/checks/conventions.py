"""Model → names and numbers of fields that another tool would not take, for models that ask for it."""

import re
from collections.abc import Iterator

from dkd.model.checks.finding import Finding, places
from dkd.model.schema import Model
from dkd.model.tree import Path

_LONGEST = 40
_MOST_PARAMETERS = 25
_GA4_PREFIXES = ("_", "ga_", "google_", "gtag.", "firebase_")
_GA4_EVENTS = frozenset(
    {
        "ad_activeview", "ad_click", "ad_exposure", "ad_query", "ad_reward", "adunit_exposure", "app_clear_data",
        "app_exception", "app_install", "app_remove", "app_store_refund", "app_update", "app_upgrade",
        "dynamic_link_app_open", "dynamic_link_app_update", "dynamic_link_first_open", "error", "first_open",
        "first_visit", "in_app_purchase", "notification_dismiss", "notification_foreground", "notification_open",
        "notification_receive", "os_update", "session_start", "session_start_with_rollout", "user_engagement",
    }
)  # fmt: skip
"""Names that only GA4 itself may send."""


def conventions(model: Model) -> Iterator[Finding]:
    """What breaks the conventions that the model says it keeps.

    The limits of Google Analytics 4: https://support.google.com/analytics/answer/9267744.
    """
    if "ga4" not in model.conventions:
        return
    names: list[tuple[Path, str]] = [(("events", name), name) for name in model.events]
    names += [(path, name) for path, name, _ in places(model)]
    for path, name in names:
        if len(name) > _LONGEST:
            problem = f"{name!r} has {len(name)} characters, GA4 takes {_LONGEST}"
            yield (path, "DKD284", problem, "choose a shorter name")
        if name.startswith(_GA4_PREFIXES):
            problem = f"GA4 keeps names that begin with {re.split('(?<=_)', name)[0]!r} for itself"
            yield (path, "DKD284", problem, "choose another name")
    for event, body in model.events.items():
        if event in _GA4_EVENTS:
            yield (("events", event), "DKD284", f"only GA4 itself sends {event!r}", "choose another name")
        count = len(model.fields.keys() | body.fields.keys())
        if count > _MOST_PARAMETERS:
            problem = f"{event!r} may carry {count} fields, GA4 takes {_MOST_PARAMETERS}"
            yield (("events", event), "DKD284", problem, "split the event")
