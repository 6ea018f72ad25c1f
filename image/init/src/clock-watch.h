/* Runs the check of the clock beside the app, and logs when a check did not come to its end. */
#ifndef CLOCK_WATCH_H
#define CLOCK_WATCH_H

#include <sys/types.h>

/*
 * Starts check_clock in a process of its own, as root: an NSM that does not answer must not keep init from its children. Where the last
 * check has not ended, no other is started, and clock_unchecked is logged with the reason "unanswered".
 */
void start_clock_check(void);

/*
 * To be called for every child that ended, with its status from waitpid. Where it was the check and did not end well, clock_unchecked is
 * logged with the reason "ended".
 */
void note_ended_child(pid_t pid, int status);

#endif
