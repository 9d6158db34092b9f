"""Step two of routing: who among the reps of a target gets the lead, folding load, caps and credits; pure, seeded.

The live path, the preview, the replay and every simulation call `choose`; it reads no clock, no row and no chance of
its own. A tie is sampled by the seed and its probability stated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from leadops import experiments
from routing import credits
from routing.match import Step, Target

NONE: Mapping[str, Any] = {}
NOMINAL = 20  # units a rep without a stated capacity is compared by in a least-loaded pool
BEST = 12  # candidates kept in a record
FULL = ("capacity", "cap_hour", "cap_day", "cap_month")
UNFIT = ("skill", "language", "had_it", "not_member")


# Plain tuples: every lead makes one of each, and a frozen dataclass costs three times as much.


class RepState(NamedTuple):
    """What is known of a rep at the moment of the decision. Times are microseconds since 1970."""

    id: str
    active: bool = True
    absent: bool = False
    back_at: int | None = None
    open: bool = True
    opens_at: int | None = None
    capacity: int | None = None
    load: int = 0
    cap_hour: int | None = None
    hour: int = 0
    cap_day: int | None = None
    day: int = 0
    cap_month: int | None = None
    month: int = 0
    skills: Mapping[str, int] = NONE
    languages: tuple[str, ...] = ()


class PoolState(NamedTuple):
    """A pool's members with weights (millionths), credits (millionths) and when each last had a turn."""

    key: str
    weights: Mapping[str, int]
    credits: Mapping[str, int] = NONE
    last: Mapping[str, int] = NONE
    method: str = "credit"
    catch_up: bool = False


class State(NamedTuple):
    """All that choosing depends on besides the target; `people` finds a rep by the name a rule uses."""

    at: int
    pools: Mapping[str, PoolState] = NONE
    reps: Mapping[str, RepState] = NONE
    people: Mapping[str, str] = NONE


class Candidate(NamedTuple):
    """One rep who was weighed: every lead of a pool makes one for each of its members."""

    rep: str
    pool: str
    why_not: str = ""  # empty = could have taken it
    credit: int = 0
    load: int = 0
    capacity: int | None = None
    until: int | None = None


class Outcome(NamedTuple):
    """`kind`: assigned, held, or pool (put where reps claim). `accrued`: what the turn gave to each rep of `pool`."""

    kind: str
    rule: str
    rep: str = ""
    pool: str = ""
    how: str = "pushed"
    reason: str = ""
    detail: str = ""
    until: int | None = None
    units: int = 1
    propensity: float = 1.0
    anyway: bool = False
    before: int = 0
    after: int = 0
    accrued: Mapping[str, int] = NONE
    candidates: tuple[Candidate, ...] = ()

    def codes(self) -> dict[str, Any]:
        """What a record states and a replay must find again."""
        return {
            "kind": self.kind,
            "rule": self.rule,
            "rep": self.rep,
            "pool": self.pool,
            "how": self.how,
            "reason": self.reason,
            "detail": self.detail,
            "until": self.until,
            "units": self.units,
            "anyway": self.anyway,
        }

    def excluded(self) -> dict[str, int]:
        return dict(sorted(Counter(c.why_not for c in self.candidates if c.why_not).items()))

    def best(self) -> list[Candidate]:
        """The chosen, then those who could have had it by credit, then the others."""
        return sorted(self.candidates, key=lambda c: (c.rep != self.rep, c.why_not != "", -c.credit, c.rep))[:BEST]


# -- who may ---------------------------------------------------------------------------------------------


def why_not(rep: RepState | None, target: Target, barred: frozenset[str] = frozenset()) -> str:
    """The first reason why a rep cannot take a lead of this target now; empty = none."""
    if rep is None or not rep.active:
        return "inactive"
    if rep.id in barred:
        return "had_it"
    if target.languages and not set(target.languages) & set(rep.languages):
        return "language"
    if target.skills and any(rep.skills.get(code, 0) < level for code, level in target.skills.items()):
        return "skill"
    if rep.absent:
        return "absent"
    if not rep.open:
        return "off_hours"
    return why_full(rep, target.units)


def why_full(rep: RepState, units: int = 1) -> str:
    """Which cap stands against one more lead; caps count leads, capacity counts units."""
    if rep.capacity is not None and rep.load + units > rep.capacity:
        return "capacity"
    if rep.cap_hour is not None and rep.hour >= rep.cap_hour:
        return "cap_hour"
    if rep.cap_day is not None and rep.day >= rep.cap_day:
        return "cap_day"
    if rep.cap_month is not None and rep.month >= rep.cap_month:
        return "cap_month"
    return ""


def _candidate(rep_id: str, pool: PoolState | None, target: Target, state: State, barred: frozenset[str]) -> Candidate:
    rep = state.reps.get(rep_id)
    reason = why_not(rep, target, barred)
    credit = pool.credits.get(rep_id, 0) if pool else 0
    key = pool.key if pool else ""
    if rep is None:
        return Candidate(rep_id, key, reason, credit)
    until = None
    if reason:
        until = rep.back_at if reason == "absent" else rep.opens_at if reason == "off_hours" else None
    return Candidate(rep_id, key, reason, credit, rep.load, rep.capacity, until)


# -- choosing --------------------------------------------------------------------------------------------


def choose(target: Target, state: State, seed: int, barred: frozenset[str] = frozenset()) -> tuple[Outcome, State]:
    """The outcome for one lead, and the state the next one meets."""
    seen: list[Candidate] = []
    for link in target.chain():
        outcome = _try(link, state, seed, barred, seen)
        if outcome is not None:
            return _folded(outcome, state)
    last = target.chain()[-1]
    if last.nobody == "assign_anyway":
        for relaxed in (("off_hours",), ("off_hours", *FULL)):
            outcome = _anyway(last, state, seed, seen, relaxed)
            if outcome is not None:
                return _folded(outcome._replace(candidates=tuple(seen)), state)
    return _held(last, seen), state


def choose_in_order(
    targets: Iterable[tuple[Target, int]], state: State, barred: Sequence[frozenset[str]] | None = None
) -> tuple[list[Outcome], State]:
    """A batch in order of arrival: (target, seed) one after the other, each meeting what the ones before left."""
    outcomes = []
    for position, (target, seed) in enumerate(targets):
        outcome, state = choose(target, state, seed, barred[position] if barred else frozenset())
        outcomes.append(outcome)
    return outcomes, state


def _try(link: Target, state: State, seed: int, barred: frozenset[str], seen: list[Candidate]) -> Outcome | None:
    for step in link.steps:
        if step.kind == "hold":
            return Outcome("held", link.rule, reason="by_rule", detail=step.key, candidates=tuple(seen))
        if step.kind == "claim":
            if step.key in state.pools:
                return Outcome("pool", link.rule, pool=step.key, units=link.units, candidates=tuple(seen))
            continue
        if step.kind == "pool":
            outcome = _from_pool(step, link, state, seed, barred, seen)
        else:
            outcome = _person(step, link, state, barred, seen)
        if outcome is not None:
            return outcome
    return None


def _person(step: Step, link: Target, state: State, barred: frozenset[str], seen: list[Candidate]) -> Outcome | None:
    """One named rep or the account's owner: no turn of any pool is used."""
    if not step.key:
        return None
    rep_id = state.people.get(step.key.lower(), step.key)
    candidate = _candidate(rep_id, None, link, state, barred)
    seen.append(candidate)
    how = "sticky" if step.kind == "account_owner" else "pushed"
    if candidate.why_not:
        return None
    return Outcome("assigned", link.rule, rep_id, how=how, units=link.units, candidates=tuple(seen))


def _from_pool(
    step: Step, link: Target, state: State, seed: int, barred: frozenset[str], seen: list[Candidate]
) -> Outcome | None:
    pool = state.pools.get(step.key)
    if pool is None:
        return None
    found = [_candidate(rep_id, pool, link, state, barred) for rep_id in pool.weights]
    seen.extend(found)
    able = [c for c in found if not c.why_not]
    away = [c for c in found if c.why_not == "absent"] if pool.catch_up else []
    return _turn(pool, able, link, seed, seen, away) if able else None


def _turn(
    pool: PoolState,
    able: Sequence[Candidate],
    link: Target,
    seed: int,
    seen: Sequence[Candidate],
    away: Sequence[Candidate] = (),
) -> Outcome:
    """One turn of a pool: accrue, take the one with most credit (or least loaded), the longest waiting, or sample."""
    given: dict[str, int] = {}
    rest = 0
    if pool.method == "credit":
        weights = {c.rep: pool.weights[c.rep] for c in able}
        if away:
            weights |= credits.catching_up(pool.credits, {c.rep: pool.weights[c.rep] for c in away})
        given, rest = credits.shares(weights, link.units)
        rank = {c.rep: -(c.credit + given[c.rep]) for c in able}
    else:
        rank = {c.rep: c.load / (c.capacity or NOMINAL) for c in able}  # type: ignore[misc]
    order = [(rank[c.rep], pool.last.get(c.rep, 0), c.rep) for c in able]
    first = min(order)[:2]
    tied = sorted(row[2] for row in order if row[:2] == first)
    place, propensity = experiments.pick(seed, tied) if len(tied) > 1 else (0, 1.0)
    rep_id = tied[place]
    before = pool.credits.get(rep_id, 0)
    if given:
        given[rep_id] += rest
    return Outcome(
        "assigned",
        link.rule,
        rep_id,
        pool.key,
        units=link.units,
        propensity=propensity,
        before=before,
        after=before + given[rep_id] - link.units * credits.ONE if given else before,
        accrued=given,
        candidates=tuple(seen),
    )


def taken_by(rep_id: str, pool_key: str, state: State, units: int = 1) -> tuple[Outcome, State]:
    """A turn whose rep chose the lead: it costs as much as one that was given, so push and pull stay comparable."""
    pool = state.pools[pool_key]
    target = Target("", (Step("pool", pool_key),), units=units)
    given: dict[str, int] = {}
    if pool.method == "credit":
        able = {r: w for r, w in pool.weights.items() if r == rep_id or not why_not(state.reps.get(r), target)}
        given, rest = credits.shares(able, units)
        given[rep_id] += rest
    before = pool.credits.get(rep_id, 0)
    after = before + given[rep_id] - units * credits.ONE if given else before
    outcome = Outcome(
        "assigned", "", rep_id, pool_key, how="claimed", units=units, before=before, after=after, accrued=given
    )
    return _folded(outcome, state)


def _anyway(
    link: Target, state: State, seed: int, seen: Sequence[Candidate], relaxed: tuple[str, ...]
) -> Outcome | None:
    """Over closing hours and then over caps, where a rule wants it so; never to an absent, inactive or unfit rep."""
    for step in link.steps:
        pool = state.pools.get(step.key) if step.kind == "pool" else None
        able = [c for c in seen if pool and c.pool == pool.key and c.why_not in relaxed]
        if pool is not None and "capacity" not in relaxed:
            able = [c for c in able if not why_full(state.reps[c.rep], link.units)]
        if pool is not None and able:
            return _turn(pool, able, link, seed, seen)._replace(anyway=True)
    return None


def _held(link: Target, seen: Sequence[Candidate]) -> Outcome:
    """Nobody can: the reason that says most, and when to look again where the calendar or an absence tells it."""
    reasons = {c.why_not for c in seen}
    pool = next((step.key for step in link.steps if step.kind == "pool"), "")
    if reasons & set(FULL):
        reason, until = "no_capacity", None
    elif "off_hours" in reasons:
        reason, until = "off_hours", _soonest(seen, "off_hours")
    elif reasons & {"absent"}:
        reason, until = "all_absent", _soonest(seen, "absent")
    elif reasons & set(UNFIT) - {"had_it"}:
        reason, until = "no_skill", None
    elif reasons & {"had_it"}:
        reason, until = "all_had_it", None
    elif pool:
        reason, until = "no_members", None
    else:
        reason, until = ("no_rule", None) if link.rule == "fallback" else ("all_absent", None)
    until = None if link.nobody == "hold" else until
    return Outcome("held", link.rule, pool=pool, reason=reason, until=until, units=link.units, candidates=tuple(seen))


def _soonest(seen: Sequence[Candidate], reason: str) -> int | None:
    return min((c.until for c in seen if c.why_not == reason and c.until is not None), default=None)


def _folded(outcome: Outcome, state: State) -> tuple[Outcome, State]:
    return outcome, folded(outcome, state)


def folded(outcome: Outcome, state: State) -> State:
    """The state after: one more lead for the rep, the turn's credits in the pool."""
    if outcome.kind != "assigned":
        return state
    rep = state.reps[outcome.rep]
    # fields in their order: `replace` costs as much as the whole choice
    took = RepState(
        rep.id, rep.active, rep.absent, rep.back_at, rep.open, rep.opens_at, rep.capacity, rep.load + outcome.units,
        rep.cap_hour, rep.hour + 1, rep.cap_day, rep.day + 1, rep.cap_month, rep.month + 1, rep.skills, rep.languages,
    )  # fmt: skip
    pools = state.pools
    if outcome.pool:
        pools = {**pools, outcome.pool: _after_turn(pools[outcome.pool], outcome, state.at)}
    return State(state.at, pools, {**state.reps, outcome.rep: took}, state.people)


def _after_turn(pool: PoolState, outcome: Outcome, at: int) -> PoolState:
    held = dict(pool.credits)
    for rep_id, share in outcome.accrued.items():
        held[rep_id] = held.get(rep_id, 0) + share
    if outcome.accrued:
        held[outcome.rep] -= outcome.units * credits.ONE
    # turns of one batch share an instant: a microsecond each keeps their order
    turn = max(at, max(pool.last.values(), default=0) + 1)
    return PoolState(pool.key, pool.weights, held, {**pool.last, outcome.rep: turn}, pool.method, pool.catch_up)
