//! One suite for every backend: stories that call a store and nothing else. Each needs a fresh one.
//!
//! A backend's tests say how to get a store and run them all:
//!
//! ```text
//! #[macro_use]
//! mod conformance;
//!
//! async fn fresh() -> (MyStore, impl Sized /* what has to outlive it */) { … }
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

/// Makes a test of every story, each with a store of its own from `$fresh`.
macro_rules! conformance_suite {
    ($fresh:path) => {
        conformance_suite! { @tests $fresh;
            entities: [
                an_entity_that_was_put_is_read_back_with_its_revision,
                whoever_puts_is_told_the_new_revisions_in_order,
                an_unknown_entity_is_none,
                a_name_is_taken_by_any_collection,
                a_packaged_name_does_not_collide_with_a_bare_one,
                an_update_of_an_old_revision_conflicts,
                a_recreated_entity_refuses_the_revision_of_the_old_one,
                deleting_at_an_old_revision_conflicts,
                an_entity_is_put_only_into_a_package_that_is_there,
                a_package_goes_only_when_nothing_is_left_in_it,
                all_changes_are_written_or_none,
                of_two_writers_of_one_revision_one_wins,
                of_two_creators_of_one_name_one_wins,
                code_lives_as_long_as_an_entity_points_at_it,
                replaced_code_goes_and_new_code_comes_together,
                an_update_without_new_code_keeps_the_code,
                code_of_many_megabytes_is_kept_whole,
                entities_are_listed_newest_first_in_pages,
                lists_are_kept_apart_by_namespace_collection_and_package,
                only_published_packages_that_are_no_bindings_are_shared,
            ],
            activations: [
                a_record_is_read_back_as_it_was_written,
                a_record_is_found_in_its_own_namespace_only,
                the_first_record_of_an_id_stays,
                a_large_result_and_its_logs_are_kept_whole,
                activations_are_listed_newest_start_first_in_pages,
                since_and_upto_are_inclusive_and_count_agrees,
                the_name_filter_tells_packaged_from_bare,
                lists_are_filtered_by_status_kind_cause_and_text_and_count_agrees,
                a_list_goes_on_behind_a_place_whatever_comes_or_goes_meanwhile,
                a_summary_shows_what_the_record_says,
                forgetting_takes_what_ended_before_and_no_more_than_asked,
                a_trigger_record_is_forgotten_by_its_start,
            ],
            jobs: [
                a_stored_job_is_known_until_it_ends,
                a_job_is_unknown_to_other_namespaces,
                due_jobs_are_claimed_oldest_first_and_no_more_than_asked,
                a_job_is_not_claimed_before_it_is_due,
                lanes_do_not_see_each_other,
                two_claimers_never_get_the_same_job,
                a_job_stored_as_claimed_is_not_handed_out,
                storing_a_job_twice_leaves_the_first,
                a_record_and_its_jobs_are_stored_together,
                finishing_writes_record_and_follow_up_and_removes_the_job,
                a_follow_up_job_may_be_claimed_at_once,
                finishing_twice_writes_once,
                an_existing_record_survives_the_finish_of_its_job,
                jobs_are_counted_per_namespace_due_and_leased_but_not_dead,
                the_jobs_that_nobody_holds_are_told_in_the_order_in_which_they_are_due,
                every_share_is_claimed_as_far_as_there_is_room_for_it,
                namespaces_in_one_share_stand_in_lines_of_their_own,
                a_job_that_nobody_holds_is_ended_with_its_record_and_what_follows,
                whoever_takes_over_a_job_that_was_to_end_is_told,
            ],
            leases: [
                a_leased_job_comes_back_when_its_lease_has_ended,
                a_renewed_lease_outlives_its_first_end,
                a_lease_that_has_ended_is_not_renewed,
                renewing_leaves_the_leases_of_others_alone,
                the_old_holder_cannot_finish_what_was_taken_over,
                a_late_holder_whose_job_nobody_took_may_still_finish,
                an_earlier_attempt_of_the_same_owner_is_fenced_off,
                the_old_holder_can_neither_put_back_nor_bury,
                a_job_put_back_is_due_later_and_counts_on,
                a_job_that_is_tried_again_goes_on_from_its_new_payload_when_it_is_due,
                an_advanced_job_goes_on_from_its_new_payload,
                a_buried_job_stays_as_a_dead_letter_and_is_never_claimed,
                rescued_and_new_jobs_come_in_one_order,
                releasing_all_gives_every_lease_back_in_arrival_order,
                releasing_one_owner_leaves_the_others_their_jobs,
            ],
            callbacks: [
                a_callback_waits_for_the_end_of_its_activation_and_is_then_pending,
                an_attempt_that_failed_is_due_again_and_one_that_did_not_is_the_last,
                a_cancelled_callback_is_not_attempted_again_whatever_its_attempt_says,
                a_callback_cancelled_before_its_attempt_has_no_job_any_more,
                a_callback_that_is_over_is_sent_again_as_it_was_read,
                callbacks_are_listed_newest_first_and_filtered,
                callbacks_that_are_over_go_by_age_and_size_and_the_others_stay,
                settings_of_callbacks_are_replaced_only_as_they_were_read,
                callbacks_of_an_emptied_namespace_are_gone_and_their_attempt_ends,
            ],
            tasks: [
                activations_firings_and_callbacks_stand_in_one_list_newest_first,
            ],
            dead_letters: [
                dead_letters_are_listed_latest_first_and_filtered,
                a_dead_letter_is_done_again_once_as_another_job,
                purging_takes_dead_letters_and_nothing_else,
            ],
            retention: [
                a_namespace_keeps_as_many_bytes_of_records_as_it_may_and_the_others_keep_theirs,
                what_is_forgotten_or_emptied_does_not_count_any_more,
                dead_letters_go_by_age_and_size_and_the_living_stay,
            ],
            idempotency: [
                the_first_request_with_a_key_is_stored_with_its_work_and_the_next_stores_nothing,
                a_key_is_of_its_namespace_and_differs_by_case,
                of_many_first_requests_with_one_key_one_is_stored,
                a_key_that_is_over_begins_anew_forgotten_or_not,
                a_namespace_has_no_more_keys_than_allowed_until_some_are_forgotten,
            ],
            alarms: [
                an_alarm_is_put_read_replaced_and_deleted,
                alarms_are_listed_by_trigger_and_counted_per_namespace,
                due_alarms_come_longest_overdue_first,
                a_disabled_alarm_is_never_due,
                advancing_moves_the_alarm_and_stores_the_fire_together,
                of_two_that_advance_one_tick_one_wins,
                an_alarm_that_was_changed_meanwhile_does_not_advance,
                a_deleted_alarm_does_not_advance,
                an_alarm_is_replaced_only_as_it_was_read,
                an_alarm_with_any_payload_advances,
                many_alarms_advance_together_and_each_for_itself,
                past_ticks_are_told_latest_due_first_and_the_oldest_go,
                a_tick_has_one_end_and_one_by_hand_is_another_tick,
                settling_a_tick_changes_the_alarm_and_tells_of_the_tick_or_neither,
                past_ticks_go_with_their_alarm_and_with_time,
            ],
            gateway: [
                an_api_is_put_listed_by_base_path_and_deleted,
                an_api_is_replaced_only_as_it_was_read,
                of_two_that_add_a_route_at_once_none_is_lost_unseen,
                a_namespace_has_no_more_routes_and_bytes_than_its_bounds,
            ],
            audit: [
                a_change_and_what_the_audit_says_of_it_are_written_together,
                the_audit_is_read_in_pages_by_name_and_by_time,
                forgetting_the_audit_takes_the_oldest_and_no_more_than_asked,
            ],
            identities: [
                a_namespace_is_found_by_name_and_by_uuid,
                a_taken_name_or_uuid_conflicts_and_leaves_nothing,
                a_new_key_retires_the_oldest,
                a_single_valid_key_revokes_all_others,
                an_unknown_namespace_gets_no_key,
                a_namespace_is_replaced_only_as_it_was_read,
                a_namespace_is_emptied_in_pieces_and_the_others_keep_theirs,
                a_namespace_is_deleted_when_it_is_empty_and_may_be_made_again,
                namespaces_are_listed_by_name,
                what_this_process_writes_is_nothing_that_others_wrote,
                a_secret_is_made_once,
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
