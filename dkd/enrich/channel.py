"""A campaign or a referrer becomes a channel group.

The groups are GA4's default channel groups as documented at https://support.google.com/analytics/answer/9756891: the
first rule that fits, no case. Differences: a referrer from a webmail is Email, and groups that need Google's own ad
data are left to ``utm_*``.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

_PAID = re.compile(r"^(.*cp.*|ppc|retargeting|paid.*)$", re.DOTALL)
_SHOP = re.compile(r"^(.*(([^a-df-z]|^)shop|shopping).*)$", re.DOTALL)
_EMAIL = frozenset(("email", "e-mail", "e_mail", "e mail"))
_DISPLAY = frozenset(("display", "banner", "expandable", "interstitial", "cpm"))
_SOCIAL = frozenset(("social", "social-network", "social-media", "sm", "social network", "social media"))


class Tag(NamedTuple):
    """A campaign's tag in lower case, empty where it has none; *kind* is that of the site that *source* names."""

    source: str
    medium: str
    campaign: str
    kind: str

    @property
    def is_paid(self) -> bool:
        """Whether the medium is one of paid clicks."""
        return _PAID.match(self.medium) is not None

    @property
    def is_shop(self) -> bool:
        """Whether the site or the campaign's name is about shopping."""
        return self.kind == "shopping" or _SHOP.match(self.campaign) is not None


_RULES: tuple[tuple[str, Callable[[Tag], bool]], ...] = (
    ("Direct", lambda tag: tag.source in ("direct", "(direct)") and tag.medium in ("", "(not set)", "(none)")),
    ("Cross-network", lambda tag: "cross-network" in tag.campaign),
    ("Paid Shopping", lambda tag: tag.is_shop and tag.is_paid),
    ("Paid Search", lambda tag: tag.kind == "search" and tag.is_paid),
    ("Paid Social", lambda tag: tag.kind == "social" and tag.is_paid),
    ("Paid Video", lambda tag: tag.kind == "video" and tag.is_paid),
    ("Display", lambda tag: tag.medium in _DISPLAY),
    ("Paid Other", lambda tag: tag.is_paid),
    ("Organic Shopping", lambda tag: tag.is_shop),
    ("Organic Social", lambda tag: tag.kind == "social" or tag.medium in _SOCIAL),
    ("Organic Video", lambda tag: tag.kind == "video" or "video" in tag.medium),
    ("Organic Search", lambda tag: tag.kind == "search" or tag.medium == "organic"),
    ("Referral", lambda tag: tag.medium in ("referral", "app", "link")),
    ("Email", lambda tag: tag.kind == "email" or tag.source in _EMAIL or tag.medium in _EMAIL),
    ("Affiliates", lambda tag: tag.medium == "affiliate"),
    ("Audio", lambda tag: tag.medium == "audio"),
    ("SMS", lambda tag: "sms" in (tag.source, tag.medium)),
    (
        "Mobile Push Notifications",
        lambda tag: tag.medium.endswith("push") or "mobile" in tag.medium or "notification" in tag.medium
        or tag.source == "firebase",
    ),
)  # fmt: skip

_OF_KIND = {
    "search": "Organic Search", "social": "Organic Social", "video": "Organic Video", "shopping": "Organic Shopping",
    "email": "Email",
}  # fmt: skip


def of_campaign(tag: Tag) -> str:
    """Channel group of a campaign; Unassigned when no rule fits."""
    return next((name for name, fits in _RULES if fits(tag)), "Unassigned")


def of_site(kind: str) -> str:
    """Channel group of a visit that a site of *kind* referred, without a campaign."""
    return _OF_KIND.get(kind, "Referral")
