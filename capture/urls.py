"""Addresses of capture: those for everybody in `public_urlpatterns`, mounted at the root."""

from __future__ import annotations

from django.urls import path

from capture import views

app_name = "capture"
public_urlpatterns = [
    path("in/<str:source_key>", views.take_submission, name="take_submission"),
    path("f/<slug:slug>", views.hosted_form, name="hosted_form"),
    path("f/<slug:slug>/thanks", views.hosted_thanks, name="hosted_thanks"),
]
urlpatterns = [*public_urlpatterns]
