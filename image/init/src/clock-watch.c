#include "clock-watch.h"

#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "clock.h"
#include "say.h"

static pid_t running = -1;

void start_clock_check(void)
{
	if (running > 0) {
		say("error", "clock_unchecked", "\"reason\":\"unanswered\",\"pid\":%d", running);
		return;
	}
	running = fork();
	if (running == 0) {
		prctl(PR_SET_NAME, "clock");
		check_clock();
		_exit(0);
	}
	if (running < 0) {
		say("error", "clock_unchecked", "\"reason\":\"process\",\"errno\":%d", errno);
	}
}

void note_ended_child(pid_t pid, int status)
{
	if (pid != running) {
		return;
	}
	running = -1;
	if (status != 0) {
		say("error", "clock_unchecked", "\"reason\":\"ended\",\"status\":%d", status);
	}
}
