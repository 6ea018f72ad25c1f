/* What init reads from the kernel's command line: the parent's context id. */
#ifndef CMDLINE_H
#define CMDLINE_H

#define PARENT_CID_NITRO 3    /* the parent instance, to a Nitro enclave */
#define PARENT_CID_EMULATOR 2 /* the host, to any other guest */

/*
 * parent_cid= of a command line; the last one counts, since the host that boots us appends it. Returns PARENT_CID_NITRO when there is none
 * and -1 when it is neither 3 nor 2: both are the machine that boots us, nothing else may be.
 */
int parent_cid_of(const char *cmdline);

#endif
