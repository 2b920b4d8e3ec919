/*
 * What a case does past the library: shell lines, values in /proc/sys, and what ip shows.
 */
#define _POSIX_C_SOURCE 200809L
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

const char *shell(const char *line)
{
    static char printed[64 * 1024];
    char command[4096];

    if (snprintf(command, sizeof(command), "set -e\n%s", line) >= (int)sizeof(command))
        fail("the line is too long: %s", line);
    FILE *pipe = popen(command, "r");
    if (pipe == NULL)
        fail("cannot run sh");
    size_t length = fread(printed, 1, sizeof(printed) - 1, pipe);
    if (length == sizeof(printed) - 1)
        fail("this printed too much: %s", line);
    if (pclose(pipe) != 0)
        fail("this failed: %s", line);

    while (length > 0 && isspace((unsigned char)printed[length - 1]))
        length--;
    printed[length] = '\0';
    const char *start = printed;
    while (isspace((unsigned char)*start))
        start++;
    return start;
}

/* The value in /proc/sys of all/arp_ignore, eth0.100/arp_announce and the like. */
static json_t *sysctl(const char *key)
{
    char path[256];
    long value;

    snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s", key);
    FILE *file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%ld", &value) != 1)
        fail("cannot read %s", path);
    fclose(file);
    return json_integer(value);
}

/* What ip shows on a device: 192.0.2.10/32 host lo:0. */
static json_t *shown(const char *dev)
{
    char line[64];
    json_error_t error;
    json_t *list = json_array(), *address;
    size_t i;

    snprintf(line, sizeof(line), "ip -j addr show dev %s", dev);
    json_t *all = json_loads(shell(line), 0, &error);
    json_t *addresses = json_object_get(json_array_get(all, 0), "addr_info");
    if (!json_is_array(addresses))
        fail("ip shows no addresses: %s", error.text);
    json_array_foreach(addresses, i, address) {
        const char *label = json_string_value(json_object_get(address, "label"));
        json_array_append_new(list, json_sprintf("%s/%d %s%s%s",
            json_string_value(json_object_get(address, "local")),
            (int)json_integer_value(json_object_get(address, "prefixlen")),
            json_string_value(json_object_get(address, "scope")),
            label != NULL ? " " : "",
            label != NULL ? label : ""));
    }
    json_decref(all);
    return list;
}

json_t *look(const char *call, const json_t *with)
{
    const char *key = json_string_value(json_object_get(with, "key"));
    const char *line = json_string_value(json_object_get(with, "line"));
    const char *dev = json_string_value(json_object_get(with, "dev"));
    const char *path = json_string_value(json_object_get(with, "path"));

    if (strcmp(call, "sh") == 0 && line != NULL)
        return json_string(shell(line));
    if (strcmp(call, "sysctl") == 0 && key != NULL)
        return sysctl(key);
    if (strcmp(call, "shown") == 0 && dev != NULL)
        return shown(dev);
    if (strcmp(call, "file") == 0 && path != NULL)
        return file_below(path);
    if (strcmp(call, "tree") == 0)
        return tree_below();
    return NULL;
}
