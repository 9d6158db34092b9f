"""Addresses of routing."""

from __future__ import annotations

from django.urls import path

from routing import views
from routing.sla import views as sla

app_name = "routing"
urlpatterns = [
    path("routing", views.show_rules, name="show_rules"),
    path("routing/why/<uuid:lead_id>", views.why, name="why"),
    path("pool", views.show_pool, name="show_pool"),
    path("pool/<uuid:lead_id>/claim", views.claim, name="claim"),
    path("team/<uuid:rep_id>/deactivate", views.deactivate, name="deactivate"),
    path("team/<uuid:rep_id>/absence", views.absence, name="absence"),
    path("team/<uuid:rep_id>/back", views.back, name="back"),
    path("sla", sla.show_sla, name="show_sla"),
    path("sla/policies/<slug:policy_key>/take-away", sla.set_take_away, name="set_take_away"),
    path("sla/clocks/<uuid:clock_id>", sla.show_arithmetic, name="show_arithmetic"),
]
