/* Sets the machine's clock by the NSM's. TLS in the enclave judges certificates by it. The parent controls neither clock. */
#ifndef CLOCK_H
#define CLOCK_H

/* How often check_clock is called; a build for tests calls it sooner. */
#ifndef CLOCK_CHECK_SECONDS
#define CLOCK_CHECK_SECONDS 3600
#endif

/* Logs where the kernel's time came from, before init corrects it. */
void say_clock_source(void);

/* Sets the clock before anything depends on it. Ends the enclave if the NSM returns no time, because then it attests nothing either. */
void set_clock(void);

/*
 * Corrects the clock while the app runs: slews an error below a second, so that the clock never runs back, and corrects a larger one at once.
 * Logs a reading that fails and leaves the clock unchanged.
 */
void check_clock(void);

#endif
