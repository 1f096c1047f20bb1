/* SPDX-License-Identifier: Apache-2.0 */
/* csr-template/tn_auth_list.h -- the extension TNAuthList for templates (RFC 9115 5.2, RFC 8226 9, RFC 9448). */
#ifndef EXAMPLE_CSR_TEMPLATE_TN_AUTH_LIST_H
#define EXAMPLE_CSR_TEMPLATE_TN_AUTH_LIST_H

#include <stardeleg/template_extension.h>

/* For stardeleg_template_options.extensions.  Static. */
extern const stardeleg_template_extension tn_auth_list;

#endif /* EXAMPLE_CSR_TEMPLATE_TN_AUTH_LIST_H */
