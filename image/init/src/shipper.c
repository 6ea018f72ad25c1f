#include "shipper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lines.h"
#include "vsock.h"

#define CONNECT_TIMEOUT_MS 2000
#define BACK_OFF_FIRST_MS 100
#define BACK_OFF_MOST_MS 10000
#define FLUSH_MS 2000

/* A serial console is slow, slower still if it is emulated. It gets a burst and then a few bytes a second, however much the app writes. */
#define CONSOLE_BURST_BYTES (64 * 1024)
#define CONSOLE_BYTES_PER_S 2048

static struct lines lines;
static char input[LINE_MAX_BYTES];
static size_t input_used;
static bool input_too_long;

static int console;
static long long console_budget = CONSOLE_BURST_BYTES, console_at_ms;
static unsigned long console_skipped;

static enum { IDLE, CONNECTING, CONNECTED } state = IDLE;
static int collector = -1;
static long long retry_at_ms;
static int back_off_ms = BACK_OFF_FIRST_MS;

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void to_console(const char *line, size_t length)
{
	long long now = now_ms();

	console_budget += (now - console_at_ms) * CONSOLE_BYTES_PER_S / 1000;
	console_at_ms = now;
	if (console_budget > CONSOLE_BURST_BYTES) {
		console_budget = CONSOLE_BURST_BYTES;
	}
	if (console_budget < (long long)length) {
		console_skipped++;
		return;
	}
	if (console_skipped > 0) {
		char note[96];
		int n = snprintf(note, sizeof(note), "{\"level\":\"warn\",\"source\":\"init\",\"event\":\"console_lines_skipped\",\"count\":%lu}\n", console_skipped);

		console_skipped = 0;
		if (write(console, note, (size_t)n) < 0) {
			return;
		}
	}
	console_budget -= (long long)length;
	if (write(console, line, length) < 0) {
		/* the shipper cannot repair a console */
	}
}

static void event_line(const char *level, const char *event, const char *member, unsigned long value)
{
	char line[192];
	struct timespec now;
	int n;

	clock_gettime(CLOCK_REALTIME, &now);
	n = snprintf(line, sizeof(line), "{\"level\":\"%s\",\"time\":%lld,\"source\":\"init\",\"event\":\"%s\",\"%s\":%lu}\n", level,
		     (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, event, member, value);
	lines_add(&lines, line, (size_t)n);
}

static void take_line(const char *line, size_t length)
{
	/* init has already written its own events to the console */
	if (strncmp(line, "{\"level\":", 9) != 0 || !memmem(line, length, "\"source\":\"init\"", 15)) {
		to_console(line, length);
	}
	if (line_is_structured(line, length)) {
		lines_add(&lines, line, length);
	} else if (length > 1) {
		/* the text of a crash may quote a message: the parent learns only that there was a line */
		event_line("warn", "unstructured_line", "bytes", length);
	}
}

/* Returns false at the end of the pipe. */
static bool read_input(void)
{
	ssize_t n = read(0, input + input_used, sizeof(input) - input_used);
	size_t start = 0;

	if (n < 0) {
		return errno == EINTR || errno == EAGAIN;
	}
	if (n == 0) {
		return false;
	}
	input_used += (size_t)n;
	for (char *end; (end = memchr(input + start, '\n', input_used - start)) != NULL;) {
		size_t length = (size_t)(end - (input + start)) + 1;

		if (input_too_long) {
			input_too_long = false;
		} else {
			take_line(input + start, length);
		}
		start += length;
	}
	memmove(input, input + start, input_used - start);
	input_used -= start;
	if (input_used == sizeof(input)) {
		if (!input_too_long) {
			event_line("warn", "line_too_long", "moreThanBytes", sizeof(input));
		}
		input_too_long = true;
		input_used = 0;
	}
	return true;
}

static void disconnect(void)
{
	if (collector >= 0) {
		close(collector);
	}
	collector = -1;
	state = IDLE;
	lines_rewind(&lines);
	retry_at_ms = now_ms() + back_off_ms;
	back_off_ms = back_off_ms * 2 < BACK_OFF_MOST_MS ? back_off_ms * 2 : BACK_OFF_MOST_MS;
}

static void start_connecting(unsigned int parent_cid)
{
	collector = vsock_connect(parent_cid, LOG_PORT, SOCK_NONBLOCK, CONNECT_TIMEOUT_MS);
	state = CONNECTING;
	if (collector < 0) {
		disconnect();
	}
}

static void finish_connecting(void)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(collector, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error != 0) {
		disconnect();
		return;
	}
	state = CONNECTED;
	back_off_ms = BACK_OFF_FIRST_MS;
}

/* Written only when the buffer is empty: before, the note itself could be dropped. */
static void tell_dropped(void)
{
	const char *bytes;
	unsigned long dropped;

	if (lines_next(&lines, &bytes) == 0 && (dropped = lines_take_dropped(&lines)) > 0) {
		event_line("warn", "log_lines_dropped", "count", dropped);
	}
}

static void send_lines(void)
{
	const char *bytes;
	size_t length = lines_next(&lines, &bytes);
	ssize_t n;

	if (length == 0) {
		return;
	}
	n = send(collector, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0) {
		lines_sent(&lines, (size_t)n);
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		disconnect();
	}
}

/* Detects a collector that closed the connection; ignores what it sends. */
static void hear_collector(void)
{
	char ignored[256];
	ssize_t n = recv(collector, ignored, sizeof(ignored), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		disconnect();
	}
}

void ship_logs(unsigned int parent_cid, int console_fd)
{
	bool open = true;
	long long give_up_at_ms = 0;

	console = console_fd;
	console_at_ms = now_ms();
	for (;;) {
		const char *bytes;
		bool waiting = lines_next(&lines, &bytes) > 0;
		struct pollfd fds[2] = { { .fd = open ? 0 : -1, .events = POLLIN }, { .fd = -1 } };
		long long now = now_ms();
		int timeout = -1;

		if (!open && (!waiting || now >= give_up_at_ms)) {
			return;
		}
		if (state == IDLE && waiting && now >= retry_at_ms) {
			start_connecting(parent_cid);
		}
		if (state == IDLE && waiting) {
			timeout = retry_at_ms > now ? (int)(retry_at_ms - now) : 0;
		} else if (state == CONNECTING) {
			fds[1] = (struct pollfd){ .fd = collector, .events = POLLOUT };
		} else if (state == CONNECTED) {
			fds[1] = (struct pollfd){ .fd = collector, .events = (short)(POLLIN | (waiting ? POLLOUT : 0)) };
		}
		if (!open && (timeout < 0 || timeout > give_up_at_ms - now)) {
			timeout = (int)(give_up_at_ms - now);
		}
		if (poll(fds, 2, timeout) < 0 && errno != EINTR) {
			return;
		}
		if (fds[0].revents && open && !read_input()) {
			open = false;
			give_up_at_ms = now_ms() + FLUSH_MS;
		}
		if (!fds[1].revents || fds[1].fd != collector) {
			continue;
		}
		if (state == CONNECTING) {
			finish_connecting();
			continue;
		}
		if (fds[1].revents & POLLOUT) {
			send_lines();
			tell_dropped();
		}
		if (state == CONNECTED && (fds[1].revents & (POLLIN | POLLHUP | POLLERR))) {
			hear_collector();
		}
	}
}
