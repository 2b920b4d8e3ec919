/*
 * What outlives a reboot, from C.
 *
 *     boot files        persists, predicts, restores and removes, in a root directory of its own
 *     boot image        the same below another root
 *     boot rehearsal    has the machine's own program run, and looks at what that leaves behind
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

#include "expect.h"
#include "own_root.h"

#define LEVELS "/etc/sysctl.d/90-lvsarp.conf"
#define STATE "/etc/lvsarp/real-server.json"
#define UNIT "/etc/systemd/system/lvsarp.service"

static const char *const VIP[] = { "192.0.2.10" };

static int is_there(const char *path) { return access(path, F_OK) == 0; }

static void write_file(const char *path, const char *mode, const char *text)
{
    FILE *file = fopen(path, mode);
    EXPECT(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, "cannot write %s", path);
}

static int count_steps(const struct lvsarp_step *step, void *arg)
{
    EXPECT(step->kind == LVSARP_STEP_FILE, "a step of kind %d", step->kind);
    EXPECT(strcmp(step->act, "write") == 0 || strcmp(step->act, "remove") == 0, "the act is %s", step->act);
    EXPECT(step->thing[0] == '/' && step->reason[0] != 0, "%s: %s", step->thing, step->reason);
    ++*(int *)arg;
    return 0;
}

static int steps_of(struct lvsarp_host *h)
{
    int steps = 0;
    EXPECT(lvsarp_step_each(h, count_steps, &steps) == 0, "%s", lvsarp_message(h));
    return steps;
}

/* What a finding is looked for by, and how many there were. */
struct wanted {
    const char *code;
    int found;
};

static int look_for(const struct lvsarp_finding *finding, void *arg)
{
    struct wanted *wanted = arg;
    wanted->found += strcmp(finding->code, wanted->code) == 0;
    return 0;
}

static int findings_of(struct lvsarp_host *h, const char *code)
{
    struct wanted wanted = { code, 0 };
    EXPECT(lvsarp_finding_each(h, look_for, &wanted) == 0, "%s", lvsarp_message(h));
    return wanted.found;
}

/* One level of a scope after a boot. */
struct asked {
    const char *scope;
    int32_t key;
    struct lvsarp_boot_level level;
    int all;
};

static int take_level(const struct lvsarp_boot_level *level, void *arg)
{
    struct asked *asked = arg;
    if (strcmp(level->scope, asked->scope) == 0 && level->key == asked->key)
        asked->level = *level;
    asked->all++;
    return 0;
}

static struct lvsarp_boot_level level_of(struct lvsarp_host *h, const char *scope, int32_t key)
{
    struct asked asked = { scope, key, { 0 }, 0 };
    EXPECT(lvsarp_boot_level_each(h, take_level, &asked) == 0, "%s", lvsarp_message(h));
    EXPECT(asked.level.size == sizeof asked.level, "no level of %s among %d", scope, asked.all);
    return asked.level;
}

static int predict(struct lvsarp_host *h, const char *const *interfaces, size_t m)
{
    struct lvsarp_boot_options options = LVSARP_BOOT_OPTIONS_INIT;
    strcpy(options.loader, "systemd-sysctl 252");
    int rc = lvsarp_boot(h, VIP, 1, interfaces, m, &options, NULL, NULL);
    EXPECT(rc < 0 || strcmp(lvsarp_boot_loader(h), "systemd-sysctl 252") == 0, "%s", lvsarp_boot_loader(h));
    EXPECT(rc < 0 || lvsarp_boot_rehearsed(h) == 0, "rehearsed a program that is not there");
    return rc;
}

static void a_dry_run_writes_nothing(struct lvsarp_host *h)
{
    struct lvsarp_persist_options options = LVSARP_PERSIST_OPTIONS_INIT;
    options.flags = LVSARP_DRY_RUN;
    EXPECT(lvsarp_persist(h, VIP, 1, NULL, &options) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_changed(h) == 0 && steps_of(h) >= 3, "%d, %d steps", lvsarp_changed(h), steps_of(h));
    EXPECT(!is_there(LEVELS) && !is_there(STATE) && !is_there(UNIT), "something was written");
}

static void persisting_writes_once(struct lvsarp_host *h)
{
    EXPECT(predict(h, NULL, 0) == 1, "silent after a boot without files: %s", lvsarp_message(h));
    EXPECT(findings_of(h, "vip-answered") > 0, "and nothing says that the VIP is answered");
    EXPECT(lvsarp_persist(h, VIP, 1, NULL, NULL) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_changed(h) >= 3 && lvsarp_changed(h) == steps_of(h), "%d", lvsarp_changed(h));
    EXPECT(is_there(LEVELS) && is_there(STATE) && is_there(UNIT), "a file is missing");
    EXPECT(lvsarp_persist(h, VIP, 1, NULL, NULL) == 0 && lvsarp_changed(h) == 0, "a second time: %d, %s",
           lvsarp_changed(h), lvsarp_message(h));
    EXPECT(lvsarp_check(h, VIP, 1, NULL, NULL) == 1, "the running host was changed");
}

static int record(const char *json, size_t length, void *out) { return lvsarp_open_snapshot(json, length, out, NULL, 0); }

static void the_boot_is_foretold(struct lvsarp_host *h)
{
    static const char *const more[] = { "eth7.100" };
    struct lvsarp_host *model = NULL;
    EXPECT(lvsarp_snapshot(h, record, &model) == 0, "%s", lvsarp_message(h));
    struct lvsarp_host *const both[] = { h, model };
    for (int i = 0; i < 2; i++) {
        EXPECT(predict(both[i], more, 1) == 0, "%s", lvsarp_message(both[i]));
        struct lvsarp_boot_level all = level_of(both[i], "all", LVSARP_ARP_IGNORE);
        EXPECT(all.value == 1 && all.late == 1 && all.has == LVSARP_HAS_FILE && strcmp(all.file, LEVELS) == 0 && all.line > 0,
               "all/arp_ignore is %d, late %d, has %u, from %s:%u", all.value, all.late, all.has, all.file, all.line);
        struct lvsarp_boot_level plugged = level_of(both[i], more[0], LVSARP_ARP_ANNOUNCE);
        EXPECT(plugged.value == 0 && plugged.has == 0 && plugged.file[0] == 0 && plugged.line == 0,
               "%s/arp_announce is %d, has %u", more[0], plugged.value, plugged.has);
    }
    EXPECT(lvsarp_persist(model, VIP, 1, NULL, NULL) == -EROFS && lvsarp_unpersist(model, NULL) == -EROFS &&
               lvsarp_restore(model, NULL) == -EROFS,
           "a recorded host was changed");
    lvsarp_close(model);

    /* A later file wins, and is named. */
    write_file("/etc/sysctl.d/99-z.conf", "w", "net.ipv4.conf.all.arp_ignore = 4\n");
    EXPECT(predict(h, NULL, 0) == 1, "4 hides it: %s", lvsarp_message(h));
    struct lvsarp_boot_level all = level_of(h, "all", LVSARP_ARP_IGNORE);
    EXPECT(all.value == 4 && strcmp(all.file, "/etc/sysctl.d/99-z.conf") == 0 && all.line == 1, "%d from %s:%u", all.value,
           all.file, all.line);
    unlink("/etc/sysctl.d/99-z.conf");
    /* By way of default, and only for an interface that comes late. */
    write_file("/etc/sysctl.d/10-a.conf", "w", "net.ipv4.conf.default.arp_announce = 1\n");
    EXPECT(predict(h, more, 1) == 0, "%s", lvsarp_message(h));
    struct lvsarp_boot_level plugged = level_of(h, more[0], LVSARP_ARP_ANNOUNCE);
    EXPECT(plugged.has & LVSARP_BY_DEFAULT && plugged.value == 1 && plugged.line == 1, "%d, has %u", plugged.value,
           plugged.has);
    unlink("/etc/sysctl.d/10-a.conf");
}

static void restoring_brings_it_back(struct lvsarp_host *h)
{
    EXPECT(lvsarp_restore(h, NULL) == 0 && lvsarp_changed(h) > 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_check(h, VIP, 1, NULL, NULL) == 0, "the VIP is not silent");
    EXPECT(lvsarp_restore(h, "/") == 0 && lvsarp_changed(h) == 0, "a second time: %s", lvsarp_message(h));
    EXPECT(lvsarp_undo(h) == 0 && lvsarp_changed(h) > 0, "%s", lvsarp_message(h));
}

static void edits_are_kept(struct lvsarp_host *h)
{
    struct lvsarp_persist_options options = LVSARP_PERSIST_OPTIONS_INIT;
    write_file(LEVELS, "a", "net.ipv4.ip_forward = 1\n");
    EXPECT(lvsarp_persist(h, VIP, 1, NULL, NULL) == -ECANCELED, "an edited file was overwritten");
    EXPECT(strcmp(lvsarp_kind(h), "refused") == 0 && strstr(lvsarp_message(h), LEVELS) != NULL, "%s", lvsarp_message(h));
    EXPECT(lvsarp_rolled_back(h) == 0, "%d", lvsarp_rolled_back(h));
    EXPECT(lvsarp_unpersist(h, NULL) == 0 && is_there(LEVELS), "an edited file was removed");
    options.flags = LVSARP_OVERWRITE;
    EXPECT(lvsarp_persist(h, VIP, 1, NULL, &options) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_unpersist(h, &options) == 0 && !is_there(LEVELS) && !is_there(STATE) && !is_there(UNIT), "%s is left",
           LEVELS);
    EXPECT(lvsarp_unpersist(h, &options) == 0 && lvsarp_changed(h) == 0, "removed twice");
    EXPECT(lvsarp_restore(h, NULL) == 0 && findings_of(h, "nothing-persisted") == 1, "%s", lvsarp_message(h));
}

static void another_root_and_the_classic_file(struct lvsarp_host *h)
{
    struct lvsarp_persist_options options = LVSARP_PERSIST_OPTIONS_INIT;
    mkdir("/image", 0755);
    mkdir("/image/etc", 0755);
    write_file("/image/etc/sysctl.conf", "w", "net/ipv4/conf/all/arp_ignore=0\n");
    strcpy(options.root, "/image");
    strcpy(options.sysctl_conf, "/etc/sysctl.conf");
    options.flags = LVSARP_COMMENT_OUT;
    EXPECT(lvsarp_persist(h, VIP, 1, NULL, &options) == 0, "%s", lvsarp_message(h));
    EXPECT(findings_of(h, "sysctl-conf-duplicate") == 1, "the other line is not reported");
    EXPECT(is_there("/image" STATE) && !is_there("/image" LEVELS) && !is_there(STATE), "the wrong files");
    EXPECT(lvsarp_restore(h, "/image") == 0 && lvsarp_changed(h) > 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_undo(h) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_unpersist(h, &options) == 0 && lvsarp_changed(h) > 0, "%s", lvsarp_message(h));
    char text[128] = "";
    FILE *file = fopen("/image/etc/sysctl.conf", "r");
    EXPECT(file != NULL && fgets(text, sizeof text, file) != NULL && fgetc(file) == EOF, "more than one line");
    EXPECT(strcmp(text, "net/ipv4/conf/all/arp_ignore=0\n") == 0, "it is not what it was: %s", text);
    if (file != NULL)
        fclose(file);
}

static void both_in_one(struct lvsarp_host *h)
{
    struct lvsarp_persist_options options = LVSARP_PERSIST_OPTIONS_INIT;
    options.flags = LVSARP_APPLY;
    EXPECT(lvsarp_persist(h, VIP, 1, NULL, &options) == 0, "%s", lvsarp_message(h));
    EXPECT(is_there(LEVELS) && lvsarp_check(h, VIP, 1, NULL, NULL) == 0, "it is not silent, or not persisted");
    EXPECT(lvsarp_undo(h) == 0 && lvsarp_unpersist(h, NULL) == 0, "%s", lvsarp_message(h));
    /* Where the apply is refused, no file is left. */
    struct lvsarp_apply_options wish = LVSARP_APPLY_OPTIONS_INIT;
    strcpy(wish.dev, "eth0");
    EXPECT(lvsarp_persist(h, VIP, 1, &wish, &options) == -ECANCELED, "a VIP on eth0: %s", lvsarp_message(h));
    EXPECT(!is_there(LEVELS) && !is_there(STATE), "files of what was refused");
}

static void files(void)
{
    enter_own_root();
    struct lvsarp_host *h = must_open(NULL);
    a_dry_run_writes_nothing(h);
    persisting_writes_once(h);
    the_boot_is_foretold(h);
    restoring_brings_it_back(h);
    edits_are_kept(h);
    both_in_one(h);
    lvsarp_close(h);
}

static void image(void)
{
    enter_own_root();
    struct lvsarp_host *h = must_open(NULL);
    another_root_and_the_classic_file(h);
    lvsarp_close(h);
}

/* How many descriptors the process has. */
static int descriptors(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory != NULL && readdir(directory) != NULL)
        count++;
    if (directory != NULL)
        closedir(directory);
    return count;
}

static void where(char *text, size_t size)
{
    char net[64] = "", mnt[64] = "", cwd[256] = "";
    EXPECT(readlink("/proc/thread-self/ns/net", net, sizeof net - 1) > 0, "no net");
    EXPECT(readlink("/proc/thread-self/ns/mnt", mnt, sizeof mnt - 1) > 0, "no mnt");
    EXPECT(getcwd(cwd, sizeof cwd) != NULL, "no directory");
    snprintf(text, size, "%s %s %s", net, mnt, cwd);
}

static void rehearsal(void)
{
    char before[512], after[512];
    struct lvsarp_host *h = must_open(NULL);
    sigset_t blocked, still;
    memset(&blocked, 0, sizeof blocked);
    memset(&still, 0, sizeof still);
    EXPECT(lvsarp_boot(h, VIP, 1, NULL, 0, NULL, NULL, NULL) >= 0, "%s", lvsarp_message(h));
    int open = descriptors();
    where(before, sizeof before);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    double start = seconds();
    int rc = lvsarp_boot(h, VIP, 1, NULL, 0, NULL, NULL, NULL);
    double took = seconds() - start;
    EXPECT(rc == 0 || rc == 1, "%d, %s", rc, lvsarp_message(h));
    EXPECT(lvsarp_boot_rehearsed(h) == 1, "%s was not run", lvsarp_boot_loader(h));
    printf("%s, run in %.0f ms\n", lvsarp_boot_loader(h), took * 1e3);
    where(after, sizeof after);
    sigprocmask(SIG_BLOCK, NULL, &still);
    EXPECT(strcmp(before, after) == 0, "it was in %s and is in %s", before, after);
    EXPECT(memcmp(&blocked, &still, sizeof blocked) == 0, "the mask is another one");
    EXPECT(descriptors() == open, "%d descriptors, and %d before", descriptors(), open);
    EXPECT(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "a child is left");

    /* A program that wants no children, and one that wants no rehearsal. */
    signal(SIGCHLD, SIG_IGN);
    EXPECT(lvsarp_boot(h, VIP, 1, NULL, 0, NULL, NULL, NULL) == rc, "%s", lvsarp_message(h));
    EXPECT(lvsarp_boot_rehearsed(h) == 0 && findings_of(h, "not-rehearsed") == 1, "rehearsed all the same");
    signal(SIGCHLD, SIG_DFL);
    struct lvsarp_boot_options options = LVSARP_BOOT_OPTIONS_INIT;
    options.flags = LVSARP_NO_REHEARSAL;
    EXPECT(lvsarp_boot(h, VIP, 1, NULL, 0, &options, NULL, NULL) == rc, "%s", lvsarp_message(h));
    EXPECT(lvsarp_boot_rehearsed(h) == 0 && findings_of(h, "not-rehearsed") == 0, "rehearsed all the same");
    lvsarp_close(h);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "files") == 0)
        files();
    else if (argc == 2 && strcmp(argv[1], "image") == 0)
        image();
    else if (argc == 2 && strcmp(argv[1], "rehearsal") == 0)
        rehearsal();
    else
        return 2;
    return finish();
}
