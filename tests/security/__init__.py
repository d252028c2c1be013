"""The security table: each threat, and the tests that show that it is met.

``ROWS`` names tests as ``folder/file.py::test``; ``NOT_HERE`` says why what is left of a row has no test. Whether every row
is there, and every test, is itself a test (``test_table``).

    canary          finds a text in whatever form it was written down
    support         the program as a process, and a service that says any bytes
    forked          such a process without the start of an interpreter
    crafted         answers that somebody crafted against the books
    fuzz            ``python -m tests.security.fuzz --seconds 60 TARGET``; its targets and inputs stand beside it
"""

ROWS: dict[str, tuple[str, ...]] = {
    "S1 the key goes to another host": (
        "security/test_redirects.py::test_no_3xx_takes_a_request_or_its_token_to_another_port",
        "security/test_redirects.py::test_a_run_that_is_sent_elsewhere_stops_and_keeps_what_it_may_have_paid",
        "security/test_redirects.py::test_another_origin_than_the_one_that_was_paid_is_refused",
        "security/test_redirects.py::test_the_token_travels_in_clear_to_this_machine_only",
        "security/test_code.py::test_every_request_that_leaves_says_that_it_follows_nothing",
        "providers/test_client_answers.py::test_a_redirect_is_not_followed_and_the_token_goes_nowhere_else",
    ),
    "S2 the key goes to the CDN": (
        "security/test_redirects.py::test_a_download_that_is_sent_on_carries_nothing_that_is_ours",
        "security/test_token.py::test_under_every_fault_the_token_is_found_nowhere",
        "files/test_download.py::test_the_request_carries_nothing_but_what_it_needs",
    ),
    "S3 the key in logs, tracebacks, repr and dumps": (
        "security/test_token.py::test_under_every_fault_the_token_is_found_nowhere",
        "security/test_token.py::test_the_log_of_a_crash_holds_no_token_and_is_for_its_owner_only",
        "security/test_logs.py::test_what_others_log_as_errors_holds_no_token_and_no_traceback_is_shown",
        "providers/test_secret.py::test_a_secret_shows_as_stars",
        "providers/test_secret.py::test_every_form_of_a_token_is_hidden",
        "providers/test_secret.py::test_a_token_is_hidden_however_it_was_escaped",
        "providers/test_secret.py::test_a_token_within_base64_is_hidden",
    ),
    "S4 the key in argv, a manifest, or git": (
        "security/test_token.py::test_under_every_fault_the_token_is_found_nowhere",
        "security/test_redirects.py::test_a_secret_in_a_manifest_is_refused_and_not_repeated",
        "security/test_code.py::test_no_option_takes_a_secret",
        "security/test_code.py::test_no_token_stands_in_the_repository",
        "manifest/test_manifest_broken.py::test_what_may_be_a_secret_is_never_shown",
    ),
    "S5 the key comes back from the server": (
        "security/test_token.py::test_a_token_that_the_service_sends_back_is_kept_by_nobody",
        "providers/test_client_answers.py::test_a_token_that_the_server_sends_back_is_in_no_outcome",
        "providers/test_client_status.py::test_the_token_gets_into_nothing_that_a_status_says",
    ),
    "S6 header injection": (
        "security/test_token.py::test_a_token_that_could_break_a_header_is_refused_unseen_before_anything_is_sent",
        "providers/test_registry.py::test_a_token_that_is_none_is_refused_without_being_shown",
    ),
    "S7 query injection": (
        "providers/test_client_status.py::test_a_task_id_cannot_add_parameters",
        "providers/test_wire_submit.py::test_a_task_id_that_cannot_be_used_is_unknown",
        "security/test_permissions.py::test_a_service_that_names_paths_names_none_of_ours",
    ),
    "S8 requests to inner addresses by URL": (
        "security/test_redirects.py::test_no_file_is_fetched_from_an_inner_address_that_a_service_names",
        "files/test_addresses.py::test_s8_no_spelling_of_an_inner_address_is_connected_to",
        "files/test_addresses.py::test_the_socket_alone_stops_every_spelling_too",
        "files/test_addresses.py::test_the_refusal_names_the_address",
        "files/test_addresses.py::test_what_python_knows_to_be_special_is_never_public",
    ),
    "S9 requests to inner addresses by redirect": (
        "security/test_redirects.py::test_no_file_is_fetched_from_an_inner_address_that_a_service_names",
        "files/test_download.py::test_a_redirect_outside_the_policy_is_refused",
        "security/test_redirects.py::test_https_falls_to_http_neither_for_the_api_nor_for_a_file",
    ),
    "S10 other schemes": (
        "files/test_download.py::test_a_url_outside_the_policy_is_refused",
        "providers/test_wire_status.py::test_an_url_that_is_not_acceptable_is_left_out",
    ),
    "S11 credentials in a URL": (
        "files/test_download.py::test_a_url_outside_the_policy_is_refused",
        "security/test_redirects.py::test_a_secret_in_a_manifest_is_refused_and_not_repeated",
    ),
    "S12 proxies and netrc of the environment": (
        "security/test_redirects.py::test_proxies_and_passwords_of_the_environment_see_nothing",
        "providers/test_client_answers.py::test_the_proxy_of_the_environment_is_not_used",
        "files/test_session.py::test_s12_nothing_of_the_environment_is_read",
    ),
    "S13 TLS that is not checked": (
        "security/test_redirects.py::test_a_certificate_that_nobody_vouches_for_ends_the_run_before_the_token_leaves",
        "security/test_redirects.py::test_https_falls_to_http_neither_for_the_api_nor_for_a_file",
        "security/test_code.py::test_no_switch_that_protects_is_turned_off",
        "providers/test_client_tls.py::test_a_certificate_for_another_host_stops_the_run",
        "files/test_session.py::test_s13_a_certificate_must_be_trusted_and_may_be_named",
    ),
    "S14 path traversal": (
        "files/test_place.py::test_s14_a_path_that_leaves_the_root_is_no_path",
        "core/test_layout.py::test_every_path_is_safe_on_three_systems",
        "security/test_permissions.py::test_a_service_that_names_paths_names_none_of_ours",
        "security/test_state_files.py::test_what_stands_in_a_state_is_no_way_out_of_the_tree",
    ),
    "S15 escape by symlink": (
        "files/test_place.py::test_s15_a_symlinked_directory_is_never_entered",
        "security/test_permissions.py::test_what_was_planted_is_neither_followed_nor_waited_for",
        "security/test_permissions.py::test_a_folder_that_is_swapped_for_a_link_during_the_run_is_not_followed",
    ),
    "S16 a person's files overwritten": (
        "files/test_place.py::test_w29_another_file_is_neither_overwritten_nor_deleted",
        "files/test_place.py::test_w30_whatever_has_the_name_stays",
    ),
    "S17 names that collide": (
        "core/test_expansion_problems.py::test_two_jobs_with_one_path_name_the_field_that_is_missing",
        "core/test_expansion_problems.py::test_two_paths_that_only_case_tells_apart_are_refused",
        "core/test_layout.py::test_a_component_is_made_safe",
        "core/test_layout.py::test_paths_that_are_one_file_on_some_system_share_a_key",
    ),
    "S18 code in YAML": (
        "security/test_bombs.py::test_no_manifest_and_no_prompt_file_is_a_bomb",
        "security/test_code.py::test_nothing_is_evaluated_unpickled_or_run_by_a_shell",
        "manifest/test_manifest_broken.py::test_a_broken_manifest_names_the_place_the_value_and_the_way_out",
    ),
    "S19 YAML bombs": (
        "security/test_bombs.py::test_no_manifest_and_no_prompt_file_is_a_bomb",
        "security/test_bombs.py::test_a_prompt_file_that_never_ends_is_no_file",
        "manifest/test_yaml12.py::test_a_bomb_is_refused_at_once",
        "core/test_expansion_problems.py::test_a_long_value_that_is_named_often_is_counted_and_never_written_out",
        "core/test_expansion_problems.py::test_too_many_jobs_of_many_prompts_are_refused_before_the_first_is_made",
        "security/test_fuzz.py::test_no_input_of_some_hundred_is_a_finding",
        "security/test_fuzz.py::test_no_input_of_a_quarter_of_a_minute_is_a_finding",
    ),
    "S20 one type taken for another": (
        "manifest/test_yaml12.py::test_a_scalar_is_what_yaml_1_2_says",
        "manifest/test_yaml12.py::test_an_unquoted_ratio_is_a_text",
    ),
    "S21 template injection": (
        "core/test_template.py::test_anything_but_a_name_between_braces_is_refused",
        "core/test_template.py::test_a_value_that_looks_like_a_variable_is_inserted_as_text",
        "core/test_layout.py::test_what_is_no_relative_path_of_known_fields_is_refused",
    ),
    "S22 JSON bombs and oddities": (
        "providers/test_strict_json.py::test_what_is_not_believed",
        "providers/test_strict_json.py::test_nothing_but_malformed_is_raised",
        "security/test_bombs.py::test_every_bomb_at_once_costs_a_few_megabytes_each_and_no_job",
        "security/test_code.py::test_bytes_from_outside_are_read_by_the_strict_reader",
    ),
    "S23 decompression bombs": (
        "security/test_bombs.py::test_a_packed_bomb_takes_no_memory_and_the_job_is_done_all_the_same",
        "security/test_bombs.py::test_a_submission_that_is_answered_with_a_bomb_is_unknown_and_not_repeated",
        "security/test_bombs.py::test_no_file_bomb_fills_the_memory_or_the_disk",
        "providers/test_strict_json.py::test_a_bomb_stops_at_a_mebibyte",
    ),
    "S24 endless bodies, slow servers, huge heads": (
        "security/test_bombs.py::test_every_bomb_at_once_costs_a_few_megabytes_each_and_no_job",
        "providers/test_client_submit.py::test_a_dripping_body_is_salvaged_when_time_is_up",
        "files/test_download.py::test_s24_an_answer_whose_head_does_not_end_is_given_up",
        "files/test_download.py::test_a_server_that_drips_is_given_up",
    ),
    "S25 a disk filled by lies": (
        "files/test_download.py::test_s25_ten_terabytes_are_refused_by_their_announcement",
        "files/test_download.py::test_a_file_over_the_cap_is_refused_and_leaves_nothing",
        "security/test_bombs.py::test_no_file_bomb_fills_the_memory_or_the_disk",
    ),
    "S26 media files that attack their reader": (
        "files/test_video.py::test_no_bytes_raise_anything_and_reasons_are_printable",
        "files/test_video.py::test_a_long_video_is_walked_without_being_read",
        "security/test_code.py::test_no_such_module_is_imported",
        "security/test_fuzz.py::test_no_input_of_some_hundred_is_a_finding",
    ),
    "S27 terminal escapes": (
        "security/test_terminal.py::test_what_is_shown_of_a_service_and_a_prompt_is_text",
        "security/test_terminal.py::test_what_a_run_tells_on_its_way_is_text",
        "security/test_terminal.py::test_what_is_said_about_broken_manifests_is_text",
        "security/test_terminal.py::test_a_name_on_the_command_line_is_shown_as_text",
        "security/test_state_files.py::test_what_stands_in_a_state_acts_on_no_terminal",
        "core/test_safe_text.py::test_nothing_from_outside_controls_a_terminal",
        "core/test_safe_text.py::test_json_may_pass_a_terminal_and_loses_nothing",
    ),
    "S28 forged lines in a log": (
        "security/test_logs.py::test_a_forged_record_stays_in_its_line",
        "security/test_logs.py::test_a_run_logs_its_jobs_and_neither_prompts_nor_signatures",
    ),
    "S29 formulas in CSV": (
        "core/test_safe_text.py::test_a_cell_is_never_a_formula",
        "core/test_safe_text.py::test_a_cell_comes_back_from_a_csv_file_as_it_was_written",
    ),
    "S30 markup in HTML": (
        "core/test_safe_text.py::test_nothing_from_outside_is_markup",
        "core/test_safe_text.py::test_a_page_shows_the_text_as_it_is",
    ),
    "S31 SQL injection": (
        "security/test_code.py::test_no_statement_for_the_database_is_put_together_from_values",
        "security/test_state_files.py::test_a_filter_is_a_value_and_no_statement",
    ),
    "S32 argument injection": (
        "security/test_code.py::test_nothing_is_evaluated_unpickled_or_run_by_a_shell",
        "security/test_code.py::test_no_such_module_is_imported",
        "core/test_layout.py::test_every_path_is_safe_on_three_systems",
    ),
    "S33 a state that everybody can read": (
        "security/test_permissions.py::test_under_any_umask_the_state_and_the_log_are_their_owners",
        "security/test_permissions.py::test_the_states_of_the_sandbox_are_their_owners_too",
        "store/test_state_opening.py::test_only_the_owner_may_read_the_state_and_what_lies_beside_it",
    ),
    "S34 signed URLs that leak": (
        "security/test_logs.py::test_a_run_logs_its_jobs_and_neither_prompts_nor_signatures",
        "files/test_download.py::test_no_reason_holds_the_signature",
    ),
    "S35 a hostile state": (
        "security/test_state_files.py::test_a_state_with_another_schema_is_refused_and_the_difference_is_named",
        "security/test_state_files.py::test_readers_refuse_it_too",
        "security/test_state_files.py::test_another_state_than_ours_is_refused_unchanged",
        "security/test_state_files.py::test_flipped_bytes_end_in_no_traceback_and_buy_nothing_twice",
    ),
    "S36 what is planted in shared folders": (
        "security/test_permissions.py::test_what_was_planted_is_neither_followed_nor_waited_for",
        "security/test_permissions.py::test_a_reader_does_not_wait_for_a_pipe",
        "files/test_root.py::test_a_symlink_in_place_of_the_lock_is_not_opened",
    ),
    "S37 dependencies": ("security/test_code.py::test_only_what_is_declared_is_imported",),
    "S38 a manifest that costs a fortune": (
        "security/test_money.py::test_a_manifest_of_thousands_of_cells_is_priced_and_refused_before_a_byte_is_sent",
        "security/test_money.py::test_without_a_budget_and_without_anybody_to_ask_nothing_is_sent",
        "security/test_money.py::test_no_odd_budget_is_an_unlimited_one",
    ),
    "S39 answers that provoke a second payment": (
        "security/test_money.py::test_of_ten_thousand_crafted_answers_none_is_taken_for_a_no_that_may_have_been_a_yes",
        "security/test_money.py::test_no_answers_make_the_program_send_a_job_again_that_may_have_been_accepted",
        "security/test_money.py::test_without_a_plain_no_there_are_never_more_submissions_than_jobs",
        "security/test_money.py::test_a_charge_of_a_million_is_booked_and_ends_spending",
    ),
    "S40 prompts that leave the state": (
        "security/test_log_prompts.py::test_a_whole_run_under_every_fault_logs_prompts_only_where_asked_for_and_the_token_never",
        "security/test_log_prompts.py::test_what_an_error_says_is_left_out_of_its_trace",
        "security/test_log_prompts.py::test_words_of_the_service_and_of_other_libraries_are_left_out",
        "security/test_logs.py::test_a_run_logs_its_jobs_and_neither_prompts_nor_signatures",
        "security/test_logs.py::test_other_libraries_say_no_more_though_the_log_is_asked_for",
        "security/test_logs.py::test_the_text_of_an_error_of_the_database_holds_no_value",
    ),
    "S41 errors that tell of the machine": (
        "security/test_log_prompts.py::test_an_error_that_nobody_waits_for_shows_no_traceback",
        "security/test_logs.py::test_a_bug_in_one_job_is_told_in_a_line_and_its_traceback_is_in_the_log",
        "security/test_logs.py::test_where_no_traceback_can_be_kept_none_is_shown",
        "security/test_token.py::test_the_log_of_a_crash_holds_no_token_and_is_for_its_owner_only",
    ),
    "S42 a limit that is set in the year 2100": (
        "core/test_announced.py::test_no_header_whatever_raises_or_leaves_the_bounds",
        "core/test_announced.py::test_a_wait_in_every_form",
    ),
    "S43 pages of other sites that ask the review": (
        "review/test_door.py::test_the_host_must_be_this_machine",
        "review/test_door.py::test_another_origin_is_refused_and_nothing_is_chosen",
        "review/test_door.py::test_a_page_of_another_site_may_not_write_though_its_browser_hides_its_origin",
        "review/test_door.py::test_what_a_form_can_send_is_no_choice",
        "review/test_door.py::test_other_methods_are_refused_and_nobody_is_told_that_he_may_ask",
        "review/test_door.py::test_every_answer_keeps_other_sites_and_the_token_apart",
    ),
    "S44 a review that anybody can reach": (
        "review/test_door.py::test_without_the_token_everything_is_as_if_it_were_not_there",
        "review/test_door.py::test_the_token_is_another_each_time_and_long",
        "review/test_door.py::test_it_listens_on_one_address_and_no_other",
        "review/test_door.py::test_a_request_that_is_no_http_puts_no_token_into_the_log",
        "review/test_review_command.py::test_the_log_holds_no_token_at_its_most_talkative",
        "review/test_review_command.py::test_the_browser_is_led_there_by_a_file_for_its_owner_and_no_command_line_holds_the_token",
    ),
    "S45 files that are none of the batch's over HTTP": (
        "review/test_videos.py::test_a_path_that_the_state_does_not_list_is_not_there",
        "review/test_videos.py::test_what_is_not_the_file_that_was_placed_is_not_there_and_the_page_is",
        "review/test_videos.py::test_a_video_of_another_batch_is_not_there",
    ),
}

NOT_HERE: dict[str, str] = {
    "S4": "no key file and no keyring: the token comes from one variable, of the environment or of .env, and from nowhere else",
    "S8": "no allow-list of hosts and no rule on ports: the contract opens every public address",
    "S26": "ffprobe is not run by the program, only by tests",
    "S29": "there is no CSV output yet; the encoder is ready and tested, and its place is tested with the export",
    "S30": "there is no HTML output yet; the encoder is ready and tested, and its place is tested with the gallery",
    "S34": "the metadata and `jobs --json` hold whole URLs: the contract wants them there",
    "S35": "a state that was made elsewhere may be run: the contract has no second confirmation beside the budget",
    "S36": "a state reached through a link of its owner is that state: the contract's choice, so that locks are shared",
    "S37": "no list of hashes and no audit: the environment of CI has no index to ask; lower bounds are declared",
    "S42": "the contract's clamp is 900 s, not 300 s",
}
