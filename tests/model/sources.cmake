# Library sources that the model executable compiles itself, with the model's atomics, relative to the root.
# The functions of base that models need are in hooks.cpp: a failed check becomes a failed execution.
set(BIFILAR_MODEL_SOURCES common/src/time/deadline_alarm.cpp common/src/sync/notify.cpp common/src/sync/permits.cpp common/src/task/task_label.cpp common/src/time/timer_queue.cpp)
