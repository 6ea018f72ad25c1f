#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * For a child, before it becomes what it shall be: no core dumps, no capabilities and no way back to any, no new privileges,
 * no user but this one. Exits with 126 when one of these cannot be had.
 */
void drop_privileges(uid_t uid, gid_t gid);

/* System calls that neither Node nor the shipper needs, refused with EPERM. Exits with 126 when it cannot be had. */
void refuse_system_calls(void);

#endif
