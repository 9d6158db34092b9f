"""Addresses of the reports."""

from django.urls import path

from reports import views

app_name = "reports"
urlpatterns = [
    path("reports", views.show_reports, name="show_reports"),
    path("reports/executive", views.show_executive, name="show_executive"),
    path("reports/velocity", views.show_velocity, name="show_velocity"),
    path("reports/deals", views.show_deals, name="show_deals"),
    path("reports/deals/list", views.list_deals, name="list_deals"),
    path("reports/live", views.show_live, name="show_live"),
    path("reports/sources", views.show_sources, name="show_sources"),
    path("reports/funnel", views.show_funnel, name="show_funnel"),
    path("reports/response", views.show_response, name="show_response"),
    path("reports/reasons", views.show_reasons, name="show_reasons"),
]
