/* SPDX-License-Identifier: Apache-2.0 */
/* template/csr_template_schema.h -- made by sdg_cddl_gen from csr-template.cddl: change that file and run it again. */
#ifndef SDG_CSR_TEMPLATE_SCHEMA_H
#define SDG_CSR_TEMPLATE_SCHEMA_H

#include "cddl/cddl_table.h"

extern const sdg_cddl_schema sdg_csr_template_schema;

#endif /* SDG_CSR_TEMPLATE_SCHEMA_H */
