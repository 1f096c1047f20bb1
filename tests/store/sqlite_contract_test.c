/* SPDX-License-Identifier: Apache-2.0 */
/* store/sqlite_contract_test.c -- the SQLite store keeps the contract, durable and relaxed. */
#include "support/test.h"

#include <stardeleg/store_sqlite.h>

#include "support/store_contract.h"

static int relaxed;

static stardeleg_store *open_sqlite(void)
{
  stardeleg_sqlite_options options;
  stardeleg_store *store = NULL;
  char path[512];
  char why[256] = "";

  (void)snprintf(path, sizeof path, "%s/store.db", test_directory());
  stardeleg_sqlite_options_default(&options);
  options.relaxed = relaxed;
  if (stardeleg_store_sqlite_open(&store, path, &options, why, sizeof why) != STARDELEG_OK) {
    print_error("%s\n", why);
  }
  return store;
}

int main(void)
{
  int failed = store_contract_run("sqlite, durable", open_sqlite);

  relaxed = 1;
  return failed + store_contract_run("sqlite, relaxed", open_sqlite);
}
