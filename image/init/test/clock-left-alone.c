/* In the place of src/clock.c, for a control: an init that sets no clock, as it was before. Never in an image that is shipped. */
#include "clock.h"

void say_clock_source(void)
{
}

void set_clock(void)
{
}

void check_clock(void)
{
}
