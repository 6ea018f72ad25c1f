#ifndef POWER_H
#define POWER_H

#include <stdnoreturn.h>

/* Ends the virtual machine, so that the parent sees that the enclave ended. */
noreturn void end_enclave(void);

#endif
