/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/mbedtls/ecdsa.c -- ECDSA verification (SEC 1 4.1.4), with a kept table for keys that are used again.
 *
 * Most of a verification is u2 * Q: mbedTLS builds a table of multiples of Q, uses it once and throws it away; only the
 * table of the group's own base point is kept.  So, from its second verification on, a key carries a copy of its group
 * in which Q stands as the base point: the same curve, and the table stays.  A third of the time is saved. */
#include "crypto/mbedtls/mbed.h"

#include <stdlib.h>

#include <mbedtls/bignum.h>
#include <mbedtls/ecdsa.h>

typedef struct numbers {
  mbedtls_mpi e, w, u1, u2, one;
  mbedtls_ecp_point a, b, sum;
} numbers;

static void init_numbers(numbers *x)
{
  mbedtls_mpi_init(&x->e);
  mbedtls_mpi_init(&x->w);
  mbedtls_mpi_init(&x->u1);
  mbedtls_mpi_init(&x->u2);
  mbedtls_mpi_init(&x->one);
  mbedtls_ecp_point_init(&x->a);
  mbedtls_ecp_point_init(&x->b);
  mbedtls_ecp_point_init(&x->sum);
}

static void free_numbers(numbers *x)
{
  mbedtls_mpi_free(&x->e);
  mbedtls_mpi_free(&x->w);
  mbedtls_mpi_free(&x->u1);
  mbedtls_mpi_free(&x->u2);
  mbedtls_mpi_free(&x->one);
  mbedtls_ecp_point_free(&x->a);
  mbedtls_ecp_point_free(&x->b);
  mbedtls_ecp_point_free(&x->sum);
}

static bool is_in_range(const mbedtls_mpi *value, const mbedtls_mpi *order)
{
  return mbedtls_mpi_cmp_int(value, 1) >= 0 && mbedtls_mpi_cmp_mpi(value, order) < 0;
}

/* u1 = e / s, u2 = r / s, modulo the order. */
static int split(numbers *x, const mbedtls_mpi *order, const sdg_mbed_digest *digest, const mbedtls_mpi *r,
                 const mbedtls_mpi *s)
{
  /* SEC 1 4.1.4: no more bits of the hash than the order has; orders that a hash can exceed are whole bytes. */
  const size_t order_len = (mbedtls_mpi_bitlen(order) + 7) / 8;
  int ret = mbedtls_mpi_read_binary(&x->e, digest->bytes, digest->len < order_len ? digest->len : order_len);

  if (ret == 0) {
    ret = mbedtls_mpi_inv_mod(&x->w, s, order);
  }
  if (ret == 0) {
    ret = mbedtls_mpi_mul_mpi(&x->u1, &x->e, &x->w);
  }
  if (ret == 0) {
    ret = mbedtls_mpi_mod_mpi(&x->u1, &x->u1, order);
  }
  if (ret == 0) {
    ret = mbedtls_mpi_mul_mpi(&x->u2, r, &x->w);
  }
  return ret == 0 ? mbedtls_mpi_mod_mpi(&x->u2, &x->u2, order) : ret;
}

/* sum = u1 * G + u2 * Q */
static int combine(numbers *x, mbedtls_ecp_group *group, mbedtls_ecp_group *table, sdg_mbed_thread *thread)
{
  int ret = mbedtls_ecp_mul(group, &x->a, &x->u1, &group->G, sdg_mbed_rng, thread);

  if (ret == 0) {
    ret = mbedtls_ecp_mul(table, &x->b, &x->u2, &table->G, sdg_mbed_rng, thread);
  }
  if (ret == 0) {
    ret = mbedtls_mpi_lset(&x->one, 1);
  }
  return ret == 0 ? mbedtls_ecp_muladd(group, &x->sum, &x->one, &x->a, &x->one, &x->b) : ret;
}

static int verify_with(mbedtls_ecp_group *table, sdg_mbed_thread *thread, const sdg_mbed_key *key,
                       const sdg_mbed_digest *digest, const mbedtls_mpi *r, const mbedtls_mpi *s)
{
  mbedtls_ecp_group *group = sdg_mbed_group(thread, key->info.bits);
  const mbedtls_mpi *order = &group->N;
  numbers x;
  int ret;

  if (!is_in_range(r, order) || !is_in_range(s, order)) {
    return MBEDTLS_ERR_ECP_VERIFY_FAILED;
  }
  init_numbers(&x);
  ret = split(&x, order, digest, r, s);
  if (ret == 0 && mbedtls_mpi_cmp_int(&x.u1, 0) == 0) {
    /* A hash of zero; mbedtls_ecp_mul takes no zero, the plain way does. */
    ret = mbedtls_ecdsa_verify(group, digest->bytes, digest->len, &key->q, r, s);
    goto out;
  }
  if (ret == 0) {
    ret = combine(&x, group, table, thread);
  }
  if (ret == 0 && mbedtls_ecp_is_zero(&x.sum)) {
    ret = MBEDTLS_ERR_ECP_VERIFY_FAILED;
  }
  if (ret == 0) {
    ret = mbedtls_mpi_mod_mpi(&x.e, &x.sum.SDG_MBED_FIELD(X), order);
  }
  if (ret == 0 && mbedtls_mpi_cmp_mpi(&x.e, r) != 0) {
    ret = MBEDTLS_ERR_ECP_VERIFY_FAILED;
  }
out:
  free_numbers(&x);
  return ret;
}

/* The numbers of a group stand in read-only memory, which mbedtls_ecp_group_free() knows; only the point is our own. */
static void free_table(mbedtls_ecp_group *table)
{
  if (table != NULL) {
    mbedtls_ecp_point_free(&table->G);
    mbedtls_ecp_group_free(table);
    free(table);
  }
}

/* The key's group with Q as base point; NULL if it cannot be had.  mbedTLS 3 knows the tables of its curves at compile
 * time: there the group comes with the table of the true base point, which must never meet another. */
static mbedtls_ecp_group *make_table(const sdg_mbed_key *key, mbedtls_ecp_group_id id)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
  mbedtls_ecp_group *table = calloc(1, sizeof(*table));

  if (table == NULL) {
    return NULL;
  }
  mbedtls_ecp_group_init(table);
  if (mbedtls_ecp_group_load(table, id) != 0 || table->h != 1 || table->T != NULL) {
    mbedtls_ecp_group_free(table);
    free(table);
    return NULL;
  }
  mbedtls_ecp_point_init(&table->G); /* lets go of the read-only one */
  if (mbedtls_ecp_copy(&table->G, &key->q) != 0) {
    free_table(table);
    return NULL;
  }
  return table;
#else
  (void)key;
  (void)id;
  return NULL;
#endif
}

/* The table is filled by the first multiplication, here; only then is it shown to other threads, who only read. */
static int verify_and_keep(mbedtls_ecp_group *table, sdg_mbed_thread *thread, sdg_mbed_key *key,
                           const sdg_mbed_digest *digest, const mbedtls_mpi *r, const mbedtls_mpi *s)
{
  mbedtls_ecp_group *expected = NULL;
  int ret = verify_with(table, thread, key, digest, r, s);

  if (table->SDG_MBED_FIELD(T) == NULL ||
      !atomic_compare_exchange_strong_explicit(&key->table, &expected, table, memory_order_acq_rel,
                                               memory_order_relaxed)) {
    free_table(table);
  }
  return ret;
}

int sdg_mbed_ecdsa_verify(sdg_mbed_thread *thread, sdg_mbed_key *key, const sdg_mbed_digest *digest,
                          const mbedtls_mpi *r, const mbedtls_mpi *s)
{
  mbedtls_ecp_group *group = sdg_mbed_group(thread, key->info.bits);
  mbedtls_ecp_group *table = atomic_load_explicit(&key->table, memory_order_acquire);

  if (group == NULL) {
    return MBEDTLS_ERR_ECP_ALLOC_FAILED;
  }
  if (table != NULL) {
    return verify_with(table, thread, key, digest, r, s);
  }
  /* Keys that are read for one signature, a CSR's for example, do not pay for a table. */
  if (atomic_exchange_explicit(&key->used, true, memory_order_relaxed)) {
    table = make_table(key, group->id);
  }
  if (table != NULL) {
    return verify_and_keep(table, thread, key, digest, r, s);
  }
  return mbedtls_ecdsa_verify(group, digest->bytes, digest->len, &key->q, r, s); /* checks 0 < r, s < n first */
}

void sdg_mbed_table_free(sdg_mbed_key *key)
{
  free_table(atomic_load_explicit(&key->table, memory_order_acquire));
}
