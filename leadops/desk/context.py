"""What base.html needs on every page: navigation by role, badges, live addresses."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from leadops import access, moment
from leadops.access import Actor
from leadops.desk import availability, selectors
from leadops.models import Role
from leadops.platform import live
from leadops.templatetags.house import capped

DEMO = ("mailbox",)  # where nothing leaves, what would have left is read here
NURTURING = (Role.MARKETING_OPS, Role.REVENUE_OPS, Role.MANAGER)
# key, URL name, icon, letter after G, access verb, roles (empty = whoever has the verb)
ITEMS: list[tuple[str, str, str, str, str, tuple[str, ...]]] = [
    ("inbox", "desk:inbox", "inbox", "i", "accept", (Role.REP,)),
    ("pool", "routing:show_pool", "users", "p", "claim", ()),
    ("team", "routing:show_team", "layout-grid", "t", "read_team", ()),
    ("leads", "desk:list_leads", "list", "l", "read_leads", ()),
    ("reports", "reports:show_reports", "chart-column", "d", "read_own_report", ()),
    ("waiting", "desk:list_waiting", "user-plus", "", "assign", ()),
    ("qualification", "qualification:show", "gauge", "q", "read_rules", ()),
    ("sequences", "nurture:list_sequences", "workflow", "", "read_sequences", NURTURING),
    ("suppressions", "nurture:list_suppressions", "bell-off", "", "read_suppressions", ()),
    ("routing", "routing:show_rules", "split", "r", "read_rules", ()),
    ("sla", "routing:show_sla", "timer", "", "read_rules", ()),
    ("sources", "capture:list_sources", "plug", "s", "read_sources", ()),
    ("submissions", "capture:list_submissions", "inbox", "", "read_submissions", ()),
    ("imports", "capture:list_imports", "upload", "", "import_leads", ()),
    ("campaigns", "capture:list_campaigns", "megaphone", "", "read_sources", ()),
    ("mailbox", "nurture:list_mails", "mail", "", "read_letters", ()),
    ("users", "desk:list_users", "user-check", "", "edit_users", ()),
    ("audit", "desk:list_acts", "history", "", "read_audit", ()),
    ("admin", "admin:index", "settings", "", "open_admin", ()),
]


def _labels() -> dict[str, str]:
    return {
        "inbox": pgettext("navigation", "Inbox"),
        "pool": _("Pool"),
        "team": pgettext("navigation", "Team"),
        "leads": _("Leads"),
        "waiting": _("To assign"),
        "sequences": _("Sequences"),
        "suppressions": _("Suppressions"),
        "reports": _("Reports"),
        "qualification": _("Qualification"),
        "routing": _("Routing"),
        "sla": _("SLA"),
        "sources": _("Sources"),
        "submissions": _("Submissions"),
        "imports": _("Imports"),
        "campaigns": _("Campaigns"),
        "mailbox": _("Mailbox"),
        "users": _("Users"),
        "audit": pgettext("navigation", "Audit"),
        "admin": _("Criteria"),
    }


def navigation(actor: Actor, path: str, due: int) -> list[dict[str, Any]]:
    """What this actor may open, in the order of the work; `due` is the badge of the inbox."""
    labels, items = _labels(), []
    for key, name, icon, letter, verb, roles in ITEMS:
        if (
            (roles and not actor.has(*roles))
            or not access.can(actor, verb)
            or (key in DEMO and settings.MODE != "demo")
        ):
            continue
        url = reverse(name)
        badge = due if key == "inbox" else 0
        items.append(
            {
                "key": key,
                "label": labels[key],
                "url": url,
                "icon": icon,
                "go": letter,
                "badge": capped(badge) if badge else "",
                "badge_label": _("due") if badge else "",
                "current": path == url or path.startswith(f"{url}/"),
            }
        )
    return items


def live_url(user_id: object) -> str:
    """The stream: beside the pages behind the proxy in production, on the next port in demo and tests."""
    token = live.token_for(user_id)
    base = "" if settings.MODE == "serve" else f"http://127.0.0.1:{settings.PORT + 1}"
    return f"{base}/live?token={token}"


def _place(request: HttpRequest) -> str:
    """The page somebody is on; a verb reached from the leads to assign stays under that item."""
    return reverse("desk:list_waiting") if request.GET.get("back") == "waiting" else request.path


def shell(request: HttpRequest) -> dict[str, Any]:
    actor: Actor | None = getattr(request, "actor", None)
    masked = actor is None or access.masks_contacts(actor)  # how pages name people
    if actor is None or actor.user_id is None or getattr(request, "htmx", False):
        return {"nav": [], "masked": masked}
    seen: selectors.Glance = getattr(request, "at_a_glance", None) or selectors.glance(actor, moment.now())
    return {
        "masked": masked,
        "nav": navigation(actor, _place(request), seen.counts["due"]),
        "search_url": reverse("desk:list_leads") if access.can(actor, "read_leads") else "",
        "search_label": _("Company") if masked else _("Name, e-mail, phone or company"),
        "live_url": live_url(actor.user_id),
        "live_poll_url": reverse("desk:inbox_state"),
        "notices_url": reverse("desk:list_notices"),
        "notices_count": seen.counts["unseen"],
        **availability.switch(actor, seen.absence),
    }
