#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "attested-time.h"
#include "say.h"
#include "system.h"

#define SLEW_BELOW_MS 1000
#define WARN_FROM_MS 5000

/* From linux/nsm.h of Linux 6.8: Debian's headers are older. */
struct nsm_buffer {
	uint64_t address, length;
};
struct nsm_raw {
	struct nsm_buffer request, response;
};
#define NSM_IOCTL_RAW _IOWR(0x0A, 0, struct nsm_raw)
#define NSM_RESPONSE_BYTES 0x3000

/* {"Attestation": {"user_data": null, "nonce": null, "public_key": null}} */
static const unsigned char request[] = "\xa1\x6b"
				       "Attestation"
				       "\xa3\x69"
				       "user_data"
				       "\xf6\x65"
				       "nonce"
				       "\xf6\x6a"
				       "public_key"
				       "\xf6";
#define REQUEST_BYTES (sizeof(request) - 1)

struct reading {
	/* NULL, or what failed */
	const char *failed;
	int error;
	int64_t attested_ms, clock_ms, took_ms;
};

static int64_t now_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct reading read_attested_time(void)
{
	static unsigned char answer[NSM_RESPONSE_BYTES];
	struct nsm_raw message = {
		.request = { .address = (uintptr_t)request, .length = REQUEST_BYTES },
		.response = { .address = (uintptr_t)answer, .length = sizeof(answer) },
	};
	struct reading reading = { 0 };
	int64_t started_ms = now_ms(CLOCK_MONOTONIC);
	int fd = open("/dev/nsm", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, NSM_IOCTL_RAW, &message) < 0) {
		reading.failed = "device";
		reading.error = errno;
	}
	if (fd >= 0) {
		close(fd);
	}
	reading.clock_ms = now_ms(CLOCK_REALTIME);
	reading.took_ms = now_ms(CLOCK_MONOTONIC) - started_ms + 1;
	if (reading.failed) {
		return reading;
	}
	if (message.response.length > sizeof(answer) || !attested_time_ms(answer, message.response.length, &reading.attested_ms)) {
		reading.failed = "answer";
	} else if (!is_plausible_time(reading.attested_ms)) {
		reading.failed = "range";
	}
	return reading;
}

static bool step(int64_t by_ms)
{
	int64_t to_ms = now_ms(CLOCK_REALTIME) + by_ms;
	struct timespec to = { .tv_sec = to_ms / 1000, .tv_nsec = (long)(to_ms % 1000) * 1000000 };

	return clock_settime(CLOCK_REALTIME, &to) == 0;
}

/* Slews at most half a millisecond per second: correcting a second takes 34 minutes, less than the time to the next reading. */
static bool slew(int64_t by_ms)
{
	struct timeval by = { .tv_sec = 0, .tv_usec = (suseconds_t)by_ms * 1000 };

	return adjtime(&by, NULL) == 0;
}

/* Corrects the clock and logs by how much. Returns false if it could not be set. */
static bool correct(const struct reading *reading, bool running)
{
	int64_t by_ms = clock_correction_ms(reading->attested_ms, reading->clock_ms, reading->took_ms);
	bool slewed = running && llabs(by_ms) < SLEW_BELOW_MS;

	if (by_ms != 0 && !(slewed ? slew(by_ms) : step(by_ms))) {
		return false;
	}
	say(llabs(by_ms) >= WARN_FROM_MS ? "warn" : "info", "clock_checked",
	    "\"differenceMs\":%lld,\"correctedMs\":%lld,\"correction\":\"%s\",\"tookMs\":%lld",
	    (long long)(reading->attested_ms - reading->clock_ms), (long long)by_ms, by_ms == 0 ? "none" : slewed ? "slewed" : "stepped",
	    (long long)reading->took_ms);
	return true;
}

void say_clock_source(void)
{
	static const char *const steady[] = { "kvm-clock", "tsc", "arch_sys_counter" };
	char source[64], safe_source[64], rtc[64], safe_rtc[64], ptp[64];
	const char *level = "warn";

	read_word("/sys/devices/system/clocksource/clocksource0/current_clocksource", source, sizeof(source));
	for (unsigned int i = 0; i < sizeof(steady) / sizeof(*steady); i++) {
		if (strcmp(source, steady[i]) == 0) {
			level = "info";
		}
	}
	read_word("/sys/class/rtc/rtc0/name", rtc, sizeof(rtc));
	read_word("/sys/class/ptp/ptp0/clock_name", ptp, sizeof(ptp));
	say(level, "clock", "\"clocksource\":\"%s\",\"rtc\":\"%s\",\"hypervisorClock\":%s", say_safe(source, safe_source, sizeof(safe_source)),
	    *rtc ? say_safe(rtc, safe_rtc, sizeof(safe_rtc)) : "none", *ptp ? "true" : "false");
}

void set_clock(void)
{
	struct reading reading = read_attested_time();

	if (reading.failed) {
		give_up("no_attested_time", "\"reason\":\"%s\",\"errno\":%d,\"attestedMs\":%lld", reading.failed, reading.error,
			(long long)reading.attested_ms);
	}
	if (!correct(&reading, false)) {
		give_up("clock_not_set", "\"errno\":%d", errno);
	}
}

void check_clock(void)
{
	struct reading reading = read_attested_time();

	if (reading.failed) {
		say("error", "clock_unchecked", "\"reason\":\"%s\",\"errno\":%d,\"attestedMs\":%lld", reading.failed, reading.error,
		    (long long)reading.attested_ms);
	} else if (!correct(&reading, true)) {
		say("error", "clock_not_set", "\"errno\":%d", errno);
	}
}
