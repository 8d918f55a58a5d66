# Library sources that the model executable compiles itself, with the model's atomics, relative to the root.
# The functions of base that models need are in hooks.cpp: a failed check becomes a failed execution. What the scheduler
# asks of the machine is in platform.cpp.
set(BIFILAR_MODEL_SOURCES common/src/time/deadline_alarm.cpp common/src/sync/notify.cpp common/src/sync/permits.cpp common/src/task/task_label.cpp common/src/time/timer_queue.cpp)
foreach(name blocking_pool calling_thread deadlock join_watch scheduler scheduler_simulated simulated_clock task_record time_keeper tuning visits worker worker_metrics worker_nesting worker_search worker_simulated worker_sleep worker_tick)
  list(APPEND BIFILAR_MODEL_SOURCES common/src/sched/${name}.cpp)
endforeach()
list(APPEND BIFILAR_MODEL_SOURCES common/src/base/baton.cpp common/src/base/decisions.cpp common/src/base/fork_count.cpp common/src/task/task_description.cpp common/src/time/local_store.cpp)
