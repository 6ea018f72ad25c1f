#ifndef SHIPPER_H
#define SHIPPER_H

#define LOG_PORT 9001

/*
 * A process of its own: what comes in at fd 0 (a pipe: the app's output and init's events), line by line, goes to the console
 * within a budget, and, where it is JSON, to the parent's log collector. It never makes the writer wait: without a collector it
 * keeps the newest 256 KiB and tries again. Returns when the pipe has ended and all is sent, or after 2 s more.
 */
void ship_logs(unsigned int parent_cid, int console);

#endif
