"""Every address of the API under /api/v1, resource by resource; it holds no logic."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from capture import api as capture
from capture import api_forms as forms
from capture.imports import api as imports
from leadops.desk import api as desk
from leadops.desk import api_audit, api_docs, api_enrol
from leadops.desk import api_mine as mine
from leadops.desk import api_operations as operations
from leadops.desk import api_people as people
from leadops.desk import api_prospects as prospects
from leadops.privacy import api as privacy
from leadops.rest import schema
from nurture import api as nurture
from qualification import api as qualification
from reports import api as reports
from routing import api as routing
from routing import api_board
from routing import api_team as team

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("leads", desk.LeadEndpoint, basename="leads")
router.register("opportunities", qualification.OpportunityEndpoint, basename="opportunities")
router.register("handoffs", mine.HandoffEndpoint, basename="handoffs")
router.register("submissions", capture.SubmissionEndpoint, basename="submissions")
router.register("sources", capture.SourceEndpoint, basename="sources")
router.register("imports", imports.ImportEndpoint, basename="imports")
router.register("campaigns", capture.CampaignEndpoint, basename="campaigns")
router.register("costs", capture.CostEndpoint, basename="costs")
router.register("forms", forms.FormEndpoint, basename="forms")
router.register("channel-tables", forms.ChannelTableEndpoint, basename="channel-tables")
router.register("persons", prospects.PersonEndpoint, basename="persons")
router.register("retention-policies", privacy.RetentionEndpoint, basename="retention-policies")
router.register("sign-in-policies", people.SignInPolicyEndpoint, basename="sign-in-policies")
router.register("audit", api_audit.AuditEndpoint, basename="audit")
router.register("accounts", prospects.AccountEndpoint, basename="accounts")
router.register("touches", prospects.TouchEndpoint, basename="touches")
router.register("users", people.UserEndpoint, basename="users")
router.register("memberships", people.MembershipEndpoint, basename="memberships")
router.register("notices", mine.NoticeEndpoint, basename="notices")
router.register("rulesets", routing.RulesetEndpoint, basename="rulesets")
router.register("sla-policies", routing.SlaEndpoint, basename="sla-policies")
router.register("calendars", routing.CalendarEndpoint, basename="calendars")
router.register("scorecards", qualification.ScorecardEndpoint, basename="scorecards")
router.register("frameworks", qualification.FrameworkEndpoint, basename="frameworks")
router.register("mql-definitions", qualification.MqlEndpoint, basename="mql-definitions")
router.register("sequences", nurture.SequenceEndpoint, basename="sequences")
router.register("templates", nurture.TemplateEndpoint, basename="templates")
router.register("mail-policies", nurture.MailPolicyEndpoint, basename="mail-policies")
router.register("enrolments", nurture.EnrolmentEndpoint, basename="enrolments")
router.register("enrolment-groups", api_enrol.GroupEndpoint, basename="enrolment-groups")
router.register("messages", nurture.MessageEndpoint, basename="messages")
router.register("suppressions", nurture.SuppressionEndpoint, basename="suppressions")
router.register("reps", team.RepEndpoint, basename="reps")
router.register("absences", team.AbsenceEndpoint, basename="absences")
router.register("pools", team.PoolEndpoint, basename="pools")
router.register("territories", team.TerritoryEndpoint, basename="territories")
router.register("reassignments", api_board.ReassignmentEndpoint, basename="reassignments")
router.register("clocks", routing.ClockEndpoint, basename="clocks")
router.register("stalled-leads", operations.StalledEndpoint, basename="stalled-leads")
router.register("effects", operations.EffectEndpoint, basename="effects")
router.register("decisions", routing.DecisionEndpoint, basename="decisions")

app_name = "api"
urlpatterns = [
    path("schema", schema.SchemaDocument.as_view(), name="schema"),
    path("docs", api_docs.show_docs, name="docs"),
    path(
        "leads/<uuid:pk>/answers",
        qualification.AnswerEndpoint.as_view({"get": "show", "post": "give"}),
        name="lead-answers",
    ),
    path(
        "persons/<uuid:pk>/erase",
        privacy.PrivacyEndpoint.as_view({"get": "preview", "post": "erase"}),
        name="person-erase",
    ),
    path("persons/<uuid:pk>/export", privacy.PrivacyEndpoint.as_view({"post": "export"}), name="person-export"),
    path("ledger", capture.LedgerEndpoint.as_view({"get": "show"}), name="ledger"),
    path("reports/sources", reports.ReportEndpoint.as_view({"get": "sources"}), name="report-sources"),
    path("reports/funnel", reports.ReportEndpoint.as_view({"get": "funnel"}), name="report-funnel"),
    *(
        path(f"reports/{name}", reports.ReportEndpoint.as_view({"get": name}), name=f"report-{name}")
        for name in ("executive", "velocity", "deals", "live")
    ),
    path("reports/response", reports.ReportEndpoint.as_view({"get": "response"}), name="report-response"),
    path("availability", mine.AvailabilityEndpoint.as_view({"get": "show", "post": "set"}), name="availability"),
    path("reports/reasons", reports.ReportEndpoint.as_view({"get": "reasons"}), name="report-reasons"),
    path("claimable", api_board.ClaimableEndpoint.as_view({"get": "show"}), name="claimable"),
    path("team", api_board.TeamEndpoint.as_view({"get": "show"}), name="team"),
    path("leads/assign", api_board.ReassignmentEndpoint.as_view({"post": "assign"}), name="leads-assign-many"),
    path("route", routing.RouteEndpoint.as_view({"post": "ask"}), name="route"),
    *router.urls,
]
