/* Events of init: one JSON object a line, to the console and, once there is one, to the pipe of the log shipper. */
#ifndef SAY_H
#define SAY_H

#include <stdnoreturn.h>

/* The pipe to the shipper, or -1; never waited for. */
extern int say_pipe;

/* Where the log collector is, once it is known: what makes us give up is the one thing that is sent there directly. */
extern unsigned int say_parent_cid;

/* event and note are literals of ours without characters that JSON escapes; fields come as further members, ready-made. */
void say(const char *level, const char *event, const char *fields_format, ...) __attribute__((format(printf, 3, 4)));

/* For a string that came from outside: letters, digits and -_.:/ stay, the rest becomes '?'. Returns out. */
const char *say_safe(const char *text, char *out, unsigned long size);

/* Says why, to the parent too where it listens, and ends the enclave. */
noreturn void give_up(const char *event, const char *fields_format, ...) __attribute__((format(printf, 2, 3)));

#endif
