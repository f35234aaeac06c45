/**
 * matcher.c - Aho and Corasick's automaton.
 *
 * Called by taint_text.c. The patterns form a tree, one node a byte; each node knows where to go on when the next byte
 * leads nowhere (`fail`: the node of the longest proper suffix that begins a pattern too) and which pattern ends at it
 * (`hit`). Edges are kept in one hash table rather than 256 a node, so that a matcher for a handful of passwords takes
 * a few kilobytes.
 *
 * Invariants: node 0 is the root; `fail` and `hit` of a node are set from nodes nearer to the root.
 */
#include "base/matcher.h"

#include <assert.h>
#include <stdlib.h>

enum { ROOT = 0, FIRST_NODES = 64, EDGES_PER_NODE = 2 };

struct node {
  uint32_t parent;
  uint32_t fail;
  uint32_t hit;  /* the nearest node along `fail`, from this one on, where a pattern ends; ROOT for none */
  uint32_t peer; /* the next node of the same depth */
  uint16_t depth;
  unsigned char byte; /* that leads here from `parent` */
  bool ends;          /* a pattern ends here */
  bool alone;
};

/** From `node` by `byte`, packed into `key`, to `target`. An unused slot has target ROOT, to which no edge leads. */
struct edge {
  uint64_t key;
  uint32_t target;
};

struct matcher {
  struct node *nodes;
  size_t count, room;
  struct edge *edges;
  size_t slots; /* a power of two */
  uint32_t roots[256];
  uint32_t level[MULLIGAN_PATTERN_MOST + 1]; /* the last node of each depth; those before it along `peer` */
};

static unsigned char fold(unsigned char byte) {
  return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte - 'A' + 'a') : byte;
}

/* ---- edges ---- */

static struct edge *slot_of(const struct matcher *matcher, uint32_t node, unsigned char byte) {
  uint64_t key = (uint64_t)node << 8 | byte;
  size_t at = (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (matcher->slots - 1);
  while (matcher->edges[at].target != ROOT && matcher->edges[at].key != key)
    at = (at + 1) & (matcher->slots - 1);
  return &matcher->edges[at];
}

/** Where an edge leads; ROOT if there is none. */
static uint32_t edge_from(const struct matcher *matcher, uint32_t node, unsigned char byte) {
  return node == ROOT ? matcher->roots[byte] : slot_of(matcher, node, byte)->target;
}

static void put_edge(struct matcher *matcher, uint32_t node, unsigned char byte, uint32_t target) {
  if (node == ROOT)
    matcher->roots[byte] = target;
  else
    *slot_of(matcher, node, byte) = (struct edge){(uint64_t)node << 8 | byte, target};
}

/** Makes room for `more` nodes and their edges. */
static bool make_room(struct matcher *matcher, size_t more) {
  if (matcher->room - matcher->count >= more)
    return true;
  size_t room = matcher->room;
  while (room - matcher->count < more)
    room *= 2;
  struct node *nodes = realloc(matcher->nodes, room * sizeof *nodes);
  if (nodes == NULL)
    return false;
  matcher->nodes = nodes;
  struct edge *edges = calloc(room * EDGES_PER_NODE, sizeof *edges);
  if (edges == NULL)
    return false;
  free(matcher->edges);
  matcher->edges = edges;
  matcher->slots = room * EDGES_PER_NODE;
  matcher->room = room;
  for (uint32_t i = 1; i < matcher->count; i++)
    put_edge(matcher, nodes[i].parent, nodes[i].byte, i);
  return true;
}

/* ---- building ---- */

struct matcher *matcher_create(void) {
  struct matcher *matcher = calloc(1, sizeof *matcher);
  if (matcher == NULL)
    return NULL;
  matcher->nodes = calloc(FIRST_NODES, sizeof *matcher->nodes);
  matcher->edges = calloc(FIRST_NODES * EDGES_PER_NODE, sizeof *matcher->edges);
  if (matcher->nodes == NULL || matcher->edges == NULL) {
    matcher_destroy(matcher);
    return NULL;
  }
  matcher->count = 1;
  matcher->room = FIRST_NODES;
  matcher->slots = FIRST_NODES * EDGES_PER_NODE;
  return matcher;
}

void matcher_destroy(struct matcher *matcher) {
  if (matcher == NULL)
    return;
  free(matcher->nodes);
  free(matcher->edges);
  free(matcher);
}

bool matcher_add(struct matcher *matcher, const char *pattern, size_t length, bool alone) {
  assert(length > 0 && length <= MULLIGAN_PATTERN_MOST);
  if (!make_room(matcher, length))
    return false;
  uint32_t at = ROOT;
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = fold((unsigned char)pattern[i]);
    uint32_t next = edge_from(matcher, at, byte);
    if (next == ROOT) {
      next = (uint32_t)matcher->count++;
      matcher->nodes[next] =
          (struct node){.parent = at, .depth = (uint16_t)(i + 1), .byte = byte, .peer = matcher->level[i + 1]};
      matcher->level[i + 1] = next;
      put_edge(matcher, at, byte, next);
    }
    at = next;
  }
  struct node *end = &matcher->nodes[at];
  end->alone = alone && (!end->ends || end->alone);
  end->ends = true;
  return true;
}

void matcher_finish(struct matcher *matcher) {
  struct node *nodes = matcher->nodes;
  for (size_t depth = 1; depth <= MULLIGAN_PATTERN_MOST; depth++) {
    for (uint32_t i = matcher->level[depth]; i != ROOT; i = nodes[i].peer) {
      struct node *node = &nodes[i];
      /* What may follow the parent's longest suffix, or a shorter one of them. A node is no suffix of itself. */
      node->fail = depth == 1 ? ROOT : matcher_step(matcher, nodes[node->parent].fail, node->byte);
      node->hit = node->ends ? i : nodes[node->fail].hit;
    }
  }
}

/* ---- searching ---- */

matcher_place matcher_step(const struct matcher *matcher, matcher_place place, unsigned char byte) {
  byte = fold(byte);
  for (;;) {
    uint32_t next = edge_from(matcher, place, byte);
    if (next != ROOT || place == ROOT)
      return next;
    place = matcher->nodes[place].fail;
  }
}

static struct matcher_hit hit_at(const struct matcher *matcher, uint32_t node) {
  return (struct matcher_hit){node, matcher->nodes[node].depth, matcher->nodes[node].alone};
}

struct matcher_hit matcher_longest(const struct matcher *matcher, matcher_place place) {
  return hit_at(matcher, matcher->nodes[place].hit);
}

struct matcher_hit matcher_shorter(const struct matcher *matcher, struct matcher_hit hit) {
  return hit_at(matcher, matcher->nodes[matcher->nodes[hit.node].fail].hit);
}

size_t matcher_depth(const struct matcher *matcher, matcher_place place) {
  return matcher->nodes[place].depth;
}
