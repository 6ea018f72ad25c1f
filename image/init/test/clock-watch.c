/* Run by each build of init: checks of the clock that end well, that end by a signal or a status, and that never end. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../src/clock-watch.h"
#include "../src/clock.h"
#include "../src/say.h"

static int failed;
#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			failed = 1; \
		} \
	} while (0)

static enum { ENDS, DIES, EXITS, HANGS } check;
/* HANGS lasts until the test closes the writing end. */
static int gate[2];
static char logged[256];

void check_clock(void)
{
	char byte;

	if (check == DIES) {
		kill(getpid(), SIGKILL);
	} else if (check == EXITS) {
		_exit(3);
	} else if (check == HANGS) {
		close(gate[1]);
		while (read(gate[0], &byte, 1) > 0) {
		}
	}
}

void say(const char *level, const char *event, const char *format, ...)
{
	size_t used = strlen(logged);
	va_list args;

	used += (size_t)snprintf(logged + used, sizeof(logged) - used, "%s %s ", level, event);
	va_start(args, format);
	vsnprintf(logged + used, sizeof(logged) - used, format, args);
	va_end(args);
}

static void start(int how)
{
	check = how;
	logged[0] = '\0';
	start_clock_check();
}

/* Waits for the one child there may be. */
static void reap(void)
{
	int status;
	pid_t pid = waitpid(-1, &status, 0);

	CHECK(pid > 0);
	note_ended_child(pid + 1, SIGKILL);
	CHECK(logged[0] == '\0');
	note_ended_child(pid, status);
	CHECK(waitpid(-1, &status, 0) < 0);
}

static void a_check_that_ends_well_is_not_logged(void)
{
	start(ENDS);
	reap();
	CHECK(logged[0] == '\0');
}

static void a_check_that_dies_is_logged(void)
{
	start(DIES);
	reap();
	CHECK(strcmp(logged, "error clock_unchecked \"reason\":\"ended\",\"status\":9") == 0);
	start(EXITS);
	reap();
	CHECK(strcmp(logged, "error clock_unchecked \"reason\":\"ended\",\"status\":768") == 0);
}

static void a_check_that_hangs_is_logged_and_not_joined_by_another(void)
{
	CHECK(pipe(gate) == 0);
	start(HANGS);
	CHECK(logged[0] == '\0');
	for (int i = 0; i < 2; i++) {
		start(HANGS);
		CHECK(strstr(logged, "error clock_unchecked \"reason\":\"unanswered\",\"pid\":") == logged);
	}
	close(gate[1]);
	logged[0] = '\0';
	reap();
	CHECK(logged[0] == '\0');
	start(ENDS);
	reap();
	CHECK(logged[0] == '\0');
}

int main(void)
{
	a_check_that_ends_well_is_not_logged();
	a_check_that_dies_is_logged();
	a_check_that_hangs_is_logged_and_not_joined_by_another();
	return failed;
}
