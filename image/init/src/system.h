/* Prepares the machine: file systems, loopback, devices, limits. Each step that fails ends the enclave with its own event. */
#ifndef SYSTEM_H
#define SYSTEM_H

#define APP_UID 1000
#define APP_GID 1000
#define SHIPPER_UID 1001
#define SHIPPER_GID 1001

void mount_file_systems(void);
void raise_loopback(void);
void harden_kernel_settings(void);

/* /dev/nsm must exist; only the app's group may open it. */
void hand_over_nsm(void);

/* Reads the first bytes of a small file as a string without its newline; -1 if it cannot be read. */
int read_word(const char *path, char *out, unsigned long size);

#endif
