"""Addresses of capture, mounted at the root: those for everybody in `public_urlpatterns`, then the desk's."""

from __future__ import annotations

from django.urls import path

from capture import channels, pages, views
from capture.imports import pages as imports

app_name = "capture"
public_urlpatterns = [
    path("in/<str:source_key>", views.take_submission, name="take_submission"),
    path("f/<slug:slug>", views.hosted_form, name="hosted_form"),
    path("f/<slug:slug>/thanks", views.hosted_thanks, name="hosted_thanks"),
    path("thanks", views.thanks, name="thanks"),
    path("not-taken", views.not_taken, name="not_taken"),
]
desk_urlpatterns = [
    path("leads/new", pages.new_lead, name="new_lead"),
    path("leads/new/known", pages.show_known, name="show_known"),
    path("submissions", pages.list_submissions, name="list_submissions"),
    path("submissions/ledger", pages.show_ledger, name="show_ledger"),
    path("submissions/<uuid:submission_id>", pages.show_submission, name="show_submission"),
    path("submissions/<uuid:submission_id>/replay", pages.replay_submission, name="replay_submission"),
    path("sources", pages.list_sources, name="list_sources"),
    path("sources/channels", channels.show_channels, name="show_channels"),
    path("sources/channels/order", channels.order_channels, name="order_channels"),
    path("sources/channels/publish", channels.publish_channels, name="publish_channels"),
    path("sources/channels/rules/<slug:key>", channels.edit_channel_rule, name="edit_channel_rule"),
    path("sources/new", pages.new_source, name="new_source"),
    path("sources/<uuid:source_id>", pages.show_source, name="show_source"),
    path("sources/<uuid:source_id>/state", pages.set_source_state, name="set_source_state"),
    path("imports", imports.list_imports, name="list_imports"),
    path("imports/new", imports.new_import, name="new_import"),
    path("imports/<uuid:file_id>", imports.show_import, name="show_import"),
    path("imports/<uuid:file_id>/progress", imports.show_progress, name="show_import_progress"),
    path("imports/<uuid:file_id>/format", imports.read_again, name="read_import_again"),
    path("imports/<uuid:file_id>/mapping", imports.map_import, name="map_import"),
    path("imports/<uuid:file_id>/commit", imports.commit_import, name="commit_import"),
    path("imports/<uuid:file_id>/discard", imports.discard_import, name="discard_import"),
    path("imports/<uuid:file_id>/undo", imports.undo_import, name="undo_import"),
    path("imports/<uuid:file_id>/bad-rows", imports.download_bad_rows, name="download_bad_rows"),
    path("campaigns", pages.list_campaigns, name="list_campaigns"),
    path("campaigns/new", pages.new_campaign, name="new_campaign"),
    path("campaigns/<uuid:campaign_id>", pages.show_campaign, name="show_campaign"),
]
urlpatterns = [*public_urlpatterns, *desk_urlpatterns]
