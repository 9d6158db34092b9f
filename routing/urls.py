"""Addresses of routing."""

from __future__ import annotations

from django.urls import path

from routing import team_views, views
from routing.hours import views as hours
from routing.sla import draft_views as drafts
from routing.sla import views as sla

app_name = "routing"
urlpatterns = [
    path("routing", views.show_rules, name="show_rules"),
    path("pool", views.show_pool, name="show_pool"),
    path("pool/<uuid:lead_id>/claim", views.claim, name="claim"),
    path("pool/<uuid:lead_id>/give-back", views.give_back, name="give_back"),
    path("team", team_views.show_team, name="show_team"),
    path("team/reassignments/<uuid:plan_id>", team_views.show_reassignment, name="show_reassignment"),
    path("team/reassignments/<uuid:plan_id>/carry-out", team_views.carry_out, name="carry_out"),
    path("team/reassignments/<uuid:plan_id>/take-back", team_views.take_back, name="take_back"),
    path("team/<uuid:rep_id>/deactivate", views.deactivate, name="deactivate"),
    path("team/<uuid:rep_id>/take-back", views.take_back_departure, name="take_back_departure"),
    path("team/<uuid:rep_id>/absence", views.absence, name="absence"),
    path("team/<uuid:rep_id>/absence/<int:absence_id>/cancel", views.cancel_absence, name="cancel_absence"),
    path("team/<uuid:rep_id>/back", views.back, name="back"),
    path("calendars", hours.list_calendars, name="list_calendars"),
    path("calendars/new", hours.new_calendar, name="new_calendar"),
    path("calendars/<slug:key>", hours.show_calendar, name="show_calendar"),
    path("calendars/<slug:key>/draft", hours.start, name="start_calendar"),
    path("calendars/<slug:key>/save", hours.save, name="save_calendar"),
    path("calendars/<slug:key>/publish", hours.publish, name="publish_calendar"),
    path("calendars/<slug:key>/roll-back", hours.roll_back, name="roll_back_calendar"),
    path("sla", sla.show_sla, name="show_sla"),
    path("sla/draft", drafts.show_draft, name="show_sla_draft"),
    path("sla/draft/start", drafts.start, name="start_sla_draft"),
    path("sla/draft/publish", drafts.publish, name="publish_sla_draft"),
    path("sla/draft/policies", drafts.add_policy, name="add_policy"),
    path("sla/draft/policies/<slug:policy_key>", drafts.edit_policy, name="edit_policy"),
    path("sla/draft/policies/<slug:policy_key>/arrange", drafts.arrange, name="arrange_policy"),
    path("sla/draft/policies/<slug:policy_key>/try", drafts.try_policy, name="try_policy"),
    path("sla/policies/<slug:policy_key>/take-away", sla.set_take_away, name="set_take_away"),
    path("sla/proposals/<uuid:version_id>", sla.answer_proposal, name="answer_proposal"),
    path("sla/clocks/<uuid:clock_id>", sla.show_arithmetic, name="show_arithmetic"),
]
