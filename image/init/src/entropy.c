#include "entropy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "say.h"
#include "system.h"

#define SOURCE "nsm-hwrng"
#define SEED_BYTES 64

static void read_all(int fd, unsigned char *out, size_t size)
{
	for (size_t got = 0; got < size;) {
		ssize_t n = read(fd, out + got, size - got);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			give_up("no_entropy", "\"rng\":\"" SOURCE "\",\"errno\":%d", n < 0 ? errno : 0);
		}
		got += (size_t)n;
	}
}

static bool repeats(const unsigned char *bytes, size_t size)
{
	for (size_t i = 1; i < size; i++) {
		if (bytes[i] != bytes[0]) {
			return false;
		}
	}
	return true;
}

void seed_from_nsm(void)
{
	struct {
		struct rand_pool_info info; /* ends with a flexible array, whose bytes are the next member */
		unsigned char bytes[SEED_BYTES];
	} seed;
	unsigned char again[SEED_BYTES], probe;
	char current[64], safe[64];
	int hwrng, random;

	if (read_word("/sys/class/misc/hw_random/rng_current", current, sizeof(current)) < 0 || strcmp(current, SOURCE) != 0) {
		give_up("wrong_entropy_source", "\"rng\":\"%s\"", say_safe(current, safe, sizeof(safe)));
	}
	hwrng = open("/dev/hwrng", O_RDONLY | O_CLOEXEC);
	random = open("/dev/random", O_RDWR | O_CLOEXEC);
	if (hwrng < 0 || random < 0) {
		give_up("no_entropy", "\"errno\":%d", errno);
	}
	read_all(hwrng, seed.bytes, SEED_BYTES);
	read_all(hwrng, again, SEED_BYTES);
	if (repeats(seed.bytes, SEED_BYTES) || memcmp(seed.bytes, again, SEED_BYTES) == 0) {
		give_up("broken_entropy", "\"rng\":\"" SOURCE "\"");
	}
	seed.info.entropy_count = SEED_BYTES * 8;
	seed.info.buf_size = SEED_BYTES;
	if (ioctl(random, RNDADDENTROPY, &seed) < 0 || ioctl(random, RNDRESEEDCRNG) < 0) {
		give_up("no_entropy", "\"errno\":%d", errno);
	}
	explicit_bzero(&seed, sizeof(seed));
	explicit_bzero(again, sizeof(again));
	if (getrandom(&probe, 1, GRND_NONBLOCK) != 1) {
		give_up("no_entropy", "\"errno\":%d", errno);
	}
	close(hwrng);
	close(random);
	say("info", "entropy", "\"rng\":\"" SOURCE "\",\"seededBytes\":%d", SEED_BYTES);
}
