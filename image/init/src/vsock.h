#ifndef VSOCK_H
#define VSOCK_H

/* A socket that is connecting to a port of the parent, or -1 with errno. */
int vsock_connect(unsigned int cid, unsigned int port, int socket_flags, int timeout_ms);

/* What nitro-cli waits for: one byte to the parent's port 9000, which comes back. Without an answer the enclave goes on. */
void send_heartbeat(unsigned int cid);

#endif
