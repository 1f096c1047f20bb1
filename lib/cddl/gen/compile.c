/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/compile.c -- the stages one after the other. */
#include "cddl/gen/emit.h"

bool sdg_gen_compile(sdg_gen *gen, const char *source, size_t len, sdg_gen_model *model)
{
  sdg_gen_syntax *syntax = sdg_gen_alloc(gen, 1, sizeof *syntax);

  return sdg_gen_parse(gen, source, len, syntax) && sdg_gen_resolve(gen, syntax, model);
}

sdg_cddl_schema sdg_gen_schema(const sdg_gen_model *model)
{
  return (sdg_cddl_schema){
      .layout = SDG_CDDL_LAYOUT,
      .text = model->text,
      .nodes = model->nodes,
      .lists = model->lists,
      .dfas = model->dfas,
      .rules = model->rules,
      .node_count = (uint32_t)model->node_count,
      .list_count = (uint32_t)model->list_count,
      .dfa_count = (uint32_t)model->dfa_count,
      .rule_count = (uint32_t)model->rule_count,
  };
}
