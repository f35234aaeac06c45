/**
 * generation.c - the snapshot of the scripts folder.
 *
 * Made by one thread (the command's at the start, the reloader's later) and shared by reference count from then on. The
 * first vm over it runs the routes files and so fills the route table; it is kept for the pool.
 */
#include "vm/generation.h"

#include "base/file.h"
#include "base/settings.h"
#include "vm/alert_template.h"
#include "vm/compiled.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SCRIPT_BYTES = 8 << 20, MOST_NAMED = 3 };

struct page {
  char *name;
  struct buf text;
};

struct generation {
  atomic_int references;
  int64_t number;
  struct vm_services services;       /* what its vms are made with; without settings until it is run */
  struct settings *settings;         /* its own; NULL where it goes by those of the program's start */
  struct generation_script *scripts; /* sorted by name */
  struct compiled *compiled;         /* one for each script */
  size_t script_count;
  struct page *pages;
  size_t page_count;
  struct route_table *routes;
  bool open; /* the first vm fills the route table */
  struct vm *first;
};

/* ---- reading the folder ---- */

static enum mulligan_status read_file(const char *folder, const char *name, struct buf *text, struct fault *fault) {
  char *path = file_join(folder, name);
  if (!path)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  buf_init(text, MOST_SCRIPT_BYTES);
  enum mulligan_status status = file_read(path, text, fault);
  free(path);
  return status;
}

static enum mulligan_status read_scripts(struct generation *generation, const char *folder, struct fault *fault) {
  struct file_list list;
  enum mulligan_status status = file_walk(folder, ".lua", &list, fault);
  if (status != MULLIGAN_OK)
    return status;
  generation->scripts = calloc(list.count + 1, sizeof *generation->scripts);
  generation->compiled = calloc(list.count + 1, sizeof *generation->compiled);
  if (!generation->scripts || !generation->compiled)
    status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  for (size_t i = 0; status == MULLIGAN_OK && i < list.count; i++) {
    struct buf text, chunk;
    status = read_file(folder, list.paths[i], &text, fault);
    if (status != MULLIGAN_OK) {
      buf_release(&text);
      break;
    }
    buf_init(&chunk, 4096);
    buf_addf(&chunk, "@scripts/%s", list.paths[i]);
    /* Some editors put a byte-order mark before a text in UTF-8; Lua's parser does not know it. */
    if (text.length >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0) {
      text.length -= 3;
      memmove(text.data, text.data + 3, text.length + 1);
    }
    struct generation_script *script = &generation->scripts[generation->script_count];
    script->compiled = &generation->compiled[generation->script_count++];
    script->length = text.length;
    script->source = buf_detach(&text);
    script->chunk = buf_detach(&chunk);
    script->name = list.paths[i];
    list.paths[i] = NULL; /* the script's now */
  }
  file_list_release(&list);
  return status;
}

static enum mulligan_status read_pages(struct generation *generation, const char *scripts, struct fault *fault) {
  char *folder = file_join(scripts, "pages");
  if (!folder)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  if (!file_exists(folder)) {
    free(folder);
    return MULLIGAN_OK;
  }
  struct file_list list;
  enum mulligan_status status = file_walk(folder, ".html", &list, fault);
  if (status == MULLIGAN_OK) {
    generation->pages = calloc(list.count + 1, sizeof *generation->pages);
    if (!generation->pages)
      status = fault_set(fault, MULLIGAN_NOMEM, "out of memory");
    for (size_t i = 0; status == MULLIGAN_OK && i < list.count; i++) {
      struct page *page = &generation->pages[generation->page_count++];
      page->name = list.paths[i];
      list.paths[i] = NULL;
      status = read_file(folder, page->name, &page->text, fault);
    }
    file_list_release(&list);
  }
  free(folder);
  return status;
}

struct generation *generation_create_empty(void) {
  struct generation *generation = calloc(1, sizeof *generation);
  if (!generation)
    return NULL;
  atomic_init(&generation->references, 1);
  generation->routes = route_table_create();
  if (!generation->routes) {
    free(generation);
    return NULL;
  }
  return generation;
}

enum mulligan_status generation_read(struct generation **out, const char *scripts, int64_t number,
                                     struct fault *fault) {
  *out = NULL;
  struct generation *generation = generation_create_empty();
  if (!generation)
    return fault_set(fault, MULLIGAN_NOMEM, "out of memory");
  generation->number = number;
  enum mulligan_status status = read_scripts(generation, scripts, fault);
  if (status == MULLIGAN_OK)
    status = read_pages(generation, scripts, fault);
  if (status != MULLIGAN_OK) {
    generation_drop(generation);
    return status;
  }
  *out = generation;
  return MULLIGAN_OK;
}

/* ---- running it ---- */

enum mulligan_status generation_run(struct generation *generation, const struct vm_services *services,
                                    struct settings *settings, struct fault *fault) {
  generation->services = *services;
  if (settings) {
    generation->settings = settings;
    generation->services.settings = settings;
  }
  generation->open = true;
  enum mulligan_status status =
      vm_create(&generation->first, &generation->services, generation, VM_KIND_REQUEST, NULL, fault);
  generation->open = false;
  if (status == MULLIGAN_OK)
    status = alert_template_check(generation->first, fault);
  /* The vm holds a reference of its own, which would keep the two alive for each other. */
  if (generation->first)
    atomic_fetch_sub(&generation->references, 1);
  return status;
}

enum mulligan_status generation_load(struct generation **out, const struct vm_services *services, int64_t number,
                                     bool routes, struct fault *fault) {
  enum mulligan_status status = generation_read(out, services->settings->scripts, number, fault);
  if (status == MULLIGAN_OK && routes && (status = generation_run(*out, services, NULL, fault)) != MULLIGAN_OK) {
    generation_drop(*out);
    *out = NULL;
  }
  return status;
}

struct generation *generation_hold(struct generation *generation) {
  atomic_fetch_add(&generation->references, 1);
  return generation;
}

void generation_drop(struct generation *generation) {
  if (!generation || atomic_fetch_sub(&generation->references, 1) != 1)
    return;
  if (generation->first) {
    /* Its vm drops the generation as it goes; that drop must not come here again. */
    struct vm *first = generation->first;
    generation->first = NULL;
    atomic_store(&generation->references, 2);
    vm_destroy(first);
  }
  for (size_t i = 0; i < generation->script_count; i++) {
    free((char *)generation->scripts[i].name);
    free((char *)generation->scripts[i].chunk);
    free((char *)generation->scripts[i].source);
    compiled_release(&generation->compiled[i]);
  }
  free(generation->scripts);
  free(generation->compiled);
  for (size_t i = 0; i < generation->page_count; i++) {
    free(generation->pages[i].name);
    buf_release(&generation->pages[i].text);
  }
  free(generation->pages);
  route_table_destroy(generation->routes);
  settings_destroy(generation->settings);
  free(generation);
}

struct vm *generation_take_vm(struct generation *generation) {
  struct vm *first = generation->first;
  if (first)
    generation_hold(generation);
  generation->first = NULL;
  return first;
}

/* ---- asking ---- */

int64_t generation_number(const struct generation *generation) {
  return generation->number;
}

const struct vm_services *generation_services(const struct generation *generation) {
  return &generation->services;
}

bool generation_is_void(const struct generation *generation) {
  return !generation->services.settings;
}

const struct route_table *generation_routes(const struct generation *generation) {
  return generation->routes;
}

struct route_table *generation_open_routes(struct generation *generation) {
  return generation->open ? generation->routes : NULL;
}

static int compare_name(const void *name, const void *script) {
  return strcmp(name, ((const struct generation_script *)script)->name);
}

const struct generation_script *generation_find(const struct generation *generation, const char *name) {
  return bsearch(name, generation->scripts, generation->script_count, sizeof *generation->scripts, compare_name);
}

const struct generation_script *generation_script_at(const struct generation *generation, const char *folder,
                                                     size_t index) {
  size_t length = strlen(folder);
  for (size_t i = 0; i < generation->script_count; i++)
    if (strncmp(generation->scripts[i].name, folder, length) == 0 && index-- == 0)
      return &generation->scripts[i];
  return NULL;
}

const char *generation_line(const struct generation *generation, const char *chunk, int line, size_t *length) {
  static const char prefix[] = "@scripts/";
  if (strncmp(chunk, prefix, sizeof prefix - 1) != 0)
    return NULL;
  const struct generation_script *script = generation_find(generation, chunk + sizeof prefix - 1);
  if (!script)
    return NULL;
  const char *at = script->source;
  while (--line > 0) {
    at = strchr(at, '\n');
    if (!at)
      return NULL;
    at++;
  }
  if (!*at)
    return NULL;
  *length = strcspn(at, "\r\n");
  return at;
}

static const struct page *find_page(const struct generation *generation, const char *name) {
  for (size_t i = 0; i < generation->page_count; i++)
    if (strcmp(generation->pages[i].name, name) == 0)
      return &generation->pages[i];
  return NULL;
}

const char *generation_page(const struct generation *generation, const char *name) {
  const struct page *page = find_page(generation, name);
  return page ? page->text.data : NULL;
}

const char *generation_page_at(const struct generation *generation, size_t index, const char **text, size_t *length) {
  if (index >= generation->page_count)
    return NULL;
  *text = generation->pages[index].text.data;
  *length = generation->pages[index].text.length;
  return generation->pages[index].name;
}

/* ---- comparing ---- */

/* The names that differ; beyond MOST_NAMED they are counted. */
struct differences {
  struct buf *out;
  size_t count;
};

static void add_difference(struct differences *differences, const char *folder, const char *name, const char *what) {
  if (differences->count++ < MOST_NAMED)
    buf_addf(differences->out, "%s%s%s%s", differences->count > 1 ? ", " : "", folder, name, what);
}

static bool same_bytes(const char *a, size_t a_length, const char *b, size_t b_length) {
  return a_length == b_length && memcmp(a, b, a_length) == 0;
}

static void compare_scripts(const struct generation *before, const struct generation *after,
                            struct differences *differences) {
  size_t b = 0, a = 0;
  while (b < before->script_count || a < after->script_count) {
    const struct generation_script *old = b < before->script_count ? &before->scripts[b] : NULL;
    const struct generation_script *new = a < after->script_count ? &after->scripts[a] : NULL;
    int order = !old ? 1 : !new ? -1 : strcmp(old->name, new->name);
    if (order < 0)
      add_difference(differences, "", old->name, " (gone)");
    else if (order > 0)
      add_difference(differences, "", new->name, " (new)");
    else if (!same_bytes(old->source, old->length, new->source, new->length))
      add_difference(differences, "", new->name, "");
    b += order <= 0;
    a += order >= 0;
  }
}

static void compare_pages(const struct generation *before, const struct generation *after,
                          struct differences *differences) {
  for (size_t i = 0; i < after->page_count; i++) {
    const struct page *new = &after->pages[i], *old = find_page(before, new->name);
    if (!old || !same_bytes(old->text.data, old->text.length, new->text.data, new->text.length))
      add_difference(differences, "pages/", new->name, old ? "" : " (new)");
  }
  for (size_t i = 0; i < before->page_count; i++)
    if (!find_page(after, before->pages[i].name))
      add_difference(differences, "pages/", before->pages[i].name, " (gone)");
}

void generation_differences(const struct generation *before, const struct generation *after, struct buf *out) {
  struct differences differences = {.out = out};
  compare_scripts(before, after, &differences);
  compare_pages(before, after, &differences);
  if (differences.count > MOST_NAMED)
    buf_addf(out, " and %zu more", differences.count - MOST_NAMED);
}
