#include "cmdline.h"

#include <string.h>

int parent_cid_of(const char *cmdline)
{
	static const char name[] = "parent_cid=";
	int cid = PARENT_CID_NITRO;
	const char *word = cmdline;

	while (*word) {
		size_t length;

		word += strspn(word, " \t\n");
		length = strcspn(word, " \t\n");
		if (length >= sizeof(name) - 1 && strncmp(word, name, sizeof(name) - 1) == 0) {
			const char *value = word + sizeof(name) - 1;

			if (length != sizeof(name)) {
				return -1;
			}
			if (*value == '2') {
				cid = PARENT_CID_EMULATOR;
			} else if (*value == '3') {
				cid = PARENT_CID_NITRO;
			} else {
				return -1;
			}
		}
		word += length;
	}
	return cid;
}
