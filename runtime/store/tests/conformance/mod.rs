//! One suite for every backend: stories that call a store and nothing else. Each gets a fresh store.
//!
//! A backend's tests say how to get a fresh store, and run the whole suite:
//!
//! ```text
//! #[macro_use]
//! mod conformance;
//!
//! async fn fresh() -> (MyStore, impl Sized /* dropped after the store */) { … }
//! conformance_suite!(fresh);
//! ```

pub mod activations;
pub mod alarms;
pub mod audit;
pub mod callbacks;
pub mod dead_letters;
pub mod entities;
pub mod gateway;
pub mod idempotency;
pub mod identities;
pub mod jobs;
pub mod leases;
pub mod retention;
pub mod samples;
pub mod tasks;

/// Makes a test of every story, each with its own store from `$fresh`.
macro_rules! conformance_suite {
    ($fresh:path) => {
        conformance_suite! { @tests $fresh;
            entities: [
                an_entity_that_was_put_is_read_back_with_its_revision,
                a_put_returns_the_new_revisions_in_order,
                an_unknown_name_has_no_entity,
                a_name_is_taken_by_any_collection,
                a_packaged_name_does_not_collide_with_a_bare_one,
                an_update_of_an_old_revision_conflicts,
                a_recreated_entity_refuses_the_revision_of_the_old_one,
                deleting_at_an_old_revision_conflicts,
                an_entity_is_put_only_into_an_existing_package,
                a_package_is_deleted_only_when_it_is_empty,
                all_changes_are_written_or_none,
                of_two_writers_of_one_revision_one_wins,
                of_two_creators_of_one_name_one_wins,
                code_lives_as_long_as_an_entity_has_it,
                new_code_replaces_old_code_in_one_step,
                an_update_without_new_code_keeps_the_code,
                code_of_many_megabytes_is_kept_whole,
                entities_are_listed_newest_first_in_pages,
                lists_are_kept_apart_by_namespace_collection_and_package,
                only_published_packages_that_are_not_bindings_are_shared,
                a_page_of_entities_ends_before_it_is_too_large_and_shows_no_parameters,
                a_namespace_gets_no_more_entities_and_bytes_than_its_quota,
            ],
            activations: [
                a_record_is_read_back_as_it_was_written,
                a_record_is_found_only_in_its_own_namespace,
                the_first_record_of_an_id_stays,
                a_large_result_and_its_logs_are_kept_whole,
                activations_are_listed_newest_start_first_in_pages,
                since_and_upto_are_inclusive_and_count_agrees,
                the_name_filter_tells_packaged_from_bare,
                lists_are_filtered_by_status_kind_cause_and_text_and_count_agrees,
                a_list_continues_after_a_position_whatever_was_added_or_removed,
                a_summary_shows_what_the_record_says,
                a_page_of_whole_records_ends_before_it_is_too_large,
                forgetting_removes_old_records_up_to_the_limit,
                the_age_of_a_firing_counts_from_its_start,
            ],
            jobs: [
                a_stored_job_is_known_until_it_ends,
                a_job_is_unknown_to_other_namespaces,
                due_jobs_are_claimed_oldest_first_up_to_the_limit,
                a_job_is_not_claimed_before_it_is_due,
                lanes_do_not_see_each_other,
                two_claimers_never_get_the_same_job,
                a_job_stored_as_claimed_is_not_handed_out,
                storing_a_job_twice_keeps_the_first,
                a_record_and_its_jobs_are_stored_together,
                finishing_writes_record_and_follow_up_and_removes_the_job,
                a_follow_up_job_may_be_claimed_at_once,
                finishing_twice_writes_once,
                an_existing_record_survives_the_finish_of_its_job,
                jobs_are_counted_per_namespace_due_and_leased_but_not_dead,
                jobs_that_no_node_holds_are_listed_in_the_order_of_their_due_times,
                each_share_is_claimed_up_to_its_allotment,
                namespaces_in_one_share_are_counted_and_claimed_separately,
                cancelling_a_job_that_no_node_holds_ends_it,
                the_next_holder_of_a_job_sees_that_it_was_cancelled,
            ],
            leases: [
                a_leased_job_comes_back_when_its_lease_has_ended,
                a_renewed_lease_outlives_its_first_end,
                a_lease_that_has_ended_is_not_renewed,
                renewing_does_not_touch_the_leases_of_other_owners,
                the_old_holder_cannot_finish_a_job_that_was_taken_over,
                a_late_holder_may_finish_a_job_that_no_other_node_took,
                an_earlier_attempt_of_the_same_owner_is_refused,
                the_old_holder_can_neither_release_nor_bury,
                a_released_job_is_due_later_and_keeps_its_attempts,
                a_retried_job_starts_from_its_new_payload_when_it_is_due,
                an_advanced_job_continues_from_its_new_payload,
                a_buried_job_stays_as_a_dead_letter_and_is_never_claimed,
                rescued_and_new_jobs_are_claimed_in_one_order,
                releasing_all_jobs_keeps_their_order_of_arrival,
                releasing_the_jobs_of_one_owner_leaves_the_others,
            ],
            callbacks: [
                a_callback_waits_for_the_end_of_its_activation_and_is_then_pending,
                a_failed_attempt_is_due_again_and_a_successful_one_is_the_last,
                a_callback_cancelled_during_an_attempt_is_not_attempted_again,
                a_callback_cancelled_before_its_attempt_has_no_job,
                a_callback_that_is_over_is_sent_again_only_as_it_was_read,
                callbacks_are_listed_newest_first_and_filtered,
                only_callbacks_that_are_over_are_removed_by_age_and_size,
                undelivered_callbacks_count_with_what_they_will_tell_until_they_are_over,
                settings_of_callbacks_are_replaced_only_as_they_were_read,
                emptying_a_namespace_removes_its_callbacks_and_ends_their_attempts,
            ],
            tasks: [
                activations_firings_and_callbacks_are_in_one_list_newest_first,
            ],
            dead_letters: [
                dead_letters_are_listed_latest_first_and_filtered,
                a_dead_letter_is_redriven_once_as_another_job,
                listed_dead_letters_have_no_arguments_and_a_page_of_them_ends_early,
                purging_removes_only_dead_letters,
            ],
            retention: [
                the_namespace_that_keeps_most_is_found_among_records_entities_and_waiting_jobs,
                the_bound_that_an_operator_set_for_a_namespace_holds_in_place_of_the_general_one,
                the_size_limit_of_records_counts_per_namespace,
                removed_records_no_longer_count_towards_the_size_limit,
                only_dead_letters_are_removed_by_age_and_size,
            ],
            idempotency: [
                the_first_request_with_a_key_stores_its_work_and_a_retry_nothing,
                a_key_belongs_to_its_namespace_and_is_case_sensitive,
                of_many_first_requests_with_one_key_only_one_is_stored,
                an_expired_key_can_be_used_again_before_it_is_removed,
                a_namespace_at_its_key_limit_is_refused_until_keys_are_removed,
            ],
            alarms: [
                an_alarm_is_put_read_replaced_and_deleted,
                alarms_are_listed_by_trigger_and_counted_per_namespace,
                armed_alarms_are_read_in_pages_ordered_by_trigger,
                due_alarms_come_longest_overdue_first,
                a_disabled_alarm_is_never_due,
                advancing_moves_the_alarm_and_stores_the_firing_job_together,
                of_two_that_advance_one_tick_one_wins,
                an_alarm_that_has_changed_since_does_not_advance,
                a_deleted_alarm_does_not_advance,
                an_alarm_is_replaced_only_as_it_was_read,
                an_alarm_with_any_payload_advances,
                many_alarms_advance_in_one_call_independently,
                past_ticks_are_listed_latest_due_first_and_the_oldest_are_removed,
                a_tick_has_one_end_and_a_manual_run_is_a_tick_of_its_own,
                settling_a_tick_writes_both_the_alarm_and_the_tick_or_neither,
                past_ticks_are_removed_with_their_alarm_and_by_age,
            ],
            gateway: [
                an_api_is_put_listed_by_base_path_and_deleted,
                an_api_is_replaced_only_as_it_was_read,
                of_two_concurrent_changes_of_an_api_one_is_refused,
                the_apis_of_a_namespace_stay_within_its_bounds,
            ],
            audit: [
                a_change_and_its_audit_record_are_written_together,
                the_audit_is_read_in_pages_by_name_and_by_time,
                forgetting_removes_the_oldest_audit_records_up_to_the_limit,
                the_audit_of_a_namespace_is_bounded_in_bytes_and_loses_its_oldest,
            ],
            identities: [
                a_namespace_is_found_by_name_and_by_uuid,
                a_taken_name_or_uuid_conflicts_and_leaves_nothing,
                a_new_key_retires_the_oldest,
                a_single_valid_key_revokes_all_others,
                an_unknown_namespace_gets_no_key,
                a_namespace_is_replaced_only_as_it_was_read,
                a_namespace_is_emptied_in_pieces_without_touching_others,
                an_empty_namespace_is_deleted_and_can_be_created_again,
                namespaces_are_listed_by_name,
                the_writes_of_this_process_are_not_outside_changes,
                a_secret_is_stored_once,
            ],
        }
    };
    (@tests $fresh:path; $($topic:ident: [$($story:ident,)+],)+) => {
        $($(
            #[tokio::test]
            async fn $story() {
                let (store, _kept) = $fresh().await;
                crate::conformance::$topic::$story(&store).await;
            }
        )+)+
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_story_is_in_the_suite() {
        let suite = include_str!("mod.rs");
        let topics = [
            include_str!("activations.rs"),
            include_str!("alarms.rs"),
            include_str!("gateway.rs"),
            include_str!("audit.rs"),
            include_str!("callbacks.rs"),
            include_str!("tasks.rs"),
            include_str!("dead_letters.rs"),
            include_str!("retention.rs"),
            include_str!("entities.rs"),
            include_str!("identities.rs"),
            include_str!("jobs.rs"),
            include_str!("leases.rs"),
            include_str!("idempotency.rs"),
        ];
        for line in topics.iter().flat_map(|text| text.lines()) {
            let Some(story) = line.strip_prefix("pub async fn ") else { continue };
            let name = story.split('(').next().unwrap();
            assert!(suite.contains(&format!(" {name},\n")), "{name} is not in the suite");
        }
    }
}
