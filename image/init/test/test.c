/* Run by each build of init, with the compiler that builds it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/cmdline.h"
#include "../src/lines.h"

static int failed;
#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			failed = 1; \
		} \
	} while (0)

static void the_parent_is_3_unless_told_2(void)
{
	CHECK(parent_cid_of("") == 3);
	CHECK(parent_cid_of("reboot=k console=ttyS0\n") == 3);
	CHECK(parent_cid_of("a parent_cid=2 b") == 2);
	CHECK(parent_cid_of("parent_cid=3 parent_cid=2\n") == 2);
	CHECK(parent_cid_of("parent_cid=2 parent_cid=3") == 3);
	CHECK(parent_cid_of("xparent_cid=2 parent_cid2") == 3);
}

static void nobody_else_is_the_parent(void)
{
	CHECK(parent_cid_of("parent_cid=") == -1);
	CHECK(parent_cid_of("parent_cid=4") == -1);
	CHECK(parent_cid_of("parent_cid=16 parent_cid=2") == -1);
	CHECK(parent_cid_of("parent_cid=2x") == -1);
	CHECK(parent_cid_of("parent_cid=-1") == -1);
	CHECK(parent_cid_of("parent_cid=22222222222222222222222") == -1);
}

static size_t drain(struct lines *lines, char *out, size_t most, size_t step)
{
	size_t total = 0, n;
	const char *bytes;

	while ((n = lines_next(lines, &bytes)) > 0 && total < most) {
		n = n < step ? n : step;
		memcpy(out + total, bytes, n);
		total += n;
		lines_sent(lines, n);
	}
	return total;
}

static void lines_come_out_as_they_went_in(void)
{
	struct lines *lines = calloc(1, sizeof(*lines));
	char out[64];

	lines_add(lines, "{\"a\":1}\n", 8);
	lines_add(lines, "{\"b\":2}\n", 8);
	CHECK(drain(lines, out, sizeof(out), 3) == 16);
	CHECK(memcmp(out, "{\"a\":1}\n{\"b\":2}\n", 16) == 0);
	CHECK(lines_take_dropped(lines) == 0);
	free(lines);
}

static void a_half_sent_line_is_sent_whole_to_the_next_collector(void)
{
	struct lines *lines = calloc(1, sizeof(*lines));
	const char *bytes;
	char out[64];

	lines_add(lines, "one\n", 4);
	lines_add(lines, "two\n", 4);
	CHECK(lines_next(lines, &bytes) == 8);
	lines_sent(lines, 6);
	lines_rewind(lines);
	CHECK(drain(lines, out, sizeof(out), 100) == 4);
	CHECK(memcmp(out, "two\n", 4) == 0);
	free(lines);
}

static void the_newest_lines_stay_and_the_rest_are_counted(void)
{
	struct lines *lines = calloc(1, sizeof(*lines));
	char *out = malloc(2 * LINES_BYTES);
	char line[101];
	size_t total;
	unsigned long dropped;
	int i;

	for (i = 0; i < 5000; i++) {
		snprintf(line, sizeof(line), "%099d\n", i);
		lines_add(lines, line, 100);
	}
	total = drain(lines, out, 2 * LINES_BYTES, 4096);
	dropped = lines_take_dropped(lines);
	CHECK(total <= LINES_BYTES && total > LINES_BYTES - 200);
	CHECK(total % 100 == 0 && dropped == 5000 - total / 100);
	CHECK(memcmp(out + total - 100, line, 100) == 0);
	CHECK(atoi(out) == (int)dropped);
	CHECK(lines_take_dropped(lines) == 0);
	free(out);
	free(lines);
}

static void a_half_sent_line_is_never_torn_by_newer_ones(void)
{
	struct lines *lines = calloc(1, sizeof(*lines));
	char line[101];
	char *out = malloc(2 * LINES_BYTES);
	const char *bytes;
	size_t total;

	snprintf(line, sizeof(line), "%099d\n", 0);
	lines_add(lines, line, 100);
	CHECK(lines_next(lines, &bytes) == 100);
	lines_sent(lines, 40);
	for (int i = 1; i < 5000; i++) {
		snprintf(line, sizeof(line), "%099d\n", i);
		lines_add(lines, line, 100);
	}
	CHECK(lines_take_dropped(lines) > 0);
	total = drain(lines, out, 2 * LINES_BYTES, 4096);
	CHECK(out[59] == '\n' && (total - 60) % 100 == 0);
	CHECK(memcmp(out + total - 100, line, 100) == 0);
	free(out);
	free(lines);
}

static void what_is_no_line_is_dropped(void)
{
	struct lines *lines = calloc(1, sizeof(*lines));
	char *big = malloc(LINE_MAX_BYTES + 1);
	const char *bytes;

	memset(big, 'x', LINE_MAX_BYTES + 1);
	big[LINE_MAX_BYTES] = '\n';
	lines_add(lines, big, LINE_MAX_BYTES + 1);
	lines_add(lines, "", 0);
	lines_add(lines, "no newline", 10);
	CHECK(lines_next(lines, &bytes) == 0);
	CHECK(lines_take_dropped(lines) == 3);
	free(big);
	free(lines);
}

static void only_objects_are_structured(void)
{
	CHECK(line_is_structured("{}\n", 3));
	CHECK(line_is_structured("{\"a\":1}\r\n", 9));
	CHECK(!line_is_structured("Error: something\n", 17));
	CHECK(!line_is_structured("{ torn\n", 7));
	CHECK(!line_is_structured("\n", 1));
	CHECK(!line_is_structured("", 0));
	CHECK(!line_is_structured("}\n", 2));
}

int main(void)
{
	the_parent_is_3_unless_told_2();
	nobody_else_is_the_parent();
	lines_come_out_as_they_went_in();
	a_half_sent_line_is_sent_whole_to_the_next_collector();
	the_newest_lines_stay_and_the_rest_are_counted();
	a_half_sent_line_is_never_torn_by_newer_ones();
	what_is_no_line_is_dropped();
	only_objects_are_structured();
	return failed;
}
