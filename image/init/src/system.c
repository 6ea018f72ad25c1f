#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say.h"

static const struct {
	const char *type, *at;
	unsigned long flags;
	const char *options;
} file_systems[] = {
	{ "devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755" },
	/* a process sees only itself */
	{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=invisible" },
	{ "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, "" },
	{ "tmpfs", "/tmp", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=16m" },
	{ "tmpfs", "/run", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=1m" },
};

void mount_file_systems(void)
{
	for (unsigned int i = 0; i < sizeof(file_systems) / sizeof(*file_systems); i++) {
		if (mkdir(file_systems[i].at, 0755) < 0 && errno != EEXIST) {
			give_up("mkdir_failed", "\"path\":\"%s\",\"errno\":%d", file_systems[i].at, errno);
		}
		if (mount(file_systems[i].type, file_systems[i].at, file_systems[i].type, file_systems[i].flags, file_systems[i].options) < 0) {
			give_up("mount_failed", "\"path\":\"%s\",\"errno\":%d", file_systems[i].at, errno);
		}
	}
}

void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0) {
		give_up("loopback_failed", "\"errno\":%d", errno);
	}
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0) {
		give_up("loopback_failed", "\"errno\":%d", errno);
	}
	close(fd);
}

static void set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		return; /* this kernel lacks what the setting restricts: arm64's has no performance events */
	}
	if (fd < 0 || write(fd, value, strlen(value)) < 0) {
		say("warn", "setting_failed", "\"path\":\"%s\",\"errno\":%d", path, errno);
	}
	if (fd >= 0) {
		close(fd);
	}
}

void harden_kernel_settings(void)
{
	set("/proc/sys/kernel/kptr_restrict", "2");
	set("/proc/sys/kernel/perf_event_paranoid", "3");
	set("/proc/sys/vm/mmap_min_addr", "65536");
	/* / is read-only from here on; /tmp and /run are separate mounts */
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID, NULL) < 0) {
		say("warn", "root_stays_writable", "\"errno\":%d", errno);
	}
}

void hand_over_nsm(void)
{
	if (chown("/dev/nsm", 0, APP_GID) < 0 || chmod("/dev/nsm", 0660) < 0) {
		give_up("no_nsm", "\"path\":\"/dev/nsm\",\"errno\":%d", errno);
	}
}

int read_word(const char *path, char *out, unsigned long size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

	if (fd >= 0) {
		close(fd);
	}
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return n < 0 ? -1 : 0;
}
