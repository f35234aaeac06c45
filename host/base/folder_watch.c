/**
 * folder_watch.c - a folder's tree under inotify.
 *
 * Called by the thread that waits; folder_watch_wake() by any other. Three sorts of folders have a watch: those of the
 * tree; those above it, for one name each, so that a tree that vanishes is seen when it returns and a link on the way
 * to it when it is turned; and those in which the targets of the tree's linked files live, since an editor replaces
 * such a file by a rename over there.
 *
 * When the tree's shape may have changed all watches are made anew on a fresh inotify descriptor, which takes less
 * than a millisecond. That happens before the change is told, so that whoever then reads the tree misses nothing: what
 * changes after the watches were made is an event, what changed before is on the disk.
 */
#include "base/folder_watch.h"

#include "base/clock.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  MOST_DEPTH = 64,    /* as file_walk() */
  MOST_WRITING = 32,  /* files that are being written at a time; of more only the quiet counts */
  EVENT_BYTES = 32768 /* read at once */
};

static const uint32_t TREE_EVENTS = IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                    IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
static const uint32_t ABOVE_EVENTS = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB;
static const uint32_t SHAPE_EVENTS = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
static const uint32_t GONE_EVENTS = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT;

/** A folder with a watch, and why; one folder may have several reasons, and they share a descriptor. */
struct place {
  int wd;
  char *path;
  char *name; /* the one name that matters in it; NULL: a folder of the tree, where all do */
  bool above; /* `name` is part of the way to the tree, rather than a linked file */
  dev_t device;
  ino_t inode;
};

struct folder_watch {
  char *top;  /* absolute */
  int events; /* the inotify descriptor; -1 when the system refused */
  int wake;   /* an eventfd */
  struct place *places;
  size_t place_count, place_room;
  char *writing[MOST_WRITING]; /* files that somebody has begun to write and not yet closed */
  int writing_count;
  int64_t first_ns; /* of the changes not yet told; 0: none */
  int64_t last_ns;
};

/* ---- which names matter ---- */

static bool ends_with(const char *name, const char *suffix) {
  size_t length = strlen(name), wanted = strlen(suffix);
  return length >= wanted && strcmp(name + length - wanted, suffix) == 0;
}

/* Of these every change matters. */
static bool is_script(const char *name) {
  return name[0] != '.' && (ends_with(name, ".lua") || ends_with(name, ".html") || ends_with(name, ".sql"));
}

/*
 * What editors and version control leave for a moment. A name with a dot in front is not part of the tree, except two
 * dots: a deployment that swaps a whole folder at once links through such a one.
 */
static bool is_passing(const char *name) {
  static const char *const suffixes[] = {"~",     ".swp",  ".swo", ".swx",         ".tmp",         ".part",
                                         ".lock", ".orig", ".rej", "___jb_tmp___", "___jb_old___", NULL};
  if (name[0] == '.')
    return name[1] != '.';
  if (strcmp(name, "4913") == 0 || (name[0] == '#' && ends_with(name, "#")))
    return true;
  for (const char *const *suffix = suffixes; *suffix; suffix++)
    if (ends_with(name, *suffix))
      return true;
  return false;
}

/* ---- making the watches ---- */

static void forget_places(struct folder_watch *watch) {
  for (size_t i = 0; i < watch->place_count; i++) {
    free(watch->places[i].path);
    free(watch->places[i].name);
  }
  watch->place_count = 0;
}

static void forget_writing(struct folder_watch *watch) {
  while (watch->writing_count > 0)
    free(watch->writing[--watch->writing_count]);
}

/* Watches one folder; a folder that has gone meanwhile is none. `errno` says why not. */
static bool add_place(struct folder_watch *watch, const char *path, const char *name, bool above,
                      const struct stat *about) {
  if (watch->place_count == watch->place_room) {
    size_t room = watch->place_room ? 2 * watch->place_room : 32;
    struct place *places = realloc(watch->places, room * sizeof *places);
    if (!places)
      return false;
    watch->places = places;
    watch->place_room = room;
  }
  int wd = inotify_add_watch(watch->events, path, (above ? ABOVE_EVENTS : TREE_EVENTS) | IN_MASK_ADD | IN_ONLYDIR);
  if (wd < 0) /* what is not there, or not to be read by this user, is not part of the tree */
    return errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ELOOP;
  struct place place = {.wd = wd, .path = strdup(path), .name = name ? strdup(name) : NULL, .above = above};
  if (about) {
    place.device = about->st_dev;
    place.inode = about->st_ino;
  }
  if (!place.path || (name && !place.name)) {
    free(place.path);
    free(place.name);
    errno = ENOMEM;
    return false;
  }
  watch->places[watch->place_count++] = place;
  return true;
}

static bool has_tree_folder(const struct folder_watch *watch, const struct stat *about) {
  for (size_t i = 0; i < watch->place_count; i++)
    if (!watch->places[i].name && watch->places[i].device == about->st_dev && watch->places[i].inode == about->st_ino)
      return true;
  return false;
}

/* A linked file is watched where it is: an editor over there replaces it by a rename. */
static bool add_link_target(struct folder_watch *watch, const char *path) {
  char *target = realpath(path, NULL);
  if (!target)
    return errno != ENOMEM; /* a link that leads nowhere: reading the tree will say so */
  char *slash = strrchr(target, '/');
  *slash = '\0';
  bool added = add_place(watch, slash == target ? "/" : target, slash + 1, false, NULL);
  free(target);
  return added;
}

static bool add_tree(struct folder_watch *watch, const char *path, int depth);

static bool add_entry(struct folder_watch *watch, const char *folder, const struct dirent *entry, int depth) {
  if (entry->d_name[0] == '.' && entry->d_name[1] != '.')
    return true;
  char *path = file_join(folder, entry->d_name);
  struct stat about, link;
  bool added = path != NULL;
  if (path && entry->d_type != DT_REG && stat(path, &about) == 0 && lstat(path, &link) == 0) {
    if (S_ISDIR(about.st_mode))
      added = add_tree(watch, path, depth + 1);
    else if (S_ISLNK(link.st_mode))
      added = add_link_target(watch, path);
  }
  free(path);
  return added;
}

/* Watches a folder and all below it, each once, so that a loop of links ends. The watch comes before the look, so that
 * what is made meanwhile is seen by one of them. */
static bool add_tree(struct folder_watch *watch, const char *path, int depth) {
  struct stat about;
  if (stat(path, &about) != 0 || has_tree_folder(watch, &about) || depth > MOST_DEPTH)
    return true;
  if (!add_place(watch, path, NULL, false, &about))
    return false;
  DIR *folder = opendir(path);
  if (!folder)
    return errno != ENOMEM && errno != EMFILE && errno != ENFILE;
  bool added = true;
  for (const struct dirent *entry; added && (entry = readdir(folder)) != NULL;)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      added = add_entry(watch, path, entry, depth);
  int error = errno;
  closedir(folder);
  errno = error;
  return added;
}

/* Watches each folder on the way to the top for the next name on it. */
static bool add_above(struct folder_watch *watch) {
  char *path = strdup(watch->top);
  bool added = path != NULL;
  for (char *slash; added && (slash = strrchr(path, '/')) != NULL;) {
    *slash = '\0';
    if (slash[1])
      added = add_place(watch, slash == path ? "/" : path, slash + 1, true, NULL);
  }
  free(path);
  return added;
}

/* Makes all watches on a fresh descriptor. */
static enum mulligan_status watch_anew(struct folder_watch *watch, struct fault *fault) {
  int before = watch->events;
  forget_places(watch);
  watch->events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  bool made = watch->events >= 0 && add_above(watch) && add_tree(watch, watch->top, 0);
  int error = errno;
  if (before >= 0)
    close(before);
  if (made)
    return MULLIGAN_OK;
  if (watch->events >= 0)
    close(watch->events);
  watch->events = -1;
  if (error == ENOSPC)
    return fault_set(fault, MULLIGAN_ERROR, "cannot watch %s: the limit fs.inotify.max_user_watches is reached",
                     watch->top);
  if (error == EMFILE)
    return fault_set(fault, MULLIGAN_ERROR, "cannot watch %s: the limit fs.inotify.max_user_instances is reached",
                     watch->top);
  return fault_set(fault, MULLIGAN_ERROR, "cannot watch %s: %s", watch->top, strerror(error));
}

/* ---- what the events mean ---- */

/* Notes whether a script is half-written: of `path`, `begun` or ended. */
static void note_writing(struct folder_watch *watch, const char *path, bool begun) {
  int index = 0;
  while (index < watch->writing_count && strcmp(watch->writing[index], path) != 0)
    index++;
  if (begun && index == watch->writing_count && index < MOST_WRITING) {
    char *copy = strdup(path);
    if (copy)
      watch->writing[watch->writing_count++] = copy;
  } else if (!begun && index < watch->writing_count) {
    free(watch->writing[index]);
    watch->writing[index] = watch->writing[--watch->writing_count];
  }
}

/* What happened to the name `event->name` in `place`. True if it may be a link that came, which has to be followed. */
static bool look_at_name(struct folder_watch *watch, const struct place *place, const struct inotify_event *event) {
  char *path = file_join(place->path, event->name);
  if (!path)
    return true;
  struct stat about;
  bool regular = lstat(path, &about) == 0 && S_ISREG(about.st_mode);
  if (event->mask & IN_MODIFY)
    note_writing(watch, path, true);
  else if (event->mask & IN_CREATE) /* just made and empty: its writer is about to fill it */
    note_writing(watch, path, regular && about.st_size == 0);
  else if (!(event->mask & IN_ATTRIB))
    note_writing(watch, path, false);
  free(path);
  return !regular;
}

/* Is it a change in a folder of the tree? `*shape` is set where the tree's shape may be another one now. */
static bool matters_in_tree(struct folder_watch *watch, const struct place *place, const struct inotify_event *event,
                            bool *shape) {
  const char *name = event->len ? event->name : "";
  if (!name[0] || is_passing(name))
    return false;
  if (event->mask & IN_ISDIR) {
    bool changed = (event->mask & (SHAPE_EVENTS | IN_ATTRIB)) != 0;
    *shape = *shape || changed;
    return changed;
  }
  if (!is_script(name)) {
    /* That such a file is written is no change; that its name comes or goes may be that of a link to a folder. */
    *shape = *shape || (event->mask & SHAPE_EVENTS);
    return (event->mask & SHAPE_EVENTS) != 0;
  }
  *shape = look_at_name(watch, place, event) || *shape;
  return true;
}

static bool matters(struct folder_watch *watch, const struct inotify_event *event, bool *shape) {
  if (event->mask & IN_Q_OVERFLOW) /* who knows what was lost */
    return *shape = true;
  bool found = false;
  for (size_t i = 0; i < watch->place_count; i++) {
    const struct place *place = &watch->places[i];
    if (place->wd != event->wd)
      continue;
    if (event->mask & GONE_EVENTS) {
      found = *shape = true;
    } else if (!place->name) {
      found = matters_in_tree(watch, place, event, shape) || found;
    } else if (event->len && strcmp(event->name, place->name) == 0) {
      *shape = look_at_name(watch, place, event) || place->above || *shape;
      found = true;
    }
  }
  return found;
}

/* Reads what has come and notes the changes. */
static enum mulligan_status take_events(struct folder_watch *watch, struct fault *fault) {
  _Alignas(struct inotify_event) char bytes[EVENT_BYTES];
  bool shape = false;
  for (;;) {
    ssize_t length = read(watch->events, bytes, sizeof bytes);
    if (length < 0 && errno == EINTR)
      continue;
    if (length <= 0)
      break;
    for (const char *at = bytes; at < bytes + length;) {
      const struct inotify_event *event = (const void *)at;
      if (matters(watch, event, &shape)) {
        watch->last_ns = clock_monotonic_ns();
        if (watch->first_ns == 0)
          watch->first_ns = watch->last_ns;
      }
      at += sizeof *event + event->len;
    }
  }
  return shape ? watch_anew(watch, fault) : MULLIGAN_OK;
}

/* ---- waiting ---- */

enum mulligan_status folder_watch_open(struct folder_watch **out, const char *folder, struct fault *fault) {
  *out = NULL;
  struct folder_watch *watch = calloc(1, sizeof *watch);
  char *here = folder[0] == '/' ? NULL : getcwd(NULL, 0);
  if (watch) {
    watch->events = -1;
    watch->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    watch->top = folder[0] == '/' ? strdup(folder) : here ? file_join(here, folder) : NULL;
  }
  free(here);
  enum mulligan_status status = MULLIGAN_OK;
  if (!watch || !watch->top)
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  else if (watch->wake < 0)
    status = fault_set(fault, MULLIGAN_ERROR, "cannot watch %s: %s", folder, strerror(errno));
  else
    status = watch_anew(watch, fault);
  if (status != MULLIGAN_OK) {
    folder_watch_close(watch);
    return status;
  }
  *out = watch;
  return MULLIGAN_OK;
}

void folder_watch_close(struct folder_watch *watch) {
  if (!watch)
    return;
  forget_places(watch);
  forget_writing(watch);
  free(watch->places);
  if (watch->events >= 0)
    close(watch->events);
  if (watch->wake >= 0)
    close(watch->wake);
  free(watch->top);
  free(watch);
}

void folder_watch_wake(struct folder_watch *watch) {
  int error = errno; /* a signal handler leaves no trace */
  uint64_t one = 1;
  if (write(watch->wake, &one, sizeof one) < 0) {
    /* The counter is at its most: it is awake already. */
  }
  errno = error;
}

static bool was_woken(struct folder_watch *watch) {
  uint64_t count;
  return read(watch->wake, &count, sizeof count) == (ssize_t)sizeof count;
}

/* When the changes seen so far are to be told: once quiet, where nobody has a file half-written, and not too late. */
static int64_t telling_ns(const struct folder_watch *watch) {
  int64_t latest = watch->first_ns + FOLDER_WATCH_MOST_MS * INT64_C(1000000);
  int64_t quiet = watch->last_ns + FOLDER_WATCH_QUIET_MS * INT64_C(1000000);
  return watch->writing_count > 0 || quiet > latest ? latest : quiet;
}

static int milliseconds_until(int64_t moment_ns, int64_t now_ns) {
  int64_t rest = (moment_ns - now_ns + 999999) / 1000000;
  return rest < 0 ? 0 : rest > INT_MAX ? INT_MAX : (int)rest;
}

enum mulligan_status folder_watch_wait(struct folder_watch *watch, int timeout_ms, struct fault *fault) {
  int64_t until_ns = timeout_ms < 0 ? INT64_MAX : clock_monotonic_ns() + timeout_ms * INT64_C(1000000);
  if (watch->events < 0) /* a refusal may have been for the moment */
    watch_anew(watch, NULL);
  for (;;) {
    enum mulligan_status status = watch->events < 0 ? MULLIGAN_OK : take_events(watch, fault);
    if (status != MULLIGAN_OK)
      return status;
    if (was_woken(watch))
      return fault_set(fault, MULLIGAN_BUSY, "woken");
    int64_t now_ns = clock_monotonic_ns();
    if (watch->first_ns != 0 && now_ns >= telling_ns(watch)) {
      watch->first_ns = 0;
      forget_writing(watch);
      return MULLIGAN_OK;
    }
    if (now_ns >= until_ns)
      return fault_set(fault, MULLIGAN_BUSY, "nothing has changed");
    int64_t next_ns = watch->first_ns != 0 && telling_ns(watch) < until_ns ? telling_ns(watch) : until_ns;
    struct pollfd ready[] = {{.fd = watch->wake, .events = POLLIN}, {.fd = watch->events, .events = POLLIN}};
    poll(ready, watch->events < 0 ? 1 : 2, next_ns == INT64_MAX ? -1 : milliseconds_until(next_ns, now_ns));
  }
}
