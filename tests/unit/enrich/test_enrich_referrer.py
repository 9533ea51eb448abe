import polars as pl
import pytest

from dkd.enrich.channel import Tag, of_campaign
from dkd.enrich.referrer import add_referrer
from dkd.enrich.resources import known_sites

SITES = known_sites()

REFERRERS = {
    "https://www.google.com/": ("search", "Google", "Organic Search"),
    "https://www.google.co.uk/search?q=x": ("search", "Google", "Organic Search"),
    "https://google.com.br/": ("search", "Google", "Organic Search"),
    "android-app://com.google.android.googlequicksearchbox/": ("search", "Google", "Organic Search"),
    "https://www.bing.com/": ("search", "Bing", "Organic Search"),
    "https://duckduckgo.com/": ("search", "DuckDuckGo", "Organic Search"),
    "https://de.search.yahoo.com/": ("search", "Yahoo", "Organic Search"),
    "https://mail.google.com/mail/u/0/": ("email", "Gmail", "Email"),
    "https://mail.yahoo.com/": ("email", "Yahoo Mail", "Email"),
    "https://outlook.live.com/": ("email", "Outlook", "Email"),
    "https://docs.google.com/document/1": ("unknown", "Google Docs", "Referral"),
    "https://l.facebook.com/l.php?u=x": ("social", "Facebook", "Organic Social"),
    "https://t.co/abc": ("social", "Twitter", "Organic Social"),
    "https://out.reddit.com/": ("social", "Reddit", "Organic Social"),
    "https://m.youtube.com/watch?v=1": ("social", "YouTube", "Organic Video"),
    "https://www.amazon.de/dp/1": ("unknown", "Amazon", "Organic Shopping"),
    "https://chatgpt.com/": ("unknown", "ChatGPT", "Referral"),
    "https://blog.other.example/post": ("unknown", "blog.other.example", "Referral"),
    "https://notgoogle.com/": ("unknown", "notgoogle.com", "Referral"),
    "https://google.com.evil.example/": ("unknown", "google.com.evil.example", "Referral"),
    "https://www.shop.example/cart": ("internal", "www.shop.example", None),
    "https://shop.example/cart": ("internal", "shop.example", None),
    "https://help.shop.example/": ("unknown", "help.shop.example", "Referral"),
    "about:blank": (None, None, None),
    "": (None, None, None),
    None: (None, None, None),
}


def _batch(referrer, **tag):
    row = {"referrer_url": referrer, "page_host": "shop.example", "utm_source": None, "utm_medium": None,
           "utm_campaign": None}  # fmt: skip
    return pl.DataFrame([{**row, **tag}], schema=dict.fromkeys(row, pl.String))


@pytest.mark.parametrize("referrer", REFERRERS)
def test_a_referrer_has_this_medium_source_and_channel(referrer):
    assert add_referrer(_batch(referrer), SITES).row(0) == REFERRERS[referrer]


def test_hosts_of_the_sites_own_cookie_domain_are_internal():
    for own in ("shop.example", ".shop.example"):
        found = add_referrer(_batch("https://help.shop.example/"), SITES, own)
        assert found.row(0) == ("internal", "help.shop.example", None)
    assert add_referrer(_batch("https://myshop.example/"), SITES, "shop.example")["referrer_medium"][0] == "unknown"


CAMPAIGNS = [
    ("google", "cpc", "", "Paid Search"),
    ("Google", "CPC", "", "Paid Search"),
    ("google", "organic", "", "Organic Search"),
    ("google", "cpc", "summer-shopping", "Paid Shopping"),
    ("facebook", "paid_social", "", "Paid Social"),
    ("fb", "cpc", "", "Paid Social"),
    ("instagram.com", "", "", "Organic Social"),
    ("youtube", "cpv-cpc", "", "Paid Video"),
    ("partner", "cpm", "", "Display"),
    ("partner", "banner", "", "Display"),
    ("partner", "retargeting", "", "Paid Other"),
    ("partner", "ppc", "workshops", "Paid Other"),
    ("newsletter", "email", "", "Email"),
    ("e-mail", "", "", "Email"),
    ("partner", "affiliate", "", "Affiliates"),
    ("partner", "referral", "", "Referral"),
    ("email", "referral", "", "Referral"),
    ("podcast", "audio", "", "Audio"),
    ("sms", "", "", "SMS"),
    ("app", "web-push", "", "Mobile Push Notifications"),
    ("firebase", "", "", "Mobile Push Notifications"),
    ("(direct)", "(none)", "", "Direct"),
    ("google", "cpc", "x cross-network y", "Cross-network"),
    ("somebody", "something", "", "Unassigned"),
    ("a\x1fb", "c\x1fd", "e\x1ff", "Unassigned"),
]


@pytest.mark.parametrize(("source", "medium", "campaign", "channel"), CAMPAIGNS)
def test_a_campaign_beats_the_referrer_and_has_this_channel(source, medium, campaign, channel):
    tag = {"utm_source": source or None, "utm_medium": medium or None, "utm_campaign": campaign or None}
    assert add_referrer(_batch("https://www.shop.example/", **tag), SITES)["channel"][0] == channel


def test_a_campaign_of_100_kb_is_answered():
    assert of_campaign(Tag("x" * 100_000, "shop" * 25_000, "s" * 100_000, "")) == "Unassigned"


def test_every_site_is_of_a_known_kind_and_no_host_is_claimed_twice():
    kinds = {site.kind for site in SITES.by_host.values()}
    assert kinds == {"search", "social", "video", "shopping", "email", "paid", "unknown"}
    assert all(host == host.lower() for host in SITES.by_host)
