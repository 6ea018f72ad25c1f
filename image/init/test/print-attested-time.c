/* Reads an NSM answer from stdin and prints its time, or nothing: a test compares it with another parser. */
#include <stdio.h>

#include "../src/attested-time.h"

int main(void)
{
	static unsigned char answer[0x3000];
	size_t length = fread(answer, 1, sizeof(answer), stdin);
	int64_t ms;

	if (attested_time_ms(answer, length, &ms)) {
		printf("%lld\n", (long long)ms);
	}
	return 0;
}
