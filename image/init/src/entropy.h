#ifndef ENTROPY_H
#define ENTROPY_H

/*
 * Random numbers must come from the NSM before anything draws one: its driver is the source of /dev/hwrng, it gives bytes, and
 * the kernel's generator is seeded with them and ready. Gives up otherwise.
 */
void seed_from_nsm(void);

#endif
