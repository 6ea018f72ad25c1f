/* The machine's clock, by the NSM's: TLS inside judges certificates by it, and the parent has no say in either. */
#ifndef CLOCK_H
#define CLOCK_H

/* How often check_clock is called; a build for tests calls it sooner. */
#ifndef CLOCK_CHECK_SECONDS
#define CLOCK_CHECK_SECONDS 3600
#endif

/* Where the kernel's time came from, before anything corrected it. */
void say_clock_source(void);

/* Before anything depends on the clock: sets it. Gives up where the NSM tells no time, since then it attests nothing either. */
void set_clock(void);

/*
 * Later, while the app runs: an error below a second is slewed, so that the clock never runs back; a larger one is corrected at once.
 * A reading that fails is logged, and the clock goes on as it is.
 */
void check_clock(void);

#endif
