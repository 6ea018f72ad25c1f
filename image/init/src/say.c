#include "say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "power.h"
#include "shipper.h"
#include "vsock.h"

#define LAST_WORDS_TIMEOUT_MS 1000

int say_pipe = -1;
unsigned int say_parent_cid;

static void last_words(const char *line, size_t length)
{
	int fd = say_parent_cid ? vsock_connect(say_parent_cid, LOG_PORT, 0, LAST_WORDS_TIMEOUT_MS) : -1;
	char end;

	if (fd < 0) {
		return;
	}
	if (write(fd, line, length) == (ssize_t)length && shutdown(fd, SHUT_WR) == 0 && read(fd, &end, 1) < 0) {
		/* wait until the collector closes, at most a second: a reset discards unsent bytes */
	}
	close(fd);
}

static void write_line(bool last, const char *level, const char *event, const char *format, va_list args)
{
	char line[1024];
	struct timespec now;
	int n;

	clock_gettime(CLOCK_REALTIME, &now);
	n = snprintf(line, sizeof(line), "{\"level\":\"%s\",\"time\":%lld,\"source\":\"init\",\"event\":\"%s\"", level,
		     (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, event);
	if (*format) {
		line[n++] = ',';
		n += vsnprintf(line + n, sizeof(line) - (size_t)n, format, args);
	}
	if (n > (int)sizeof(line) - 3) {
		return; /* init's formats are far shorter */
	}
	line[n++] = '}';
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)n) < 0) {
		/* a missing console must not stop the enclave */
	}
	if (say_pipe >= 0 && write(say_pipe, line, (size_t)n) < 0) {
		/* the same: the pipe does not block */
	}
	if (last) {
		last_words(line, (size_t)n);
	}
}

void say(const char *level, const char *event, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(false, level, event, format, args);
	va_end(args);
}

const char *say_safe(const char *text, char *out, unsigned long size)
{
	static const char keep[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/";
	unsigned long i;

	for (i = 0; i + 1 < size && text[i]; i++) {
		out[i] = strchr(keep, text[i]) ? text[i] : '?';
	}
	out[i] = '\0';
	return out;
}

noreturn void give_up(const char *event, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(true, "fatal", event, format, args);
	va_end(args);
	end_enclave();
}
