"""The API against its own document: generated calls of every operation, right and wrong ones, as every role.

Schemathesis makes the calls (examples, boundaries, random, chained) and compares each answer with the document: status,
type, shape, headers; no fault of ours, and nothing answered without the right. Half of the calls name a row that is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_started
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.specs.openapi.checks import negative_data_rejection

from leadops import moment
from leadops.desk.tokens import make_token
from leadops.tests import hostile_forms
from leadops.tests import matrix_walk as walking
from leadops.tests.hostile import some
from leadops.tests.matrix_world import World
from leadops.tests.scale import SCALE, sized
from leadops.wsgi import application

pytestmark = pytest.mark.django_db
WHOLE = SCALE == "proof"
ROLES = ("revenue", "marketing", "manager", "rep", "executive") if WHOLE else ("revenue", "rep")
OPERATIONS = sized(16, 10_000)
EXAMPLES = sized(3, 100)  # of each operation and phase; all phases of all operations, as every role, in a proof
FEWER = sized(3, 10)  # of the roles after the first, whose rights alone differ: 300,000 calls would take three hours
# Whether a call that fits the document is taken depends on what the house holds and on rules no document can state.
NOT_ASKED = {"positive_data_acceptance": {"enabled": False}}
CONFIG = {
    "seed": 4,
    "checks": NOT_ASKED,
    "phases": {"examples": {"enabled": True}, "coverage": {"enabled": WHOLE}, "fuzzing": {"enabled": True}},
}


@pytest.fixture
def world(db: None) -> World:
    return World()


@contextmanager
def undone() -> Iterator[None]:
    """What a call writes is taken back; the connection outlives the request, as the test client has it."""
    request_started.disconnect(close_old_connections)
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        request_started.connect(close_old_connections)


def document(examples: int = EXAMPLES) -> Any:
    config = SchemathesisConfig.from_dict({**CONFIG, "generation": {"max-examples": examples, "deterministic": True}})
    loaded = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True), config=config)
    loaded.app = application
    return loaded


def rows(world: World) -> dict[str, Any]:
    """Nameless path -> the key of a row that is there."""
    found: dict[str, Any] = {}
    for cell in walking.cells(world):
        if cell.route.startswith("api/") and cell.relation in ("one", "own"):
            found.setdefault(hostile_forms.plain(cell.route), cell.key)
    return found


def says_nothing(query: Any) -> bool:
    """Whether a filter is empty: no filter, as the forms of the pages send it, which no document can say."""
    return any(value in ("", [], {}, None) or value == [""] for value in (query or {}).values())


class Caller:
    """One role's calls and what was wrong with the answers."""

    def __init__(self, world: World, role: str) -> None:
        token = make_token(world.users[role], "generated", ["all"], moment.now())
        self.role, self.headers = role, {"Authorization": f"Bearer {token}"}
        self.calls, self.faults = 0, dict[str, str]()

    def call(self, case: Any, excluded: tuple[Any, ...] = ()) -> None:
        with undone():
            self.calls += 1
            if says_nothing(case.query):
                excluded = (*excluded, negative_data_rejection)
            try:
                case.call_and_validate(headers=self.headers, excluded_checks=list(excluded))
            except FailureGroup as group:
                for fault in group.exceptions:
                    self._note(case, fault)

    def _note(self, case: Any, fault: Exception) -> None:
        title = fault.title if isinstance(fault, Failure) else type(fault).__name__
        where = f"{self.role} {case.operation.label}: {title}"
        self.faults.setdefault(where, f"{where}\n    {fault}\n    {case.as_curl_command(headers=self.headers)}"[:1500])


def generated(caller: Caller, operation: Any, config: Any, key: Any) -> None:
    """All that is generated for one operation, each call also with the key of a row that is there."""

    def calling(case: Any) -> None:
        caller.call(case)
        if key is not None and case.path_parameters and case.body is not None:
            name = next(iter(case.path_parameters))
            case.path_parameters = {**case.path_parameters, name: str(key)}
            caller.call(case, (negative_data_rejection,))  # what was wrong may have been the key

    test = build_operation_test(
        config=config, operation=operation, test_func=calling, given_kwargs={}, feedback=FeedbackSources()
    )
    quiet = settings(test._hypothesis_internal_use_settings, suppress_health_check=list(HealthCheck), deadline=None)  # type: ignore[attr-defined]
    test._hypothesis_internal_use_settings = quiet  # type: ignore[attr-defined]
    test()


@pytest.mark.apart
@pytest.mark.parametrize("role", ROLES)
def test_the_api_does_what_its_document_says(
    world: World, role: str, record_property: Callable[[str, object], None]
) -> None:
    examples = EXAMPLES if role == ROLES[0] else FEWER
    api, keys, caller = document(examples), rows(world), Caller(world, role)
    operations = [found.ok() for found in api.get_all_operations()]
    for operation in some(operations, OPERATIONS, ROLES.index(role)):
        generated(caller, operation, api.config, keys.get(hostile_forms.plain(operation.path)))
    if role == ROLES[0]:  # what the others ask beside it cannot make up for it
        record_property("n", caller.calls)
    record_property(
        "measured", f"{role}: {len(operations)} operations, {caller.calls} calls, {len(caller.faults)} faults"
    )
    assert not caller.faults, f"{len(caller.faults)} in {caller.calls} calls:\n" + "\n".join(
        [*caller.faults.values()][:40]
    )


@pytest.mark.proof
def test_calls_that_follow_each_other_do_what_the_document_says(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    """What one call makes, the next one names: chains found from the document's own links."""
    api, caller = document(), Caller(world, "revenue")

    class Chain(api.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self.kept = undone()
            self.kept.__enter__()

        def teardown(self) -> None:
            self.kept.__exit__(None, None, None)

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            caller.calls += 1
            return {"headers": caller.headers}

        def validate_response(self, response: Any, case: Any, **more: Any) -> None:
            nothing = [negative_data_rejection] if says_nothing(case.query) else []
            try:
                # named as what was sent by us: else the token passes for one that was generated and should be refused
                case.validate_response(response, headers=caller.headers, excluded_checks=nothing, transport_kwargs=more)
            except FailureGroup as group:
                for fault in group.exceptions:
                    caller._note(case, fault)

    Chain.run(settings=settings(max_examples=EXAMPLES, stateful_step_count=8, deadline=None, database=None,
                                suppress_health_check=list(HealthCheck)))  # fmt: skip
    record_property("n", caller.calls)
    assert caller.calls > EXAMPLES and not caller.faults, "\n".join(list(caller.faults.values())[:40])
