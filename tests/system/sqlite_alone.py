# SPDX-License-Identifier: Apache-2.0
"""sqlite_alone.py - the system tests that are SQLite's alone, and why

All others pass over either store (TRIVET_TEST_STORE=postgresql).
"""

REASONS = {
    "they read, write, lock or break SQLite's file": """
        test_prune test_store_copy test_store_backup test_operating
        test_store_check::test_a_planted_difference_is_told
        test_store_down::test_store_that_is_gone_or_broken
        test_store_down::test_store_that_is_locked_for_writing
        test_binary_upgrade::test_a_file_that_cannot_be_used_lets_no_id_pass
        test_binary_upgrade::test_both_generations_know_the_same_ids
        test_binary_upgrade::test_what_is_no_table_is_made_one_at_the_start
        test_calls::test_devices_of_a_key_have_a_maximum_for_all_at_once
        test_calls::test_devices_of_an_installation_have_a_maximum
        test_clock::test_a_store_alone_may_be_any_and_has_its_own_time
        test_clock::test_workers_inherit_what_the_master_may_open
        test_deterministic::test_commands_go_by_the_same_clock_and_seed
        test_memo::test_a_right_one_does_not_outlive_its_session_or_installation
        test_metrics::test_probes_of_a_store_that_goes_and_comes
        test_nginx_conf::test_helpers_of_the_cache_do_nothing_of_ours
        test_nginx_conf::test_large_bodies_in_memory_do_not_occupy_the_event_loop
        test_nginx_conf::test_reload_loses_no_request_on_its_way
        test_psp::test_an_installation_of_before_has_its_text
        test_rate_limits::test_what_is_refused_changes_nothing
        test_seed::test_an_access_token_of_oauth
        test_seed::test_the_same_file_twice_changes_nothing
        test_serve_refused::test_broken_store_is_refused_and_kept
        test_switches_sessions::test_an_extension_is_told_when_it_happened
        test_switches_sessions::test_statements_of_bunq_on_a_week
    """,
    "they are about the store that a data directory has by itself": """
        test_bench_judge::test_the_gateway_may_be_measured
        test_output::test_a_key_whose_secret_was_not_shown_is_not_made
        test_output::test_each_command_says_that_its_output_is_lost
        test_operator::test_a_label_that_cannot_be_shown_is_refused
        test_psp_names::test_in_the_sandbox_the_old_user_is_found_by_its_key
        test_sdks::test_reset
        test_serve::test_data_directory_is_a_symbolic_link
        test_serve::test_first_start_makes_all_it_needs
        test_serve::test_odd_data_directory_works
        test_serve::test_private_files_are_for_their_owner_alone
        test_serve::test_relative_data_directory
        test_server_key::test_the_own_store_of_a_data_directory_by_its_name
        test_upstream_options::test_print_config_is_what_runs
    """,
    "they move the machine's clock, and the time is the database's": """
        test_time_back
    """,
    "they expect one chain of the audit log; here the operator has his own": """
        test_audit
        test_checkpoints::test_settings_reach_nginx
    """,
    "a refusal before the database was asked is signed only when the session is"
    " in memory, and theirs was not used before": """
        test_encryption::test_too_large_for_an_own_call
        test_incidents::test_ip_country_400
        test_reasons::test_signed_and_echoed_where_the_token_is_known
        test_reasons::test_signed_over_http2
        test_unread::test_temporary_files_of_bodies_have_a_bound
    """,
    "what was taken away by another process is known a refresh later": """
        test_metrics::test_reload_keeps_the_counters
        test_redirects::test_a_session_that_the_answer_ended_is_judged_anew
    """,
    "the first call of a session asks the database, on a thread": """
        test_metrics::test_waiting_for_a_thread_is_measured
    """,
    "calls that come together wait for the database each for itself": """
        test_lanes::test_intel_s_library
        test_lanes::test_what_waits_together_is_signed_together
    """,
}

_reasons = {name: reason for reason, names in REASONS.items()
            for name in names.split()}


def reason_of(item):
    """Why a test is not run over PostgreSQL, or None."""
    file = item.path.stem
    name = getattr(item, "originalname", item.name)
    return _reasons.get(file) or _reasons.get(f"{file}::{name}")
