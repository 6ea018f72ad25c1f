#include "lines.h"

#include <string.h>

static char at(const struct lines *lines, size_t offset)
{
	return lines->data[(lines->head + offset) % LINES_BYTES];
}

static size_t first_line_bytes(const struct lines *lines)
{
	for (size_t i = 0; i < lines->used; i++) {
		if (at(lines, i) == '\n') {
			return i + 1;
		}
	}
	return lines->used;
}

static void forget_first(struct lines *lines)
{
	size_t length = first_line_bytes(lines);

	lines->head = (lines->head + length) % LINES_BYTES;
	lines->used -= length;
	lines->sent_of_first = 0;
}

void lines_add(struct lines *lines, const char *line, size_t length)
{
	if (length == 0 || length > LINE_MAX_BYTES || line[length - 1] != '\n') {
		lines->dropped++;
		return;
	}
	while (LINES_BYTES - lines->used < length) {
		if (lines->sent_of_first > 0) {
			/* half of it is out: the far end must get the rest, so the new line gives way */
			lines->dropped++;
			return;
		}
		forget_first(lines);
		lines->dropped++;
	}
	for (size_t i = 0; i < length; i++) {
		lines->data[(lines->head + lines->used + i) % LINES_BYTES] = line[i];
	}
	lines->used += length;
}

size_t lines_next(const struct lines *lines, const char **bytes)
{
	size_t from = (lines->head + lines->sent_of_first) % LINES_BYTES;
	size_t left = lines->used - lines->sent_of_first;

	*bytes = lines->data + from;
	return left < LINES_BYTES - from ? left : LINES_BYTES - from;
}

void lines_sent(struct lines *lines, size_t count)
{
	lines->sent_of_first += count;
	while (lines->used > 0) {
		size_t length = first_line_bytes(lines);
		size_t sent = lines->sent_of_first;

		if (sent < length) {
			return;
		}
		forget_first(lines);
		lines->sent_of_first = sent - length;
	}
}

void lines_rewind(struct lines *lines)
{
	lines->sent_of_first = 0;
}

unsigned long lines_take_dropped(struct lines *lines)
{
	unsigned long dropped = lines->dropped;

	lines->dropped = 0;
	return dropped;
}

bool line_is_structured(const char *line, size_t length)
{
	while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r')) {
		length--;
	}
	return length >= 2 && line[0] == '{' && line[length - 1] == '}';
}
