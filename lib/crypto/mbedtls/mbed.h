/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/mbedtls/mbed.h -- what the files of this backend share. */
#ifndef SDG_CRYPTO_MBEDTLS_MBED_H
#define SDG_CRYPTO_MBEDTLS_MBED_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>

#include <stardeleg/crypto.h>
#include "crypto/crypto.h"
#include "crypto/mbedtls/compat.h"

#define SDG_MBED_CURVES 3

/* The provider.  What every operation needs lives in the thread (below), so nothing here is locked but the
 * entropy pool and the list of threads. */
typedef struct sdg_mbed {
  pthread_key_t key; /* -> sdg_mbed_thread */
  pthread_mutex_t lock;
  mbedtls_entropy_context entropy; /* under |lock| */
  struct sdg_mbed_thread *threads; /* under |lock| */
} sdg_mbed;

/* What one thread keeps: its random generator, and its curves with the table of multiples of the base point, which
 * mbedTLS fills at the first use; copied per operation, as mbedtls_pk_verify does, the table is built anew each time.
 */
typedef struct sdg_mbed_thread {
  struct sdg_mbed_thread *next;
  struct sdg_mbed_thread *prev;
  sdg_mbed *mbed;
  pid_t pid; /* of the process that seeded |drbg|; 0: not seeded */
  mbedtls_ctr_drbg_context drbg;
  mbedtls_ecp_group groups[SDG_MBED_CURVES]; /* P-256, P-384, P-521; id NONE until used */
} sdg_mbed_thread;

/* A key, public or private. */
typedef struct sdg_mbed_key {
  stardeleg_key_info info;
  mbedtls_ecp_point q;     /* EC: immutable */
  mbedtls_mpi d;           /* EC private: immutable */
  mbedtls_rsa_context rsa; /* RSA: immutable once read */
  mbedtls_rsa_context
      working;      /* RSA private, under |lock|: the copy that signs, with its blinding values and padding */
  bool has_working; /* under |lock| */
  pthread_mutex_t lock;
  _Atomic(mbedtls_ecp_group *) table; /* EC public: see ecdsa.c */
  atomic_bool used;
} sdg_mbed_key;

typedef struct sdg_mbed_digest {
  size_t len; /* may be longer than the order of the curve it goes with: ecdsa.c cuts it */
  uint8_t bytes[STARDELEG_HASH_MAX];
} sdg_mbed_digest;

/* --- thread.c --- */
/* The calling thread's state, made at the first call. */
STARDELEG_MUST_CHECK stardeleg_err sdg_mbed_thread_get(sdg_mbed_thread **out, sdg_mbed *mbed);
/* The group of a curve by field size; NULL for lack of memory. */
mbedtls_ecp_group *sdg_mbed_group(sdg_mbed_thread *thread, unsigned bits);
/* An mbedTLS f_rng; |thread| is the calling thread's sdg_mbed_thread. */
int sdg_mbed_rng(void *thread, unsigned char *out, size_t len);
/* For pthread_key_create. */
void sdg_mbed_thread_end(void *thread);
/* Frees what threads still have; none may be using the provider. */
void sdg_mbed_threads_free(sdg_mbed *mbed);

/* --- digest.c --- */
/* An mbedTLS error in our terms; |otherwise| unless it is about memory or randomness. */
stardeleg_err sdg_mbed_error(int ret, stardeleg_err otherwise);
mbedtls_md_type_t sdg_mbed_md(stardeleg_hash hash);
stardeleg_err sdg_mbed_hash(void *self, stardeleg_hash hash, const stardeleg_bytes *pieces, size_t n, uint8_t *out);
stardeleg_err sdg_mbed_hmac(void *self, stardeleg_hash hash, stardeleg_bytes key, const stardeleg_bytes *pieces,
                            size_t n, uint8_t *out);

/* --- handle.c --- */
/* An empty key; NULL for lack of memory. */
sdg_mbed_key *sdg_mbed_key_new(void);
/* Wipes and frees; NULL allowed. */
void sdg_mbed_key_free(void *self, void *handle);
/* Appends the SubjectPublicKeyInfo; the result is in the buffer's error. */
STARDELEG_MUST_CHECK stardeleg_err sdg_mbed_key_spki(sdg_mbed *mbed, const sdg_mbed_key *key, sdg_buf *out);

/* --- ecdsa.c --- */
/* 0, or an mbedTLS error; what is wrong with r or s is MBEDTLS_ERR_ECP_VERIFY_FAILED. */
int sdg_mbed_ecdsa_verify(sdg_mbed_thread *thread, sdg_mbed_key *key, const sdg_mbed_digest *digest,
                          const mbedtls_mpi *r, const mbedtls_mpi *s);
void sdg_mbed_table_free(sdg_mbed_key *key);

/* --- public.c --- */
stardeleg_err sdg_mbed_public_import(void *self, void **handle, stardeleg_key_info *info, stardeleg_bytes spki);
stardeleg_err sdg_mbed_verify(void *self, const void *handle, stardeleg_alg alg, const stardeleg_bytes *pieces,
                              size_t n, stardeleg_bytes signature);

/* --- private.c --- */
stardeleg_err sdg_mbed_key_generate(void *self, void **handle, stardeleg_key_spec spec);
stardeleg_err sdg_mbed_key_import(void *self, void **handle, stardeleg_bytes pkcs8);
stardeleg_err sdg_mbed_key_public(void *self, const void *handle, uint8_t *out, size_t cap, size_t *len);
stardeleg_err sdg_mbed_sign(void *self, void *handle, stardeleg_alg alg, const stardeleg_bytes *pieces, size_t n,
                            uint8_t *out, size_t *len);

/* --- export.c --- */
stardeleg_err sdg_mbed_key_export(void *self, const void *handle, uint8_t *out, size_t cap, size_t *len);

#endif /* SDG_CRYPTO_MBEDTLS_MBED_H */
