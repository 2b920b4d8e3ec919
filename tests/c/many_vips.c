/* A thousand VIPs at once, in order, twice, and away again; and all of them or none where one of them fails. */
#include "expect.h"

#define MANY 1000

static char texts[MANY][48];
static const char *vips[MANY];
static int32_t changed[MANY];

struct list {
    int count;
    int in_order; /* the kernel keeps IPv4 addresses in the order in which they came */
    char seen[MANY];
};

static int see(const struct lvsarp_address *address, void *arg)
{
    struct list *list = arg;
    EXPECT(strcmp(address->dev, "lo") == 0 && strcmp(address->scope, "global") == 0, "%s: %s, %s", address->local,
           address->dev, address->scope);
    EXPECT(address->protocol == LVSARP_PROTOCOL || address->protocol == -1, "%s: protocol %d", address->local,
           address->protocol);
    EXPECT(address->peer[0] == 0 && address->broadcast[0] == 0 && address->valid == LVSARP_FOREVER, "%s has more",
           address->local);
    int at = list->count++;
    if (list->in_order) {
        EXPECT(at < MANY && strcmp(address->local, texts[at]) == 0, "number %d is %s", at, address->local);
        EXPECT(address->prefixlen == 32 && strcmp(address->label, "lo:many") == 0, "%s/%u, %s", address->local,
               address->prefixlen, address->label);
        return 0;
    }
    unsigned number = MANY;
    EXPECT(sscanf(address->local, "2001:db8::1:%x", &number) == 1 && number < MANY, "%s", address->local);
    EXPECT(address->prefixlen == 128 && address->preferred == 0, "%s/%u, preferred %u", address->local,
           address->prefixlen, address->preferred);
    if (number < MANY)
        EXPECT(list->seen[number]++ == 0, "%s is there twice", address->local);
    return 0;
}

static void expect_list(struct lvsarp_host *h, int in_order, int count)
{
    static struct list list;
    memset(&list, 0, sizeof list);
    list.in_order = in_order;
    EXPECT(lvsarp_vip_each(h, "lo", see, &list) == 0, "%s", lvsarp_message(h));
    EXPECT(list.count == count, "%d addresses, not %d", list.count, count);
}

static void expect_changed(struct lvsarp_host *h, int32_t value)
{
    for (int i = 0; i < MANY; i++) {
        EXPECT(changed[i] == value, "changed[%d] is %d", i, changed[i]);
        changed[i] = 99;
    }
    EXPECT(lvsarp_changed(h) == value * MANY, "%d", lvsarp_changed(h));
}

static void a_thousand(struct lvsarp_host *h, const char *family, int ipv4)
{
    struct lvsarp_bind_options options = LVSARP_BIND_OPTIONS_INIT;
    if (ipv4)
        strcpy(options.label, "lo:many");
    for (int i = 0; i < MANY; i++) {
        if (ipv4)
            snprintf(texts[i], sizeof texts[i], "198.18.%d.%d", i / 200, i % 200 + 1);
        else
            snprintf(texts[i], sizeof texts[i], "2001:db8::1:%x", (unsigned)i);
        vips[i] = texts[i];
        changed[i] = 99;
    }
    double times[6];
    times[0] = seconds();
    EXPECT(lvsarp_vip_bind_many(h, vips, MANY, &options, changed) == 0, "%s", lvsarp_message(h));
    times[1] = seconds();
    expect_changed(h, 1);
    times[2] = seconds();
    expect_list(h, ipv4, MANY);
    times[3] = seconds();
    EXPECT(lvsarp_vip_bind_many(h, vips, MANY, &options, changed) == 0, "%s", lvsarp_message(h));
    times[4] = seconds();
    expect_changed(h, 0);
    expect_list(h, ipv4, MANY);
    double start = seconds();
    EXPECT(lvsarp_vip_unbind_many(h, vips, MANY, "lo", changed) == 0, "%s", lvsarp_message(h));
    times[5] = seconds();
    expect_changed(h, 1);
    expect_list(h, ipv4, 0);
    EXPECT(lvsarp_vip_unbind_many(h, vips, MANY, "lo", changed) == 0, "%s", lvsarp_message(h));
    expect_changed(h, 0);
    printf("%d %s VIPs: bound in %.1f ms, listed in %.1f ms, found bound in %.1f ms, removed in %.1f ms\n", MANY,
           family, (times[1] - times[0]) * 1e3, (times[3] - times[2]) * 1e3, (times[4] - times[3]) * 1e3,
           (times[5] - start) * 1e3);
}

/* The same VIP twice is one change. */
static void twice(struct lvsarp_host *h)
{
    const char *const same[] = { "198.18.0.1", "198.18.0.2", "198.18.0.1" };
    int32_t did[3] = { 9, 9, 9 };
    EXPECT(lvsarp_vip_bind_many(h, same, 3, NULL, did) == 0 && lvsarp_changed(h) == 2, "%s", lvsarp_message(h));
    EXPECT(did[0] == 1 && did[1] == 1 && did[2] == 0, "%d, %d, %d", did[0], did[1], did[2]);
    EXPECT(lvsarp_vip_unbind_many(h, same, 3, "lo", did) == 0 && lvsarp_changed(h) == 2, "%s", lvsarp_message(h));
    EXPECT(did[0] == 1 && did[1] == 1 && did[2] == 0, "%d, %d, %d", did[0], did[1], did[2]);
    expect_list(h, 1, 0);
}

/* The kernel refuses the last one of a thousand: those before it are taken back. */
static void all_or_none(struct lvsarp_host *h)
{
    static const char disable[] = "/proc/sys/net/ipv6/conf/lo/disable_ipv6";
    FILE *file = fopen(disable, "w");
    if (file == NULL || fputs("1\n", file) < 0 || fclose(file) != 0) {
        EXPECT(0, "cannot write %s", disable);
        return;
    }
    for (int i = 0; i < MANY - 1; i++)
        snprintf(texts[i], sizeof texts[i], "198.18.%d.%d", i / 200, i % 200 + 1);
    strcpy(texts[MANY - 1], "2001:db8::1:0");
    changed[0] = 99;
    int rc = lvsarp_vip_bind_many(h, vips, MANY, NULL, changed);
    EXPECT(rc == -EOPNOTSUPP && strstr(lvsarp_message(h), "rolled back") != NULL, "%d, %s", rc, lvsarp_message(h));
    EXPECT(strstr(lvsarp_hint(h), "disable_ipv6") != NULL, "%s", lvsarp_hint(h));
    EXPECT(lvsarp_rolled_back(h) == 1, "rolled back: %d", lvsarp_rolled_back(h));
    EXPECT(changed[0] == 99 && lvsarp_changed(h) == 0, "%d, %d", changed[0], lvsarp_changed(h));
    expect_list(h, 1, 0);
    /* One that is no address is seen before anything is sent. */
    strcpy(texts[MANY - 1], "224.0.0.1");
    rc = lvsarp_vip_bind_many(h, vips, MANY, NULL, changed);
    EXPECT(rc == -EINVAL && changed[0] == 99 && lvsarp_rolled_back(h) == 0, "%d, %s", rc, lvsarp_message(h));
    expect_list(h, 1, 0);
    if ((file = fopen(disable, "w")) != NULL) {
        fputs("0\n", file);
        fclose(file);
    }
}

int main(void)
{
    struct lvsarp_host *h = must_open(NULL);
    a_thousand(h, "IPv4", 1);
    a_thousand(h, "IPv6", 0);
    twice(h);
    all_or_none(h);
    lvsarp_close(h);
    return finish();
}
