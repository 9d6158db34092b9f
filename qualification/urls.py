"""Addresses of qualification: its page, and the verbs of a lead and of a deal."""

from django.urls import path

from qualification import views

app_name = "qualification"
urlpatterns = [
    path("qualification", views.show, name="show"),
    path("qualification/handoffs", views.handoffs, name="show_handoffs"),
    path("leads/<uuid:lead_id>/answers", views.answer, name="answer"),
    path("leads/<uuid:lead_id>/qualify", views.qualify, name="qualify"),
    path("leads/<uuid:lead_id>/disqualify", views.disqualify, name="disqualify"),
    path("leads/<uuid:lead_id>/recycle", views.recycle, name="recycle"),
    path("leads/<uuid:lead_id>/opportunities", views.open_opportunity, name="open_opportunity"),
    path("opportunities/<uuid:opportunity_id>/win", views.win, name="win"),
    path("opportunities/<uuid:opportunity_id>/lose", views.lose, name="lose"),
]
