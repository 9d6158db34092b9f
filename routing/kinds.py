"""The version kind `ruleset`: its checks, its warnings, and its rules as sentences; matching is in `match`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadops.conditions.fields import LEAD
from leadops.conditions.sentence import listed, sentence
from leadops.conditions.validate import Invalid, validate
from leadops.models import Absence, Rep, Role, User
from leadops.templatetags.house import said
from leadops.versions.kinds import Fault, Kind, register
from routing.match import NOBODY, Step, compile_ruleset, steps_of
from routing.models import Pool, PoolMember

TARGETS = ("pool", "rep", "account_owner", "claim", "hold")
KNOWN = frozenset({"key", "label", "when", "require", "to", "else", "nobody", "units"})
MOST_RULES = 200


def register_kinds() -> None:
    register(
        Kind(
            name="ruleset",
            label=gettext_lazy("Routing rules"),
            verb="edit_ruleset",
            check=check,
            compile=compile_ruleset,
            sentence=said_whole,
        )
    )


# -- checks ------------------------------------------------------------------------------------------------


def check(body: Mapping[str, Any]) -> list[Fault]:
    """What stands against publishing: shape, unknown names, empty pools, rules nobody reaches, no fallback."""
    rules = body.get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        return [("rules", _("Rules are a list."))]
    if len(rules) > MOST_RULES:
        return [("rules", _("More than %(n)s rules.") % {"n": MOST_RULES})]
    faults = _triggers(body.get("triggers") or {}) + _fallback(body.get("fallback"))
    for position, rule in enumerate(rules):
        faults += _rule(rule, f"rules[{position}]")
    if faults:
        return faults
    return _names(body) + _doubles(rules) + _unreachable(rules)


def _triggers(triggers: Any) -> list[Fault]:
    capture = triggers.get("capture", "hand_raiser") if isinstance(triggers, dict) else None
    if isinstance(capture, dict):
        return _condition(capture, "triggers.capture")
    return [] if capture == "hand_raiser" else [("triggers.capture", _("Either “hand_raiser” or a condition."))]


def _fallback(fallback: Any) -> list[Fault]:
    if not isinstance(fallback, dict) or not fallback.get("pool"):
        return [("fallback.pool", _("The fallback pool is missing: every lead must end somewhere."))]
    watcher = str(fallback.get("watcher") or "")
    known = watcher in Role.values or User.objects.filter(email=watcher.lower(), is_active=True).exists()
    return [] if known else [("fallback.watcher", _("Name who watches the fallback: an e-mail address or a role."))]


def _rule(rule: Mapping[str, Any], path: str) -> list[Fault]:
    faults: list[Fault] = []
    if not rule.get("key"):
        faults.append((f"{path}.key", _("The rule needs a key.")))
    for extra in sorted(set(rule) - KNOWN):
        faults.append((f"{path}.{extra}", _("Nothing of this name belongs to a rule.")))
    faults += _condition(rule.get("when") or {}, f"{path}.when") + _require(rule.get("require") or {}, path)
    to = rule.get("to")
    if not isinstance(to, dict) or len(to) != 1 or next(iter(to)) not in TARGETS or not next(iter(to.values())):
        faults.append((f"{path}.to", _("A rule sends to one pool, rep, account owner or claim pool, or holds.")))
    if not isinstance(rule.get("else") or [], list):
        faults.append((f"{path}.else", _("The further pools are a list.")))
    if rule.get("nobody", NOBODY[0]) not in NOBODY:
        faults.append((f"{path}.nobody", _("One of: %(choices)s.") % {"choices": ", ".join(NOBODY)}))
    units = rule.get("units", 1)
    if not isinstance(units, int) or isinstance(units, bool) or not 1 <= units <= 20:
        faults.append((f"{path}.units", _("A lead counts between 1 and 20 units.")))
    return faults


def _condition(tree: Any, path: str) -> list[Fault]:
    try:
        validate(tree, LEAD)
    except Invalid as invalid:
        return [(f"{path}.{fault.path}".rstrip("."), fault.message) for fault in invalid.faults]
    return []


def _require(need: Any, path: str) -> list[Fault]:
    skills = need.get("skills") or {} if isinstance(need, dict) else None
    if not isinstance(skills, dict) or not all(type(level) is int and level >= 0 for level in skills.values()):
        return [(f"{path}.require.skills", _("Skills are codes with a level of 0 or more."))]
    languages = need.get("languages") or []
    if languages != "lead" and not (isinstance(languages, list) and all(isinstance(x, str) for x in languages)):
        return [(f"{path}.require.languages", _("Languages are a list of codes, or “lead”."))]
    return []


def _everywhere(body: Mapping[str, Any]) -> list[tuple[str, Step]]:
    found = [
        (f"rules[{position}].{'to' if place == 0 else f'else[{place - 1}]'}", step)
        for position, rule in enumerate(body.get("rules", []))
        for place, step in enumerate(steps_of(rule))
    ]
    return [*found, ("fallback.pool", Step("pool", str((body.get("fallback") or {}).get("pool", ""))))]


def _names(body: Mapping[str, Any]) -> list[Fault]:
    steps = _everywhere(body)
    pools = {pool.key: pool for pool in Pool.objects.filter(key__in=[s.key for _p, s in steps], active=True)}
    peopled = set(
        PoolMember.objects.filter(known_to__isnull=True, valid_to__isnull=True, rep__active=True).values_list(
            "pool__key", flat=True
        )
    )
    reps = _reps(steps)
    faults: list[Fault] = []
    for path, step in steps:
        if step.kind in ("pool", "claim"):
            if step.key not in pools:
                faults.append((path, _("There is no active pool “%(key)s”.") % {"key": step.key}))
            elif step.key not in peopled and path != "fallback.pool":
                faults.append((path, _("Nobody is in the pool “%(key)s”.") % {"key": step.key}))
            elif step.kind == "claim" and not pools[step.key].claimable:
                faults.append((path, _("Nobody may claim from the pool “%(key)s”.") % {"key": step.key}))
        elif step.kind == "rep":
            rep = reps.get(step.key.lower())
            if rep is None:
                faults.append((path, _("There is no rep “%(name)s”.") % {"name": step.key}))
            elif not rep.active:
                faults.append((path, _("%(name)s receives no more leads.") % {"name": rep.user.name}))
    return faults


def _reps(steps: list[tuple[str, Step]]) -> dict[str, Rep]:
    names = [step.key.lower() for _path, step in steps if step.kind == "rep"]
    if not names:
        return {}
    found: dict[str, Rep] = {}
    for rep in Rep.objects.select_related("user"):
        for name in (str(rep.pk), rep.user.email):
            if name in names:
                found[name] = rep
    return found


def _doubles(rules: list[dict[str, Any]]) -> list[Fault]:
    seen: set[str] = set()
    faults: list[Fault] = []
    for position, rule in enumerate(rules):
        if rule["key"] in seen:
            faults.append((f"rules[{position}].key", _("Two rules have the key “%(key)s”.") % {"key": rule["key"]}))
        seen.add(rule["key"])
    return faults


def _unreachable(rules: list[dict[str, Any]]) -> list[Fault]:
    """After a rule that takes every lead and lets none pass, the others never speak."""
    for position, rule in enumerate(rules[:-1]):
        steps = steps_of(rule)
        passes = len(steps) == 1 and steps[0].kind in ("rep", "account_owner")
        if not passes and rule.get("when") in (None, {}, {"all": []}):
            text = _("Never reached: the rule “%(key)s” before it takes every lead.") % {"key": rule["key"]}
            return [(f"rules[{position + 1}]", text)]
    return []


def warnings(body: Mapping[str, Any], at: datetime) -> list[Fault]:
    """What does not stand against publishing but should be known: absent reps, an empty fallback."""
    steps = _everywhere(body)
    reps = _reps(steps)
    away = {a.rep_id: a for a in Absence.objects.state_at(at).filter(rep__in=[rep.pk for rep in reps.values()])}
    found: list[Fault] = []
    for path, step in steps:
        rep = reps.get(step.key.lower()) if step.kind == "rep" else None
        if rep is not None and rep.pk in away:
            text = _("%(name)s is absent now: the next rule or pool gets these leads.") % {"name": rep.user.name}
            found.append((path, text))
    members = PoolMember.objects.state_at(at).filter(pool__key=steps[-1][1].key, rep__active=True)
    if not members.exists():
        found.append(("fallback.pool", _("Nobody is in the fallback pool: leads would be held there.")))
    return found


# -- sentences ---------------------------------------------------------------------------------------------


def said_whole(body: dict[str, Any]) -> str:
    """The whole ruleset, one rule a line, in the active language."""
    lines = [f"{n}. {said_rule(rule)}" for n, rule in enumerate(body.get("rules", []), 1)]
    return "\n".join([*lines, said_fallback(body)])


def said_rule(rule: Mapping[str, Any]) -> str:
    """If …: to the pool …, else …; needs …; when nobody can …"""
    try:
        when = sentence(rule["when"], LEAD, inside=True) if rule.get("when") not in (None, {}, {"all": []}) else ""
    except Invalid as invalid:
        return _("Cannot be read any more: %(fault)s") % {"fault": invalid.message}
    steps = steps_of(rule)
    target = said_step(steps[0]) if steps else "?"
    text = (
        _("If %(condition)s: %(target)s") % {"condition": when, "target": target}
        if when
        else (_("Every lead: %(target)s") % {"target": target})
    )
    if len(steps) > 1:
        text += _(", else %(pools)s") % {"pools": listed([_pool_name(s.key) for s in steps[1:]], False)}
    need = _said_need(rule.get("require") or {})
    nobody = said_nobody(rule.get("nobody", NOBODY[0]))
    return ". ".join([text, *([need] if need else []), nobody]) + "."


def said_fallback(body: Mapping[str, Any]) -> str:
    last = body.get("fallback") or {}
    return _("Every other lead: to the pool %(pool)s, watched by %(watcher)s.") % {
        "pool": _pool_name(str(last.get("pool", ""))),
        "watcher": dict(Role.choices).get(str(last.get("watcher")), last.get("watcher")),
    }


def said_step(step: Step) -> str:
    if step.kind == "pool":
        return _("to the pool %(pool)s") % {"pool": _pool_name(step.key)}
    if step.kind == "claim":
        return _("to be claimed from the pool %(pool)s") % {"pool": _pool_name(step.key)}
    if step.kind == "rep":
        rep = _reps([("", step)]).get(step.key.lower())
        return _("to %(name)s") % {"name": rep.user.name if rep else step.key}
    if step.kind == "account_owner":
        return _("to the owner of the account while they are available")
    return _("held (%(reason)s)") % {"reason": step.key}


def said_nobody(choice: str) -> str:
    return {
        "hold_until_open": _("When nobody can take it, it waits for the next opening"),
        "hold": _("When nobody can take it, it waits"),
        "assign_anyway": _("When nobody can take it, it is assigned outside hours and over caps, never to the absent"),
    }.get(choice, choice)


def _said_need(need: Mapping[str, Any]) -> str:
    parts = [
        _("level %(level)s in “%(skill)s”") % {"skill": k.replace("_", " "), "level": v}
        for k, v in (need.get("skills") or {}).items()
    ]
    languages = need.get("languages") or []
    if languages == "lead":
        parts.append(_("the lead’s language"))
    elif languages:
        parts.append(_("one of these languages: %(codes)s") % {"codes": ", ".join(languages)})
    return _("The rep needs %(needs)s") % {"needs": listed(parts, True)} if parts else ""


def _pool_name(key: str) -> str:
    pool = Pool.objects.filter(key=key).only("name", "key").first()
    return (said(pool.name) if pool else "") or key
