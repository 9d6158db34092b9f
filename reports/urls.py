"""Addresses of the reports."""

from django.urls import path

from reports import views

app_name = "reports"
urlpatterns = [
    path("reports", views.show_reports, name="show_reports"),
    path("reports/sources", views.show_sources, name="show_sources"),
    path("reports/funnel", views.show_funnel, name="show_funnel"),
    path("reports/response", views.show_response, name="show_response"),
    path("reports/reasons", views.show_reasons, name="show_reasons"),
]
