#ifndef ENTROPY_H
#define ENTROPY_H

/*
 * Seeds the kernel's random generator from the NSM before any program uses it. Ends the enclave unless the NSM's driver is the source of
 * /dev/hwrng, it returns bytes, and the seeded generator is ready.
 */
void seed_from_nsm(void);

#endif
