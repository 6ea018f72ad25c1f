#ifndef VSOCK_H
#define VSOCK_H

/* Starts to connect to a port of the parent. Returns the socket, or -1 with errno. */
int vsock_connect(unsigned int cid, unsigned int port, int socket_flags, int timeout_ms);

/* Sends the byte that nitro-cli waits for to the parent's port 9000 and reads it back. Without an answer the enclave continues. */
void send_heartbeat(unsigned int cid);

#endif
