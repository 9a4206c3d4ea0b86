/*
 * names.h - what the files of the runtime share among each other, under names of its own.
 *
 * The library is linked into programs that may have a fatal(), a ready() or a park() themselves,
 * and all that is external here begins with leash_.  So the linker sees each of these with a
 * prefix. Included first, by base.h; tests/runtime/names_test.sh finds what is missing here.
 */
#ifndef LEASH_RT_NAMES_H
#define LEASH_RT_NAMES_H

/* clang-format off */
#define allocate                leash_rt_allocate
#define allocate_aligned        leash_rt_allocate_aligned
#define allocate_zeroed         leash_rt_allocate_zeroed
#define blocking_start          leash_rt_blocking_start
#define blocking_stop           leash_rt_blocking_stop
#define chan_close_quietly      leash_rt_chan_close_quietly
#define chan_init               leash_rt_chan_init
#define chan_offer              leash_rt_chan_offer
#define chan_park_for_ever      leash_rt_chan_park_for_ever
#define chan_source             leash_rt_chan_source
#define chan_zero               leash_rt_chan_zero
#define clock_is_virtual        leash_rt_clock_is_virtual
#define clock_leap              leash_rt_clock_leap
#define clock_now_ns            leash_rt_clock_now_ns
#define clock_of_real_ns        leash_rt_clock_of_real_ns
#define clock_real_ns           leash_rt_clock_real_ns
#define clock_start             leash_rt_clock_start
#define context_begin           leash_rt_context_begin
#define context_switch          leash_rt_context_switch
#define counts_read             leash_rt_counts_read
#define ctx_end                 leash_rt_ctx_end
#define ctx_error               leash_rt_ctx_error
#define ctx_source              leash_rt_ctx_source
#define descriptor_close        leash_rt_descriptor_close
#define descriptor_get          leash_rt_descriptor_get
#define descriptor_give_up      leash_rt_descriptor_give_up
#define descriptor_is_used      leash_rt_descriptor_is_used
#define descriptor_kind         leash_rt_descriptor_kind
#define descriptor_pass_on      leash_rt_descriptor_pass_on
#define descriptor_register     leash_rt_descriptor_register
#define descriptor_unblock      leash_rt_descriptor_unblock
#define dump_task               leash_rt_dump_task
#define errno_get               leash_rt_errno_get
#define errno_set               leash_rt_errno_set
#define fatal                   leash_rt_fatal
#define hangup_unwatch          leash_rt_hangup_unwatch
#define hangup_watch            leash_rt_hangup_watch
#define idle_find               leash_rt_idle_find
#define idle_offer_slow         leash_rt_idle_offer_slow
#define idle_others_run         leash_rt_idle_others_run
#define idle_start              leash_rt_idle_start
#define idle_wake_all           leash_rt_idle_wake_all
#define idle_wake_one           leash_rt_idle_wake_one
#define inject                  leash_rt_inject
#define inject_take             leash_rt_inject_take
#define io_interrupt            leash_rt_io_interrupt
#define io_is_used              leash_rt_io_is_used
#define io_poll                 leash_rt_io_poll
#define io_start                leash_rt_io_start
#define io_stop                 leash_rt_io_stop
#define io_watch_signals        leash_rt_io_watch_signals
#define leak_fail               leash_rt_leak_fail
#define leak_look_at_end        leash_rt_leak_look_at_end
#define leak_setting            leash_rt_leak_setting
#define lock_alone              leash_rt_lock_alone
#define lock_contend            leash_rt_lock_contend
#define mu_release              leash_rt_mu_release
#define overflow_enter          leash_rt_overflow_enter
#define overflow_leave          leash_rt_overflow_leave
#define overflow_start          leash_rt_overflow_start
#define overflow_stop           leash_rt_overflow_stop
#define park                    leash_rt_park
#define park_in                 leash_rt_park_in
#define poll_point              leash_rt_poll_point
#define queue_push              leash_rt_queue_push
#define queue_push_behind_fresh leash_rt_queue_push_behind_fresh
#define queue_push_fresh        leash_rt_queue_push_fresh
#define queue_take              leash_rt_queue_take
#define queue_take_overdue      leash_rt_queue_take_overdue
#define raid_begin              leash_rt_raid_begin
#define raid_end                leash_rt_raid_end
#define ready                   leash_rt_ready
#define ready_list              leash_rt_ready_list
#define run_at_end              leash_rt_run_at_end
#define run_deadlock            leash_rt_run_deadlock
#define runtime                 leash_rt_runtime
#define schedule_point_slow     leash_rt_schedule_point_slow
#define signals_deliver         leash_rt_signals_deliver
#define signals_restore         leash_rt_signals_restore
#define signals_stop            leash_rt_signals_stop
#define sigquit_start           leash_rt_sigquit_start
#define sigquit_stop            leash_rt_sigquit_stop
#define sources_enlist          leash_rt_sources_enlist
#define sources_lock_in_order   leash_rt_sources_lock_in_order
#define sources_park            leash_rt_sources_park
#define sources_unlock_in_order leash_rt_sources_unlock_in_order
#define sources_withdraw        leash_rt_sources_withdraw
#define spin                    leash_rt_spin
#define stack_cache_release     leash_rt_stack_cache_release
#define stack_each              leash_rt_stack_each
#define stack_get               leash_rt_stack_get
#define stack_low               leash_rt_stack_low
#define stack_of_guard          leash_rt_stack_of_guard
#define stack_put               leash_rt_stack_put
#define stack_start             leash_rt_stack_start
#define stack_stop              leash_rt_stack_stop
#define sys_accept              leash_rt_sys_accept
#define sys_close               leash_rt_sys_close
#define sys_connect             leash_rt_sys_connect
#define sys_duplicate           leash_rt_sys_duplicate
#define sys_kind                leash_rt_sys_kind
#define sys_nonblock            leash_rt_sys_nonblock
#define sys_poll                leash_rt_sys_poll
#define sys_read                leash_rt_sys_read
#define sys_read_now            leash_rt_sys_read_now
#define sys_receive             leash_rt_sys_receive
#define sys_send                leash_rt_sys_send
#define sys_socket_error        leash_rt_sys_socket_error
#define sys_write               leash_rt_sys_write
#define sys_write_now           leash_rt_sys_write_now
#define task_main               leash_rt_task_main
#define task_self               leash_rt_task_self
#define task_spawn              leash_rt_task_spawn
#define timer_source            leash_rt_timer_source
#define timer_start             leash_rt_timer_start
#define timer_start_locked      leash_rt_timer_start_locked
#define timer_stop              leash_rt_timer_stop
#define timer_stop_locked       leash_rt_timer_stop_locked
#define timer_tick_after_ms     leash_rt_timer_tick_after_ms
#define timer_tick_at_ms        leash_rt_timer_tick_at_ms
#define waitq_has_open          leash_rt_waitq_has_open
#define waitq_pop_all           leash_rt_waitq_pop_all
#define wheel_advance           leash_rt_wheel_advance
#define wheel_init              leash_rt_wheel_init
#define wheel_next_ns           leash_rt_wheel_next_ns
#define wheel_release           leash_rt_wheel_release
#define worker_enter            leash_rt_worker_enter
#define worker_forget           leash_rt_worker_forget
#define worker_loop             leash_rt_worker_loop
#define worker_of_task          leash_rt_worker_of_task
#define worker_self             leash_rt_worker_self
/* clang-format on */

#endif
