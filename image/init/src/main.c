/* The first process of the enclave. README.md lists its steps and the reasons. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock-watch.h"
#include "clock.h"
#include "cmdline.h"
#include "entropy.h"
#include "power.h"
#include "sandbox.h"
#include "say.h"
#include "shipper.h"
#include "system.h"
#include "vsock.h"

#define SHIPPER_RESTARTS 10
#define FLUSH_SECONDS 3
#define STOP_SECONDS 15

static char *const app_arguments[] = {
	"/usr/bin/node",
	"--disable-sigusr1", /* SIGUSR1 would start Node's debugger */
	"/app/main.js",
	NULL,
};
static char *const app_environment[] = { "PATH=/usr/bin", "HOME=/tmp", NULL };

static int log_read, log_write, console;
static unsigned int parent_cid;

static void open_console(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int opened = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);

	/* above the file descriptors that are assigned next */
	console = fcntl(opened < 0 ? null : opened, F_DUPFD_CLOEXEC, 10);
	dup2(null, STDIN_FILENO);
	dup2(console, STDOUT_FILENO);
	dup2(console, STDERR_FILENO);
}

static void find_parent(void)
{
	char cmdline[4096];
	int cid;

	if (read_word("/proc/cmdline", cmdline, sizeof(cmdline)) < 0) {
		give_up("no_command_line", "\"errno\":%d", errno);
	}
	cid = parent_cid_of(cmdline);
	if (cid < 0) {
		give_up("bad_parent_cid", "\"allowed\":\"2 or 3\"");
	}
	parent_cid = (unsigned int)cid;
	say_parent_cid = parent_cid;
}

/* Tells the app the parent's context id in a file that only init can write. */
static void tell_parent_cid(void)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u\n", parent_cid);
	int fd = -1;

	if (mkdir("/run/enclave", 0755) == 0) {
		fd = open("/run/enclave/parent-cid", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	}
	if (fd < 0 || write(fd, text, (size_t)length) != length) {
		give_up("run_not_writable", "\"errno\":%d", errno);
	}
	close(fd);
}

static void unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static pid_t start_shipper(void)
{
	pid_t pid = fork();

	if (pid != 0) {
		return pid;
	}
	unblock_signals();
	prctl(PR_SET_NAME, "log-shipper");
	dup2(log_read, STDIN_FILENO);
	close(log_read);
	close(log_write);
	say_pipe = -1;
	drop_privileges(SHIPPER_UID, SHIPPER_GID);
	refuse_system_calls();
	ship_logs(parent_cid, console);
	_exit(0);
}

static pid_t start_app(void)
{
	char own_end[32];
	int output;
	pid_t pid = fork();

	if (pid != 0) {
		return pid;
	}
	unblock_signals();
	setsid();
	/* opened again, because init's end does not block and the app's must */
	snprintf(own_end, sizeof(own_end), "/proc/self/fd/%d", log_write);
	output = open(own_end, O_WRONLY | O_CLOEXEC);
	if (output < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0) {
		_exit(125);
	}
	if (chdir("/app") < 0) {
		say("fatal", "no_app", "\"errno\":%d", errno);
		_exit(125);
	}
	drop_privileges(APP_UID, APP_GID);
	refuse_system_calls();
	execve(app_arguments[0], app_arguments, app_environment);
	say("fatal", "app_not_started", "\"errno\":%d", errno);
	_exit(127);
}

static time_t uptime_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static int open_log_pipe(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -1;
	}
	log_read = ends[0];
	log_write = ends[1];
	/* init's own events must not wait for the shipper */
	return fcntl(log_write, F_SETFL, O_NONBLOCK);
}

/* Waits until the app has ended. Meanwhile reaps other children, restarts the shipper, and checks the clock every hour. */
static int wait_for_app(pid_t app, pid_t *shipper)
{
	sigset_t waited;
	time_t clock_check_at = uptime_seconds() + CLOCK_CHECK_SECONDS;
	int restarts = 0;
	bool stopping = false;

	sigemptyset(&waited);
	sigaddset(&waited, SIGCHLD);
	sigaddset(&waited, SIGTERM);
	sigaddset(&waited, SIGINT);
	for (;;) {
		time_t now = uptime_seconds();
		struct timespec patience = { .tv_sec = stopping ? STOP_SECONDS : clock_check_at > now ? clock_check_at - now : 0 };
		int signal = sigtimedwait(&waited, NULL, &patience);
		int status;
		pid_t pid;

		if (signal == SIGTERM || signal == SIGINT) {
			say("info", "stopping", "\"signal\":%d", signal);
			stopping = true;
			kill(app, SIGTERM);
		} else if (signal < 0 && errno == EAGAIN && stopping) {
			kill(app, SIGKILL);
		}
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			if (pid == app) {
				return status;
			}
			if (pid == *shipper && restarts++ < SHIPPER_RESTARTS) {
				say("error", "log_shipper_ended", "\"status\":%d", status);
				*shipper = start_shipper();
			}
			note_ended_child(pid, status);
		}
		if (!stopping && uptime_seconds() >= clock_check_at) {
			clock_check_at = uptime_seconds() + CLOCK_CHECK_SECONDS;
			start_clock_check();
		}
	}
}

static void flush_logs(pid_t shipper)
{
	struct timespec patience = { .tv_sec = FLUSH_SECONDS };
	sigset_t child;

	say_pipe = -1;
	close(log_write);
	close(log_read);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (waitpid(shipper, NULL, WNOHANG) == 0) {
		if (sigtimedwait(&child, NULL, &patience) < 0 && errno == EAGAIN) {
			return;
		}
	}
}

int main(void)
{
	sigset_t all;
	pid_t shipper, app;
	int status;

	if (getpid() != 1) {
		return 1;
	}
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	umask(022);
	mount_file_systems();
	open_console();
	/* buffers init's events until the shipper reads them */
	if (open_log_pipe() < 0) {
		give_up("no_pipe", "\"errno\":%d", errno);
	}
	say_pipe = log_write;
	find_parent();
	seed_from_nsm();
	hand_over_nsm();
	say_clock_source();
	set_clock();
	raise_loopback();
	harden_kernel_settings();
	/* after every step that can end the enclave, so that nitro-cli reports such an enclave as not started */
	send_heartbeat(parent_cid);
	tell_parent_cid();
	shipper = start_shipper();
	app = start_app();
	if (shipper < 0 || app < 0) {
		give_up("no_process", "\"errno\":%d", errno);
	}
	say("info", "app_started", "\"pid\":%d,\"uid\":%d", app, APP_UID);
	status = wait_for_app(app, &shipper);
	say(WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "info" : "error", "app_ended", "\"%s\":%d", WIFEXITED(status) ? "exitCode" : "signal",
	    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	flush_logs(shipper);
	end_enclave();
}
