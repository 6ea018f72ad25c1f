/* Replaces src/clock.c in a control experiment: an init that sets no clock. Never part of a shipped image. */
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
