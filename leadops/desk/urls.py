"""Addresses of the desk: inbox, leads and their verbs, sign-in, notices. Closed to visitors but for signing in."""

from django.urls import path

from leadops.desk import (
    account,
    availability,
    enrol,
    first_run,
    inbox,
    lead,
    leads,
    notices,
    passwords,
    reassign,
    settings_pages,
    users,
    verbs,
)
from leadops.desk.signin import members_only

app_name = "desk"
OPEN = {"sign_in", "demo_sign_in", "sign_out", "set_language", "set_password", "first_run"}
urlpatterns = [
    path("", account.home, name="home"),
    path("sign-in", account.sign_in, name="sign_in"),
    path("first-run", first_run.first_run, name="first_run"),
    path("sign-in/demo", account.demo_sign_in, name="demo_sign_in"),
    path("set-password/<uuid:user_id>/<str:token>", passwords.set_password, name="set_password"),
    path("sign-out", account.sign_out, name="sign_out"),
    path("language", account.set_language, name="set_language"),
    path("availability", availability.set_availability, name="availability"),
    path("inbox", inbox.inbox, name="inbox"),
    path("inbox/arrivals", inbox.arrivals, name="arrivals"),
    path("inbox/state", inbox.state, name="inbox_state"),
    path("notices", notices.list_notices, name="list_notices"),
    path("leads", leads.list_leads, name="list_leads"),
    path("leads/enrol", enrol.enrol, name="enrol_many"),
    path("waiting", leads.list_waiting, name="list_waiting"),
    path("team/reassign", reassign.reassign, name="reassign"),
    path("leads/<uuid:lead_id>", lead.show_lead, name="show_lead"),
    path("leads/<uuid:lead_id>/why", lead.why, name="why"),
    path("leads/<uuid:lead_id>/timeline", lead.timeline, name="timeline"),
    path("leads/<uuid:lead_id>/accept", verbs.accept, name="accept"),
    path("leads/<uuid:lead_id>/hand-back", verbs.hand_back, name="hand_back"),
    path("leads/<uuid:lead_id>/attempts", verbs.log_attempt, name="log_attempt"),
    path("leads/<uuid:lead_id>/notes", verbs.note, name="note"),
    path("leads/<uuid:lead_id>/snooze", verbs.snooze, name="snooze"),
    path("leads/<uuid:lead_id>/assign", verbs.assign, name="assign"),
    path("leads/<uuid:lead_id>/route-again", verbs.route_again, name="route_again"),
    path("leads/<uuid:lead_id>/edit", verbs.edit_lead, name="edit_lead"),
    path("leads/<uuid:lead_id>/reopen", verbs.reopen, name="reopen"),
    path("leads/<uuid:lead_id>/status", verbs.set_status, name="set_status"),
    path("leads/<uuid:lead_id>/undo/<int:entry_id>", verbs.take_back, name="undo"),
    path("users", users.list_users, name="list_users"),
    path("users/invite", users.invite, name="invite"),
    path("users/<uuid:user_id>", users.show_user, name="show_user"),
    path("users/<uuid:user_id>/profile", users.change_profile, name="change_profile"),
    path("users/<uuid:user_id>/roles", users.give_role, name="give_role"),
    path("users/<uuid:user_id>/roles/<int:membership_id>/end", users.end_role, name="end_role"),
    path("users/<uuid:user_id>/active", users.set_active, name="set_active"),
    path("users/<uuid:user_id>/link", users.new_link, name="new_link"),
    path("settings", settings_pages.show_settings, name="settings"),
    path("settings/tokens", settings_pages.make_token, name="make_token"),
    path("settings/tokens/<uuid:token_id>/revoke", settings_pages.revoke_token, name="revoke_token"),
]
for pattern in urlpatterns:
    if pattern.name not in OPEN:
        pattern.callback = members_only(pattern.callback)
