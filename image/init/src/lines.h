/* Log lines that wait to be sent to the parent: a bounded buffer that drops the oldest whole lines first and counts them. */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>

#define LINES_BYTES (256 * 1024)
#define LINE_MAX_BYTES (16 * 1024)

struct lines {
	char data[LINES_BYTES];        /* a ring of whole lines, each with its newline */
	size_t head, used;
	char leaving[LINE_MAX_BYTES];  /* whole lines taken out of the ring: one that may be half sent is not dropped */
	size_t leaving_used, leaving_sent;
	unsigned long dropped;         /* lines dropped since lines_take_dropped */
};

/* Adds a line, with its newline; one longer than LINE_MAX_BYTES is dropped. */
void lines_add(struct lines *lines, const char *line, size_t length);

/* The next bytes to send; 0 if there are none. Returns the same bytes until lines_sent or lines_rewind. */
size_t lines_next(struct lines *lines, const char **bytes);
void lines_sent(struct lines *lines, size_t count);

/* Call when a connection has ended: a half-sent line is sent again as a whole on the next one. */
void lines_rewind(struct lines *lines);

unsigned long lines_take_dropped(struct lines *lines);

/*
 * True if the line looks like a JSON object: first byte '{', last '}'. Other lines go only to the console, since they may contain anything.
 */
bool line_is_structured(const char *line, size_t length);

#endif
