/* Reads the parent's context id from the kernel's command line. */
#ifndef CMDLINE_H
#define CMDLINE_H

#define PARENT_CID_NITRO 3    /* the parent instance, to a Nitro enclave */
#define PARENT_CID_EMULATOR 2 /* the host, to any other guest */

/*
 * parent_cid= of a command line; the last one counts, because the host that boots the enclave appends it. Returns PARENT_CID_NITRO if
 * there is none and -1 if it is neither 3 nor 2: only these two name the host.
 */
int parent_cid_of(const char *cmdline);

#endif
