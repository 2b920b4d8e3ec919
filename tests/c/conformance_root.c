/*
 * The root directory of a case that has files: made before its setup, looked at by its calls, and removed after it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance.h"

#define DIRECTORIES_AT_ONCE 16

static char directory[64]; /* "" where there is none */

const char *root(void)
{
    if (directory[0] == '\0')
        fail("the case has no files, so it has no root");
    return directory;
}

/* The path of something below the root; valid until the next one. */
static const char *below(const char *path)
{
    static char whole[4096];

    if (path[0] != '/' || snprintf(whole, sizeof(whole), "%s%s", root(), path) >= (int)sizeof(whole))
        fail("no path below the root: %s", path);
    return whole;
}

static void make_parents(char *path)
{
    for (char *at = path + strlen(directory) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            fail("cannot make %s: %s", path, strerror(errno));
        *at = '/';
    }
}

static void put_file(const char *name, const json_t *what)
{
    const char *target = json_string_value(json_object_get(what, "link"));
    char path[4096];

    strcpy(path, below(name));
    make_parents(path);
    if (target != NULL) {
        if (symlink(target, path) != 0)
            fail("cannot link %s: %s", path, strerror(errno));
        return;
    }
    FILE *file = fopen(path, "w");
    if (!json_is_string(what) || file == NULL ||
        fwrite(json_string_value(what), 1, json_string_length(what), file) != json_string_length(what) ||
        fclose(file) != 0 || chmod(path, 0644) != 0)
        fail("cannot write %s", path);
}

void make_root(const json_t *files)
{
    const char *name;
    json_t *what;

    if (files == NULL)
        return;
    strcpy(directory, "/tmp/lvsarp-root-XXXXXX");
    if (mkdtemp(directory) == NULL || chmod(directory, 0755) != 0 || mkdir(below("/etc"), 0755) != 0)
        fail("cannot make a root: %s", strerror(errno));
    setenv("ROOT", directory, 1);
    json_object_foreach((json_t *)files, name, what)
        put_file(name, what);
}

static int remove_one(const char *path, const struct stat *is, int kind, struct FTW *at)
{
    (void)is, (void)kind, (void)at;
    return remove(path);
}

void remove_root(void)
{
    if (directory[0] != '\0' && nftw(directory, remove_one, DIRECTORIES_AT_ONCE, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "cannot remove %s: %s\n", directory, strerror(errno));
    directory[0] = '\0';
}

void without_root(char *text)
{
    size_t length = strlen(directory);

    while (length > 0 && (text = strstr(text, directory)) != NULL)
        memmove(text, text + length, strlen(text + length) + 1);
}

void json_without_root(json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;

    if (json_is_string(value) && directory[0] != '\0' && strstr(json_string_value(value), directory) != NULL) {
        char *text = strdup(json_string_value(value));
        without_root(text);
        json_string_set(value, text);
        free(text);
    }
    json_object_foreach(value, key, item)
        json_without_root(item);
    json_array_foreach(value, i, item)
        json_without_root(item);
}

json_t *file_below(const char *name)
{
    static char text[64 * 1024];
    const char *path = below(name);
    struct stat is;

    if (lstat(path, &is) != 0)
        return json_null();
    if (S_ISLNK(is.st_mode)) {
        ssize_t length = readlink(path, text, sizeof(text));
        return json_pack("{s:s%}", "link", text, (size_t)length);
    }
    FILE *file = fopen(path, "r");
    if (!S_ISREG(is.st_mode) || file == NULL)
        fail("%s is no file that can be read", path);
    size_t length = fread(text, 1, sizeof(text), file);
    fclose(file);
    json_t *string = json_stringn(text, length);
    if (length == sizeof(text) || string == NULL)
        fail("%s is too long, or it is not UTF-8", path);
    return string;
}

static json_t *found;

static int add_path(const char *path, const struct stat *is, int kind, struct FTW *at)
{
    (void)is, (void)at;
    if (kind != FTW_D && kind != FTW_DNR)
        json_array_append_new(found, json_string(path + strlen(directory)));
    return 0;
}

static int by_bytes(const void *one, const void *other)
{
    return strcmp(json_string_value(*(json_t *const *)one), json_string_value(*(json_t *const *)other));
}

json_t *tree_below(void)
{
    json_t *sorted = json_array(), **all, *path;
    size_t i;

    found = json_array();
    if (nftw(root(), add_path, DIRECTORIES_AT_ONCE, FTW_PHYS) != 0)
        fail("cannot look below %s: %s", directory, strerror(errno));
    all = calloc(json_array_size(found) + 1, sizeof(*all));
    json_array_foreach(found, i, path)
        all[i] = path;
    qsort(all, json_array_size(found), sizeof(*all), by_bytes);
    for (i = 0; i < json_array_size(found); i++)
        json_array_append(sorted, all[i]);
    free(all);
    json_decref(found);
    return sorted;
}
