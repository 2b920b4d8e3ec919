/*
 * A root directory of the program's own, so that what it persists below / is not the machine's. It has an empty /etc,
 * something that looks like systemd and lvsarp, and /proc, /run and /dev as they were. The program must be in a
 * sandbox, with a mount namespace that is not the machine's.
 */
#ifndef OWN_ROOT_H
#define OWN_ROOT_H

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static inline void must(int rc, const char *what)
{
    if (rc >= 0)
        return;
    perror(what);
    exit(2);
}

static inline void enter_own_root(void)
{
    static const char root[] = "/run/lvsarp-own-root";
    static const char *const kept[] = { "proc", "run", "dev" };
    static const char *const made[] = { "etc", "usr", "usr/bin", "usr/lib", "usr/lib/systemd" };
    static const char *const files[] = { "usr/lib/systemd/systemd", "usr/bin/lvsarp" };
    char from[16];

    must(unshare(CLONE_NEWNS), "unshare");
    must(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL), "mount /");
    if (mkdir(root, 0755) != 0 && access(root, F_OK) != 0)
        must(-1, root);
    must(mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"), "mount a tmpfs");
    must(chdir(root), root);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        snprintf(from, sizeof from, "/%s", kept[i]);
        must(mkdir(kept[i], 0755), kept[i]);
        must(mount(from, kept[i], "none", MS_BIND | MS_REC, NULL), from);
    }
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        must(mkdir(made[i], 0755), made[i]);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        int fd = open(files[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        must(fd, files[i]);
        close(fd);
    }
    must(chroot("."), "chroot");
    must(chdir("/"), "chdir");
}

#endif
