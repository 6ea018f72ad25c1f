#include "vsock.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <linux/vm_sockets.h>

#include "say.h"

#define HEARTBEAT_PORT 9000
#define HEARTBEAT_BYTE 0xB7
#define HEARTBEAT_TRIES 5
#define HEARTBEAT_TIMEOUT_MS 3000

int vsock_connect(unsigned int cid, unsigned int port, int flags, int timeout_ms)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };
	struct timeval timeout = { .tv_sec = timeout_ms / 1000, .tv_usec = (timeout_ms % 1000) * 1000 };
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	if (fd < 0) {
		return -1;
	}
	setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 && errno != EINPROGRESS) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static bool beat(unsigned int cid)
{
	unsigned char byte = HEARTBEAT_BYTE;
	int fd = vsock_connect(cid, HEARTBEAT_PORT, 0, HEARTBEAT_TIMEOUT_MS);
	bool answered;

	if (fd < 0) {
		return false;
	}
	answered = write(fd, &byte, 1) == 1 && (byte = 0, read(fd, &byte, 1)) == 1 && byte == HEARTBEAT_BYTE;
	close(fd);
	return answered;
}

void send_heartbeat(unsigned int cid)
{
	for (int i = 1; i <= HEARTBEAT_TRIES; i++) {
		struct timespec pause = { .tv_nsec = 200 * 1000 * 1000 };

		if (beat(cid)) {
			say("info", "heartbeat", "\"parentCid\":%u,\"tries\":%d", cid, i);
			return;
		}
		nanosleep(&pause, NULL);
	}
	say("warn", "heartbeat_unanswered", "\"parentCid\":%u,\"errno\":%d", cid, errno);
}
