#ifndef SHIPPER_H
#define SHIPPER_H

#define LOG_PORT 9001

/*
 * Runs in a separate process. Copies each line from fd 0 (a pipe with the app's output and init's events) to the console, within a
 * budget, and JSON lines also to the parent's log collector. It never makes the writer wait: without a collector it keeps the newest
 * 256 KiB and tries again. Returns when the pipe has ended and all is sent, or 2 s after the pipe's end.
 */
void ship_logs(unsigned int parent_cid, int console);

#endif
