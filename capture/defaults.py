"""What a fresh house starts with in capture: the channel table and the three sources that are always there."""

from __future__ import annotations

from typing import Any

SEARCH_SITES = ["google", "bing", "duckduckgo", "qwant", "ecosia", "search.yahoo", "yandex", "baidu"]
SOCIAL_SITES = [
    "linkedin.com", "lnkd.in", "facebook.com", "fb.com", "instagram.com", "twitter.com", "t.co", "x.com",
    "youtube.com", "tiktok.com", "reddit.com", "threads.net", "pinterest.com",
]  # fmt: skip
SOCIAL_NAMES = ["linkedin", "facebook", "instagram", "twitter", "x", "youtube", "tiktok", "meta", "reddit", "fb", "ig"]
REVIEW_SITES = ["g2.com", "capterra", "trustpilot.com", "appvizer", "trustradius.com", "getapp"]
PAID = ["cpc", "ppc", "paid", "sem", "cpm", "cpv", "display", "retargeting", "ads", "ad"]


def _is(field: str, op: str, value: Any = None) -> dict[str, Any]:
    comparison: dict[str, Any] = {"field": field, "op": op}
    return comparison if value is None else {**comparison, "value": value}


def _any(*members: dict[str, Any]) -> dict[str, Any]:
    return {"any": list(members)}


def _all(*members: dict[str, Any]) -> dict[str, Any]:
    return {"all": list(members)}


def _rule(key: str, fr: str, en: str, channel: str, when: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "label": {"fr": fr, "en": en}, "when": when, "channel": channel}


def _channel(code: str, fr: str, en: str) -> dict[str, Any]:
    return {"code": code, "labels": {"fr": fr, "en": en}}


_from_social = _any(
    _is("utm_source", "in", SOCIAL_NAMES), *(_is("referrer_host", "contains", site) for site in SOCIAL_SITES)
)

CHANNELS: dict[str, Any] = {
    "rules": [
        _rule(
            "click_search", "Clic payant sur un moteur", "Paid click on a search engine", "paid_search",
            _all(_is("click_ids", "has_any", ["gclid", "gbraid", "wbraid", "msclkid", "dclid"])),
        ),
        _rule(
            "click_social", "Clic sur un réseau social", "Click on a social network", "paid_social",
            _all(
                _is("click_ids", "has_any", ["li_fat_id", "fbclid", "ttclid"]),
                _any(_is("utm_medium", "in", [*PAID, "paid_social", "paidsocial"]), _is("click_ids", "has_any", ["li_fat_id"])),
            ),
        ),
        _rule(
            "medium_paid_social", "Support payant, réseau social", "Paid medium, social network", "paid_social",
            _any(
                _is("utm_medium", "in", ["paid_social", "paidsocial", "paid-social"]),
                _all(_is("utm_medium", "in", PAID), _from_social),
            ),
        ),
        _rule("medium_paid", "Support payant", "Paid medium", "paid_search", _all(_is("utm_medium", "in", PAID))),
        _rule(
            "medium_email", "E-mail", "E-mail", "email",
            _any(
                _is("utm_medium", "in", ["email", "e-mail", "mail", "newsletter", "courriel", "emailing"]),
                _is("utm_source", "in", ["newsletter", "email", "mailchimp", "brevo", "hubspot_email"]),
            ),
        ),
        _rule(
            "medium_partner", "Partenaire ou affilié", "Partner or affiliate", "partner",
            _all(_is("utm_medium", "in", ["partner", "partenaire", "affiliate", "affiliation", "reseller"])),
        ),
        _rule(
            "medium_webinar", "Webinaire", "Webinar", "webinar",
            _all(_is("utm_medium", "in", ["webinar", "webinaire"])),
        ),
        _rule(
            "medium_event", "Salon ou événement", "Event", "event",
            _all(_is("utm_medium", "in", ["event", "salon", "tradeshow", "evenement", "qr"])),
        ),
        _rule(
            "review", "Site d’avis", "Review site", "review_site",
            _any(*(_is("referrer_host", "contains", site) for site in REVIEW_SITES)),
        ),
        _rule(
            "social", "Réseau social", "Social network", "social",
            _any(_is("utm_medium", "in", ["social", "social-media", "organic_social"]), *_from_social["any"]),
        ),
        _rule(
            "search", "Moteur de recherche", "Search engine", "organic_search",
            _any(
                _is("utm_medium", "in", ["organic", "seo"]),
                *(_is("referrer_host", "contains", site) for site in SEARCH_SITES),
            ),
        ),
        _rule(
            "chat", "Messagerie instantanée", "Chat", "chat",
            _all(_is("utm_medium", "in", ["chat", "livechat", "chatbot", "intercom"])),
        ),
        _rule("outbound", "Prospection", "Outbound", "outbound", _all(_is("utm_medium", "in", ["outbound", "prospection", "cold"]))),
        _rule(
            "referral", "Lien depuis un autre site", "Link from another site", "referral",
            _any(
                _is("utm_medium", "in", ["referral", "recommandation"]),
                _all(_is("referrer_host", "is_known"), _is("source_channel", "is_unknown")),
            ),
        ),
        _rule(
            "direct", "Venu directement", "Came directly", "direct",
            _all(
                _is("landing_host", "is_known"), _is("referrer_host", "is_unknown"), _is("utm_source", "is_unknown"),
                _is("utm_medium", "is_unknown"), _is("source_channel", "is_unknown"),
            ),
        ),
    ],
    "channels": [
        _channel("paid_search", "Référencement payant", "Paid search"),
        _channel("paid_social", "Réseaux sociaux payants", "Paid social"),
        _channel("organic_search", "Référencement naturel", "Organic search"),
        _channel("social", "Réseaux sociaux", "Social"),
        _channel("email", "E-mail", "E-mail"),
        _channel("referral", "Recommandation", "Referral"),
        _channel("partner", "Partenaire", "Partner"),
        _channel("event", "Événement", "Event"),
        _channel("webinar", "Webinaire", "Webinar"),
        _channel("direct", "Direct", "Direct"),
        _channel("review_site", "Site d’avis", "Review site"),
        _channel("chat", "Messagerie", "Chat"),
        _channel("outbound", "Prospection", "Outbound"),
        _channel("unknown", "Inconnu", "Unknown"),
    ],
}  # fmt: skip

DEFAULTS: list[tuple[str, str, dict[str, Any]]] = [("channels", "house", CHANNELS)]

# slug, name, adapter, channel: what people type in and what programs create through the API
SHIPPED_SOURCES: tuple[tuple[str, dict[str, str], str, str], ...] = (
    ("manual", {"fr": "Saisie à la main", "en": "By hand"}, "json", "outbound"),
    ("api", {"fr": "API", "en": "API"}, "json", ""),
    ("import", {"fr": "Import de fichier", "en": "File import"}, "json", ""),
)
