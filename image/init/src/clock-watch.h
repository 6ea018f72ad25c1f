/* Checks the clock while the app runs, and logs if a check did not finish. */
#ifndef CLOCK_WATCH_H
#define CLOCK_WATCH_H

#include <sys/types.h>

/*
 * Starts check_clock in a separate process, as root: an NSM that does not answer must not stop init from reaping its children. If the
 * last check is still running, this logs clock_unchecked with the reason "unanswered" and starts no other.
 */
void start_clock_check(void);

/*
 * Call this for every child that ended, with its status from waitpid. If it was the check and it failed, this logs clock_unchecked with
 * the reason "ended".
 */
void note_ended_child(pid_t pid, int status);

#endif
