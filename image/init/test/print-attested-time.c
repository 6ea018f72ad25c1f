/* Reads an answer of the NSM from its input and prints the time in it, or nothing: for comparison with another reader. */
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
