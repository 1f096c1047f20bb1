/* SPDX-License-Identifier: Apache-2.0 */
/* store/memory/tree.c -- an AVL tree.  Its height stays under 1.45 log2(n), so recursion is harmless. */
#include "store/memory/tree.h"

#include <stddef.h>

static int height_of(const sdg_tree_link *link)
{
  return link == NULL ? 0 : link->height;
}

static void measure(sdg_tree_link *link)
{
  int left = height_of(link->child[0]);
  int right = height_of(link->child[1]);

  link->height = 1 + (left > right ? left : right);
}

/* Lifts the child on |side| over |link|; returns the new top. */
static sdg_tree_link *rotate(sdg_tree_link *link, int side)
{
  sdg_tree_link *top = link->child[side];

  link->child[side] = top->child[!side];
  top->child[!side] = link;
  measure(link);
  measure(top);
  return top;
}

static sdg_tree_link *balance(sdg_tree_link *link)
{
  int lean = height_of(link->child[1]) - height_of(link->child[0]);
  int side = lean > 0;
  sdg_tree_link *child = link->child[side];

  if (lean >= -1 && lean <= 1) {
    measure(link);
    return link;
  }
  if (height_of(child->child[!side]) > height_of(child->child[side])) {
    link->child[side] = rotate(child, !side);
  }
  return rotate(link, side);
}

static sdg_tree_link *insert_below(const sdg_tree *tree, sdg_tree_link *at, const void *probe, sdg_tree_link *link)
{
  int side;

  if (at == NULL) {
    return link;
  }
  side = tree->compare(probe, at) > 0;
  at->child[side] = insert_below(tree, at->child[side], probe, link);
  return balance(at);
}

void sdg_tree_insert(sdg_tree *tree, const void *probe, sdg_tree_link *link)
{
  link->child[0] = NULL;
  link->child[1] = NULL;
  link->height = 1;
  tree->root = insert_below(tree, tree->root, probe, link);
}

/* Takes the first item below |at| out into |*first|; returns what is left. */
static sdg_tree_link *detach_first(sdg_tree_link *at, sdg_tree_link **first)
{
  if (at->child[0] == NULL) {
    *first = at;
    return at->child[1];
  }
  at->child[0] = detach_first(at->child[0], first);
  return balance(at);
}

static sdg_tree_link *remove_below(const sdg_tree *tree, sdg_tree_link *at, const void *probe)
{
  int order;
  sdg_tree_link *next = NULL;
  sdg_tree_link *rest;

  if (at == NULL) {
    return NULL;
  }
  order = tree->compare(probe, at);
  if (order != 0) {
    at->child[order > 0] = remove_below(tree, at->child[order > 0], probe);
    return balance(at);
  }
  if (at->child[0] == NULL || at->child[1] == NULL) {
    return at->child[at->child[0] == NULL];
  }
  rest = detach_first(at->child[1], &next);
  next->child[0] = at->child[0];
  next->child[1] = rest;
  return balance(next);
}

void sdg_tree_remove(sdg_tree *tree, const void *probe)
{
  tree->root = remove_below(tree, tree->root, probe);
}

sdg_tree_link *sdg_tree_find(const sdg_tree *tree, const void *probe)
{
  sdg_tree_link *at = tree->root;

  while (at != NULL) {
    int order = tree->compare(probe, at);

    if (order == 0) {
      return at;
    }
    at = at->child[order > 0];
  }
  return NULL;
}

sdg_tree_link *sdg_tree_above(const sdg_tree *tree, const void *probe)
{
  sdg_tree_link *at = tree->root;
  sdg_tree_link *best = NULL;

  while (at != NULL) {
    if (tree->compare(probe, at) < 0) {
      best = at;
      at = at->child[0];
    } else {
      at = at->child[1];
    }
  }
  return best;
}
