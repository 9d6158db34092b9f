"""The shared model: tables that more than one app reads. Fields and constraints only; verbs are services."""

from leadops.models.account import Account, AccountOwner
from leadops.models.lead import IS_OPEN, OPEN_STAGES, Lead, Stage
from leadops.models.opportunity import ExchangeRate, Opportunity, Task
from leadops.models.person import Consent, Lifting, MatchKey, Merge, Person, PersonEmail, Suppression
from leadops.models.segment import Segment
from leadops.models.team import Absence, AttributeDef, Reason, Rep, RepTerms, Status, Team
from leadops.models.touch import Touch, TouchDetail
from leadops.models.user import Heartbeat, Membership, Role, User

__all__ = [
    "IS_OPEN",
    "OPEN_STAGES",
    "Absence",
    "Account",
    "AccountOwner",
    "AttributeDef",
    "Consent",
    "ExchangeRate",
    "Heartbeat",
    "Lead",
    "Lifting",
    "MatchKey",
    "Membership",
    "Merge",
    "Opportunity",
    "Person",
    "PersonEmail",
    "Reason",
    "Rep",
    "RepTerms",
    "Role",
    "Segment",
    "Stage",
    "Status",
    "Suppression",
    "Task",
    "Team",
    "Touch",
    "TouchDetail",
    "User",
]
