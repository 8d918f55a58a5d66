# Library sources that the model executable compiles itself, with the model's atomics, relative to the root.
# The functions of base that models need are in hooks.cpp: a failed check becomes a failed execution.
set(BIFILAR_MODEL_SOURCES common/src/deadline_alarm.cpp common/src/notify.cpp common/src/pages.cpp common/src/permits.cpp common/src/task_label.cpp common/src/thread_state.cpp common/src/timer_queue.cpp)
