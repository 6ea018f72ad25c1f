/* Events of init: one JSON object a line, to the console and, once there is one, to the pipe of the log shipper. */
#ifndef SAY_H
#define SAY_H

#include <stdnoreturn.h>

/* The pipe to the shipper, or -1. Writing to it never blocks. */
extern int say_pipe;

/* The log collector's context id, once known: give_up sends its event there directly. */
extern unsigned int say_parent_cid;

/* event must be a literal without characters that JSON escapes; fields are further members, already in JSON. */
void say(const char *level, const char *event, const char *fields_format, ...) __attribute__((format(printf, 3, 4)));

/* Cleans a string from outside: keeps letters, digits and -_.:/, replaces the rest by '?'. Returns out. */
const char *say_safe(const char *text, char *out, unsigned long size);

/* Logs why, also to the parent if it listens, and ends the enclave. */
noreturn void give_up(const char *event, const char *fields_format, ...) __attribute__((format(printf, 2, 3)));

#endif
