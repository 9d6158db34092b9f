"""Addresses of nurture, mounted at the root: the one for everybody first, then the desk's."""

from __future__ import annotations

from django.urls import path

from nurture import group_views, mailbox, public, suppression_views, views

app_name = "nurture"
_sequence, _template = {"kind": "sequence"}, {"kind": "template"}
urlpatterns = [
    path("u/<str:token>", public.unsubscribe, name="unsubscribe"),
    path("sequences", views.list_sequences, name="list_sequences"),
    path("sequences/new", views.new_sequence, name="new_sequence"),
    path("sequences/starters", views.start_with_starters, name="start_with_starters"),
    path("sequences/cap", views.cap, name="cap"),
    path("sequences/<slug:key>", views.show_sequence, name="show_sequence"),
    path("sequences/<slug:key>/draft", views.start_draft, _sequence, name="draft_sequence"),
    path("sequences/<slug:key>/settings", views.save_settings, name="save_settings"),
    path("sequences/<slug:key>/steps", views.save_steps, name="save_steps"),
    path("sequences/<slug:key>/publish", views.publish, _sequence, name="publish_sequence"),
    path("sequences/<slug:key>/roll-back", views.roll_back, _sequence, name="roll_back_sequence"),
    path("templates", views.list_templates, name="list_templates"),
    path("templates/new", views.new_template, name="new_template"),
    path("templates/<slug:key>", views.show_template, name="show_template"),
    path("templates/<slug:key>/draft", views.start_draft, _template, name="draft_template"),
    path("templates/<slug:key>/save", views.save_template, name="save_template"),
    path("templates/<slug:key>/publish", views.publish, _template, name="publish_template"),
    path("templates/<slug:key>/roll-back", views.roll_back, _template, name="roll_back_template"),
    path("suppressions", suppression_views.list_suppressions, name="list_suppressions"),
    path("suppressions/add", suppression_views.add, name="add_suppression"),
    path("suppressions/<int:entry_id>/lift", suppression_views.lift, name="lift_suppression"),
    path("mailbox", mailbox.list_mails, name="list_mails"),
    path("mailbox/<uuid:mail_id>", mailbox.show_mail, name="show_mail"),
    path("leads/<uuid:lead_id>/sequence", views.enrol, name="enrol"),
    path("enrolments/groups", group_views.list_groups, name="list_groups"),
    path("enrolments/groups/<uuid:group_id>", group_views.show_group, name="show_group"),
    path("enrolments/groups/<uuid:group_id>/progress", group_views.show_progress, name="show_group_progress"),
    path("enrolments/groups/<uuid:group_id>/confirm", group_views.confirm, name="confirm_group"),
    path("enrolments/groups/<uuid:group_id>/undo", group_views.undo, name="undo_group"),
    path("enrolments/<uuid:enrolment_id>/<slug:verb>", views.act, name="act"),
]
