#ifndef POWER_H
#define POWER_H

#include <stdnoreturn.h>

/* Ends the virtual machine, so that the parent sees the enclave gone. */
noreturn void end_enclave(void);

#endif
