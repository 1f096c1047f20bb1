/* SPDX-License-Identifier: Apache-2.0 */
/* store/memory/tree.h -- a balanced (AVL) tree whose links live inside its items, so that no change can fail. */
#ifndef SDG_STORE_MEMORY_TREE_H
#define SDG_STORE_MEMORY_TREE_H

/* Lives inside an item. */
typedef struct sdg_tree_link {
  struct sdg_tree_link *child[2];
  int height;
} sdg_tree_link;

/* How |probe| stands to the item of |link|: below 0, 0 or above 0. */
typedef int (*sdg_tree_compare)(const void *probe, const sdg_tree_link *link);

typedef struct sdg_tree {
  sdg_tree_link *root;
  sdg_tree_compare compare;
} sdg_tree;

/* Adds |link| at the place of |probe|, where there must be nothing yet. */
void sdg_tree_insert(sdg_tree *tree, const void *probe, sdg_tree_link *link);
/* Takes out the item at |probe|, which must be there. */
void sdg_tree_remove(sdg_tree *tree, const void *probe);
/* The item at |probe|; NULL if there is none. */
sdg_tree_link *sdg_tree_find(const sdg_tree *tree, const void *probe);
/* The first item behind |probe|; NULL if there is none. */
sdg_tree_link *sdg_tree_above(const sdg_tree *tree, const void *probe);

#endif /* SDG_STORE_MEMORY_TREE_H */
