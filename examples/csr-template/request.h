/* SPDX-License-Identifier: Apache-2.0 */
/* csr-template/request.h -- requests as files: PEM or DER. */
#ifndef EXAMPLE_CSR_TEMPLATE_REQUEST_H
#define EXAMPLE_CSR_TEMPLATE_REQUEST_H

#include <stddef.h>
#include <stdint.h>

/* Turns PEM in |data| into DER in place; anything that is not PEM is left as it is (DER speaks for itself).  Returns
 * the length, 0 for PEM that is broken. */
size_t request_decode(char *data, size_t len);
/* PEM of |der|; free() it; NULL for lack of memory. */
char *request_encode(const uint8_t *der, size_t len);

#endif /* EXAMPLE_CSR_TEMPLATE_REQUEST_H */
