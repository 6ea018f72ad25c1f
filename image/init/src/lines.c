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

static void remove_first(struct lines *lines, size_t length)
{
	lines->head = (lines->head + length) % LINES_BYTES;
	lines->used -= length;
}

void lines_add(struct lines *lines, const char *line, size_t length)
{
	if (length == 0 || length > LINE_MAX_BYTES || line[length - 1] != '\n') {
		lines->dropped++;
		return;
	}
	while (LINES_BYTES - lines->used < length) {
		remove_first(lines, first_line_bytes(lines));
		lines->dropped++;
	}
	for (size_t i = 0; i < length; i++) {
		lines->data[(lines->head + lines->used + i) % LINES_BYTES] = line[i];
	}
	lines->used += length;
}

static void take_lines(struct lines *lines)
{
	lines->leaving_used = 0;
	lines->leaving_sent = 0;
	while (lines->used > 0) {
		size_t length = first_line_bytes(lines);

		if (length > LINE_MAX_BYTES - lines->leaving_used) {
			return;
		}
		for (size_t i = 0; i < length; i++) {
			lines->leaving[lines->leaving_used + i] = at(lines, i);
		}
		lines->leaving_used += length;
		remove_first(lines, length);
	}
}

size_t lines_next(struct lines *lines, const char **bytes)
{
	if (lines->leaving_sent == lines->leaving_used) {
		take_lines(lines);
	}
	*bytes = lines->leaving + lines->leaving_sent;
	return lines->leaving_used - lines->leaving_sent;
}

void lines_sent(struct lines *lines, size_t count)
{
	lines->leaving_sent += count;
}

void lines_rewind(struct lines *lines)
{
	if (lines->leaving_sent == lines->leaving_used) {
		return;
	}
	while (lines->leaving_sent > 0 && lines->leaving[lines->leaving_sent - 1] != '\n') {
		lines->leaving_sent--;
	}
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
