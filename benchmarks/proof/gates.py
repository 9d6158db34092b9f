"""The gates: what each promises, the tests that keep it, and how much each of them must have done. It runs and judges nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """A test by its pytest id, without parameters; `n` is the least it must say it did (0 = it counts nothing)."""

    test: str
    n: int = 0


@dataclass(frozen=True, slots=True)
class Gate:
    """`bound` says in words what passes; `by` are all the tests that must have passed, each at its number."""

    key: str
    what: str
    bound: str
    by: tuple[Kept, ...]


CHAOS = "benchmarks/tests/test_chaos.py::"
RACES = "routing/tests/test_races.py::"
OUTAGE = "leadops/platform/tests/test_outage.py::"
CLUSTERS = "leadops/platform/tests/test_clusters.py::"
HOSTILE = "leadops/tests/test_hostile_doors.py::"
FIELDS = "leadops/tests/test_hostile_fields.py::"
MATRIX = "leadops/tests/test_access_matrix.py::"
BACKUP = "leadops/backup/tests/test_backup.py::"

GATES = (
    Gate("F1", "posts without a fault, a tenth twice", "ledger = leads = N, nothing left",
         (Kept(CHAOS + "test_a_house_that_is_left_alone_loses_and_doubles_nothing", 10_000),)),
    Gate("F2", "posts while processes and database are killed and stopped", "as F1, drained in 180 s, every control caught",
         (Kept(CHAOS + "test_a_house_that_is_hurt_while_it_is_posted_to_loses_and_doubles_nothing", 10_000),)),
    Gate("F3", "each failpoint at 5 %, 300 leads or rows", "as F2, each place ended a process",
         (Kept(CHAOS + "test_a_house_that_ends_at_every_failpoint_loses_and_doubles_nothing", 3_300),)),
    Gate("F4", "an idle worker killed; only the parent of the cluster killed", "work flows again in 60 s, never two clusters",
         (Kept(CLUSTERS + "test_work_flows_again_after_the_worker_that_held_the_queue_was_killed", 6),
          Kept(CLUSTERS + "test_orphans_of_a_killed_leader_go_and_one_new_cluster_runs", 6),
          Kept(CLUSTERS + "test_without_the_watch_a_killed_idle_worker_leaves_the_cluster_standing_still"),
          Kept(CLUSTERS + "test_without_the_end_of_the_whole_group_two_clusters_run"))),
    Gate("F5", "poison that raises, hangs, wants all memory, kills its worker, among 1,000", "all others done; poison dead with its cause",
         (Kept("leadops/platform/tests/test_poison.py::test_poison_takes_only_itself", 1_000),
          Kept("leadops/platform/tests/test_poison.py::test_without_counted_starts_a_killer_runs_for_ever_and_takes_its_neighbours"))),
    Gate("F6", "the database gone for 60 s during posting", "503 within 3 s, all in afterwards, nobody restarted",
         (Kept(OUTAGE + "test_a_database_that_goes_away_and_returns_loses_nothing", 1_000),)),
    Gate("F7", "a read-only database", "503, no 2xx, goes on by itself",
         (Kept(OUTAGE + "test_a_database_that_takes_nothing_for_a_while_is_a_refusal_and_all_goes_on_by_itself", 200),)),
    Gate("F8", "assignment, claim and departure at the same moment", "0 double owners, 0 owners who left",
         (Kept(RACES + "test_two_sessions_that_hand_out_the_same_lead_give_it_one_owner", 1_000),
          Kept(RACES + "test_without_the_lock_on_the_lead_the_sessions_collide"),
          Kept(RACES + "test_of_two_who_take_the_same_lead_one_wins_200_times", 200),
          Kept(RACES + "test_no_open_lead_stays_with_a_rep_who_left_while_it_came", 500))),
    Gate("F9", "turns when four intakes run at once", "most - least <= 1",
         (Kept(RACES + "test_turns_stay_fair_when_many_intakes_run_at_once", 10_000),)),
    Gate("F10", "clocks climbed by several at once; an hour away", "one step a rung; the true time of every breach",
         (Kept("routing/tests/test_sla_races.py::test_four_who_climb_the_same_clocks_take_each_step_once", 1_000),
          Kept("routing/tests/test_sla.py::test_an_hour_away_gives_every_breach_its_true_time_and_one_digest_for_old_alerts", 500))),
    Gate("F14", "the hostile corpus at every public address and in every field", "0 x 5xx, 0 answers over 2 s, kept as it came",
         (Kept(HOSTILE + "test_no_request_at_a_public_address_is_a_fault_of_ours", 6_000),
          Kept(HOSTILE + "test_whatever_is_posted_to_in_is_kept_as_it_came_and_gets_an_end", 2_000),
          Kept(FIELDS + "test_no_text_in_any_form_is_a_fault_of_ours", 10_000),
          Kept(FIELDS + "test_no_value_in_any_body_or_filter_of_the_api_is_a_fault_of_ours", 10_000))),
    Gate("F15", "generated JSON, forms, files and mails", "0 x 5xx, equation = 0",
         (Kept("capture/tests/test_generated.py::test_no_json_is_lost_or_a_fault_of_ours", 3_000),
          Kept("capture/tests/test_generated.py::test_no_form_is_lost_or_a_fault_of_ours", 3_000),
          Kept("capture/tests/test_generated.py::test_no_file_is_a_fault_of_ours", 1_000),
          Kept("capture/tests/test_generated.py::test_no_mail_is_lost_or_a_fault_of_ours", 1_000))),
    Gate("F16", "generated calls of every operation of the API, per role", "0 server errors, 0 breaks of the document, 0 ignored rights",
         (Kept("leadops/tests/test_openapi.py::test_the_api_does_what_its_document_says", 50_000),
          Kept("leadops/tests/test_openapi.py::test_calls_that_follow_each_other_do_what_the_document_says", 100))),
    Gate("F17", "the access matrix", "exactly as written, 0 canaries",
         (Kept(MATRIX + "test_every_cell_answers_as_written_and_betrays_nobody"),
          Kept(MATRIX + "test_without_the_filter_of_rows_the_matrix_fails"))),
    Gate("F18", "headers and cookies of every route", "as `docs/security.md` says",
         (Kept(MATRIX + "test_every_cell_answers_as_written_and_betrays_nobody"),
          Kept("leadops/tests/test_headers.py::test_behind_a_proxy_cookies_are_the_hosts_own_and_pages_are_never_plain"))),
    Gate("F22", "backup, restore, erasures replayed", "every table as counted, the erased stay erased",
         (Kept(BACKUP + "test_backup_erase_restore"),)),
    Gate("F24", "canaries of an erased person in every table and in a dump", "0 left",
         (Kept("leadops/privacy/tests/test_erasure.py::test_a_canary_in_every_column_is_given_out_and_then_gone_while_what_is_counted_stays"),
          Kept(BACKUP + "test_backup_erase_restore"))),
)  # fmt: skip
