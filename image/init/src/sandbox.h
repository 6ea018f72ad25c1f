#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Call in a child before exec: no core dumps, no capabilities and no way to regain any, no new privileges, only this user.
 * Exits with 126 if one of these cannot be set.
 */
void drop_privileges(uid_t uid, gid_t gid);

/* Refuses with EPERM system calls that neither Node nor the shipper needs. Exits with 126 if the filter cannot be set. */
void refuse_system_calls(void);

#endif
