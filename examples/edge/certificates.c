/* SPDX-License-Identifier: Apache-2.0 */
/* edge/certificates.c -- the certificates in use, kept in step with a directory. */
#include "edge/certificates.h"

#include "common/clock.h"
#include "edge/event.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define SLOTS_MAX 4096
#define SUFFIX ".pem"
#define NAME_SIZE 256

/* How one version of a file is told from the next. */
typedef struct identity {
  dev_t device;
  ino_t inode;
  off_t size;
  struct timespec changed;
} identity;

typedef struct slot {
  char name[NAME_SIZE]; /* of the file, without the suffix */
  identity seen;        /* the version that was judged last */
  int waiting;          /* judged, but to be judged again: not valid yet, not readable now */
  int present;
  certificate *current; /* NULL: nothing to serve */
} slot;

struct certificates {
  const char *directory;
  pthread_rwlock_t lock; /* over |slots|, |count| and every |current| */
  slot *slots;
  size_t count;
  size_t room;
};

certificates *certificates_new(const char *directory)
{
  certificates *all = calloc(1, sizeof(*all));

  if (all != NULL) {
    all->directory = directory;
    if (pthread_rwlock_init(&all->lock, NULL) != 0) {
      free(all);
      all = NULL;
    }
  }
  return all;
}

void certificates_free(certificates *all)
{
  if (all == NULL) {
    return;
  }
  for (size_t i = 0; i < all->count; i++) {
    certificate_unref(all->slots[i].current);
  }
  free(all->slots);
  (void)pthread_rwlock_destroy(&all->lock);
  free(all);
}

static int same_version(const identity *a, const identity *b)
{
  return a->device == b->device && a->inode == b->inode && a->size == b->size &&
         a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static slot *find_slot(certificates *all, const char *name)
{
  for (size_t i = 0; i < all->count; i++) {
    if (strcmp(all->slots[i].name, name) == 0) {
      return &all->slots[i];
    }
  }
  return NULL;
}

static slot *add_slot(certificates *all, const char *name)
{
  slot *made = NULL;

  (void)pthread_rwlock_wrlock(&all->lock);
  if (all->count == all->room && all->count < SLOTS_MAX) {
    size_t room = all->room > 0 ? all->room * 2 : 16;
    slot *grown = realloc(all->slots, room * sizeof(*grown));

    if (grown != NULL) {
      all->slots = grown;
      all->room = room;
    }
  }
  if (all->count < all->room) {
    made = &all->slots[all->count++];
    memset(made, 0, sizeof(*made));
    (void)snprintf(made->name, sizeof(made->name), "%s", name);
  }
  (void)pthread_rwlock_unlock(&all->lock);
  return made;
}

/* The commit point: from here on handshakes see |fresh|; those under way hold the old one. */
static void swap_in(certificates *all, slot *at, certificate *fresh)
{
  certificate *old;

  (void)pthread_rwlock_wrlock(&all->lock);
  old = at->current;
  at->current = fresh;
  (void)pthread_rwlock_unlock(&all->lock);
  if (fresh != NULL) {
    event_certificate("swap", at->name, fresh);
  } else if (old != NULL) {
    event_certificate("drop", at->name, old);
  }
  certificate_unref(old);
}

static void judge(certificates *all, slot *at, stardeleg_time now)
{
  char path[PATH_MAX];
  const char *why = NULL;
  int again = 0;
  certificate *fresh;
  int len = snprintf(path, sizeof(path), "%s/%s" SUFFIX, all->directory, at->name);

  if (len < 0 || (size_t)len >= sizeof(path)) {
    return;
  }
  fresh = certificate_read(path, now, &why, &again);
  if (fresh != NULL) {
    at->waiting = 0;
    swap_in(all, at, fresh);
    return;
  }
  if (!at->waiting || !again) {
    event_refused(at->name, why); /* once for each version of the file */
  }
  at->waiting = again;
}

static void look_at(certificates *all, const char *name, const struct stat *info, stardeleg_time now)
{
  identity version = {info->st_dev, info->st_ino, info->st_size, info->st_mtim};
  slot *at = find_slot(all, name);

  if (at == NULL) {
    at = add_slot(all, name);
    if (at == NULL) {
      return;
    }
  } else if (same_version(&at->seen, &version) && !at->waiting) {
    at->present = 1;
    return;
  } else if (!same_version(&at->seen, &version)) {
    at->waiting = 0;
  }
  at->present = 1;
  at->seen = version;
  judge(all, at, now);
}

/* "name.pem" to "name"; 0: not one of ours. */
static int cut_name(char out[NAME_SIZE], const char *file)
{
  size_t len = strlen(file);

  if (file[0] == '.' || len <= strlen(SUFFIX) || len - strlen(SUFFIX) >= NAME_SIZE ||
      strcmp(file + len - strlen(SUFFIX), SUFFIX) != 0) {
    return 0;
  }
  memcpy(out, file, len - strlen(SUFFIX));
  out[len - strlen(SUFFIX)] = '\0';
  return 1;
}

/* Returns 0 if the directory could be read as a whole. */
static int scan(certificates *all, stardeleg_time now)
{
  DIR *directory = opendir(all->directory);
  struct dirent *entry;
  struct stat info;
  char name[NAME_SIZE];

  if (directory == NULL) {
    return -1;
  }
  errno = 0;
  while ((entry = readdir(directory)) != NULL) {
    if (cut_name(name, entry->d_name) && fstatat(dirfd(directory), entry->d_name, &info, 0) == 0 &&
        S_ISREG(info.st_mode)) {
      look_at(all, name, &info, now);
    }
    errno = 0;
  }
  (void)closedir(directory);
  return errno == 0 ? 0 : -1;
}

static void remove_slot(certificates *all, slot *at)
{
  (void)pthread_rwlock_wrlock(&all->lock);
  *at = all->slots[--all->count];
  (void)pthread_rwlock_unlock(&all->lock);
}

void certificates_refresh(certificates *all, stardeleg_time now)
{
  int whole;

  for (size_t i = 0; i < all->count; i++) {
    all->slots[i].present = 0;
  }
  whole = scan(all, now) == 0; /* a directory that cannot be read drops nothing: time will */
  for (size_t i = all->count; i > 0; i--) {
    slot *at = &all->slots[i - 1];
    int gone = whole && !at->present;

    if (at->current != NULL && (gone || now >= at->current->not_after)) {
      swap_in(all, at, NULL);
    }
    if (gone) {
      remove_slot(all, at);
    }
  }
}

static int serves(const slot *at, const char *name, stardeleg_time now)
{
  /* Asked here too, and not only when refreshing: an expired certificate is not served for one more tick. */
  return at->current != NULL && now >= at->current->not_before && now < at->current->not_after &&
         X509_check_host(at->current->leaf, name, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

certificate *certificates_find(certificates *all, const char *name, stardeleg_time now)
{
  certificate *found = NULL;

  (void)pthread_rwlock_rdlock(&all->lock);
  /* The file called like the name first; a file for several names or a wildcard is found by what it certifies. */
  for (size_t i = 0; i < all->count && found == NULL; i++) {
    if (strcasecmp(all->slots[i].name, name) == 0 && serves(&all->slots[i], name, now)) {
      found = certificate_ref(all->slots[i].current);
    }
  }
  for (size_t i = 0; i < all->count && found == NULL; i++) {
    if (serves(&all->slots[i], name, now)) {
      found = certificate_ref(all->slots[i].current);
    }
  }
  (void)pthread_rwlock_unlock(&all->lock);
  return found;
}
