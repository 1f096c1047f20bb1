/* SPDX-License-Identifier: Apache-2.0 */
/* cddl/gen/emit.c -- prints the tables as C. */
#include "cddl/gen/emit.h"

#include <inttypes.h>
#include <string.h>

#define LINE_MAX_LEN 116

static const char *const kinds[] = {
    [SDG_CDDL_RULE] = "SDG_CDDL_RULE",
    [SDG_CDDL_ANY] = "SDG_CDDL_ANY",
    [SDG_CDDL_UINT] = "SDG_CDDL_UINT",
    [SDG_CDDL_NINT] = "SDG_CDDL_NINT",
    [SDG_CDDL_INT] = "SDG_CDDL_INT",
    [SDG_CDDL_NUMBER] = "SDG_CDDL_NUMBER",
    [SDG_CDDL_TEXT] = "SDG_CDDL_TEXT",
    [SDG_CDDL_BOOL] = "SDG_CDDL_BOOL",
    [SDG_CDDL_FALSE] = "SDG_CDDL_FALSE",
    [SDG_CDDL_TRUE] = "SDG_CDDL_TRUE",
    [SDG_CDDL_NULL] = "SDG_CDDL_NULL",
    [SDG_CDDL_LITERAL_TEXT] = "SDG_CDDL_LITERAL_TEXT",
    [SDG_CDDL_LITERAL_INT] = "SDG_CDDL_LITERAL_INT",
    [SDG_CDDL_LITERAL_NUMBER] = "SDG_CDDL_LITERAL_NUMBER",
    [SDG_CDDL_RANGE] = "SDG_CDDL_RANGE",
    [SDG_CDDL_COMPARE] = "SDG_CDDL_COMPARE",
    [SDG_CDDL_REGEXP] = "SDG_CDDL_REGEXP",
    [SDG_CDDL_SIZE] = "SDG_CDDL_SIZE",
    [SDG_CDDL_AND] = "SDG_CDDL_AND",
    [SDG_CDDL_CHOICE] = "SDG_CDDL_CHOICE",
    [SDG_CDDL_SOCKET] = "SDG_CDDL_SOCKET",
    [SDG_CDDL_ARRAY] = "SDG_CDDL_ARRAY",
    [SDG_CDDL_MAP] = "SDG_CDDL_MAP",
    [SDG_CDDL_ENTRY] = "SDG_CDDL_ENTRY",
    [SDG_CDDL_REPEAT] = "SDG_CDDL_REPEAT",
    [SDG_CDDL_SEQUENCE] = "SDG_CDDL_SEQUENCE",
    [SDG_CDDL_GROUP_CHOICE] = "SDG_CDDL_GROUP_CHOICE",
    [SDG_CDDL_GROUP_SOCKET] = "SDG_CDDL_GROUP_SOCKET",
};

/* Items with commas, broken before a line gets too long. */
typedef struct printer {
  FILE *out;
  size_t column;
} printer;

static void print_item(printer *p, const char *text)
{
  size_t len = strlen(text);

  if (p->column == 0 || p->column + len + 2 > LINE_MAX_LEN) {
    p->column = (size_t)(fprintf(p->out, "%s  %s,", p->column == 0 ? "" : "\n", text));
  } else {
    p->column += (size_t)(fprintf(p->out, " %s,", text));
  }
}

static void end_items(printer *p)
{
  (void)fprintf(p->out, "%s};\n", p->column == 0 ? "  0\n" : "\n");
  p->column = 0;
}

static void print_number(printer *p, uint32_t value)
{
  char text[16];

  (void)snprintf(text, sizeof text, "%" PRIu32, value);
  print_item(p, text);
}

/* One array of characters: a string literal of that length is more than C promises to take. */
static void print_text(printer *p, const sdg_gen_model *model)
{
  char text[8];

  (void)fprintf(p->out, "\nstatic const char text[] = {\n");
  for (size_t i = 0; i < model->text_len; i++) {
    unsigned char c = (unsigned char)model->text[i];
    if (c == '\'' || c == '\\') {
      (void)snprintf(text, sizeof text, "'\\%c'", c);
    } else if (c == 0) {
      (void)snprintf(text, sizeof text, "0");
    } else if (c >= 0x20 && c < 0x7F) {
      (void)snprintf(text, sizeof text, "'%c'", c);
    } else {
      (void)snprintf(text, sizeof text, "'\\%03o'", c);
    }
    print_item(p, text);
  }
  end_items(p);
}

static void print_operand(FILE *out, const char *before, uint32_t value)
{
  if (value == SDG_CDDL_NONE) {
    (void)fprintf(out, "%sSDG_CDDL_NONE", before);
  } else {
    (void)fprintf(out, "%s%" PRIu32, before, value);
  }
}

/* The name of a rule or the text of a literal, if it can stand in a comment. */
static void print_hint(FILE *out, const sdg_gen_model *model, const sdg_cddl_node *node)
{
  const char *text = "";

  if (node->kind == SDG_CDDL_RULE) {
    text = model->text + node->rule;
  } else if (node->kind == SDG_CDDL_LITERAL_TEXT) {
    text = model->text + node->a;
  }
  for (size_t i = 0; text[i] != '\0'; i++) {
    if (strchr("/*\\?", text[i]) != NULL || (unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7E || i > 50) {
      return;
    }
  }
  if (text[0] != '\0') {
    (void)fprintf(out, " %s", text);
  }
}

static void print_nodes(FILE *out, const sdg_gen_model *model)
{
  (void)fprintf(out, "\nstatic const sdg_cddl_node nodes[] = {\n");
  for (size_t i = 0; i < model->node_count; i++) {
    const sdg_cddl_node *node = &model->nodes[i];
    (void)fprintf(out, "  {%s, %u, %u, %" PRIu32, kinds[node->kind], node->flag, node->group, node->rule);
    print_operand(out, ", ", node->a);
    print_operand(out, ", ", node->b);
    print_operand(out, ", ", node->c);
    print_operand(out, ", ", node->d);
    (void)fprintf(out, "}, /* %lu", (unsigned long)i);
    print_hint(out, model, node);
    (void)fprintf(out, " */\n");
  }
  (void)fprintf(out, "};\n");
}

static void print_dfa(printer *p, const sdg_cddl_dfa *dfa, unsigned long n)
{
  (void)fprintf(p->out, "\nstatic const uint8_t classes_%lu[256] = {\n", n);
  for (size_t i = 0; i < 256; i++) {
    print_number(p, dfa->classes[i]);
  }
  end_items(p);
  (void)fprintf(p->out, "\nstatic const uint16_t next_%lu[] = {\n", n);
  for (size_t i = 0; i < (size_t)dfa->state_count * dfa->class_count; i++) {
    print_number(p, dfa->next[i]);
  }
  end_items(p);
  (void)fprintf(p->out, "\nstatic const uint8_t accepts_%lu[] = {\n", n);
  for (size_t i = 0; i < dfa->state_count; i++) {
    print_number(p, dfa->accepts[i]);
  }
  end_items(p);
}

static void print_dfas(printer *p, const sdg_gen_model *model)
{
  for (size_t i = 0; i < model->dfa_count; i++) {
    print_dfa(p, &model->dfas[i], (unsigned long)i);
  }
  if (model->dfa_count == 0) {
    return;
  }
  (void)fprintf(p->out, "\nstatic const sdg_cddl_dfa dfas[] = {\n");
  for (size_t i = 0; i < model->dfa_count; i++) {
    const sdg_cddl_dfa *dfa = &model->dfas[i];
    unsigned long n = (unsigned long)i;
    (void)fprintf(p->out, "  {classes_%lu, next_%lu, accepts_%lu, %u, %u, %u},\n", n, n, n, dfa->class_count,
                  dfa->state_count, dfa->start);
  }
  (void)fprintf(p->out, "};\n");
}

static void print_schema(FILE *out, const sdg_gen_model *model, const sdg_gen_names *names)
{
  (void)fprintf(out, "\nstatic const sdg_cddl_rule rules[] = {\n");
  for (size_t i = 0; i < model->rule_count; i++) {
    (void)fprintf(out, "  {%" PRIu32 ", %" PRIu32 "},\n", model->rules[i].name, model->rules[i].node);
  }
  (void)fprintf(out, "};\n\nconst sdg_cddl_schema %s = {\n", names->symbol);
  (void)fprintf(out, "  .layout = %uu,\n  .text = text,\n  .nodes = nodes,\n  .lists = lists,\n", SDG_CDDL_LAYOUT);
  (void)fprintf(out, "  .dfas = %s,\n  .rules = rules,\n", model->dfa_count > 0 ? "dfas" : "0");
  (void)fprintf(out, "  .node_count = %lu,\n  .list_count = %lu,\n", (unsigned long)model->node_count,
                (unsigned long)model->list_count);
  (void)fprintf(out, "  .dfa_count = %lu,\n  .rule_count = %lu,\n};\n", (unsigned long)model->dfa_count,
                (unsigned long)model->rule_count);
}

static void print_title(FILE *out, const sdg_gen_names *names, char suffix)
{
  size_t len = strlen(names->include);

  (void)fprintf(
      out,
      "/* SPDX-License-Identifier: Apache-2.0 */\n/* %.*s%c -- made by sdg_cddl_gen from %s: change that file "
      "and run it again. */\n",
      (int)(len > 0 ? len - 1 : 0), names->include, suffix, names->source);
}

bool sdg_gen_emit_source(FILE *out, const sdg_gen_model *model, const sdg_gen_names *names)
{
  printer p = {out, 0};

  print_title(out, names, 'c');
  (void)fprintf(out, "#include \"%s\"\n", names->include);
  (void)fprintf(out,
                "\n#if SDG_CDDL_LAYOUT != %uu\n#error \"the tables are of another layout: run sdg_cddl_gen again\"\n"
                "#endif\n",
                SDG_CDDL_LAYOUT);
  print_text(&p, model);
  print_nodes(out, model);
  (void)fprintf(out, "\nstatic const uint32_t lists[] = {\n");
  for (size_t i = 0; i < model->list_count; i++) {
    print_number(&p, model->lists[i]);
  }
  end_items(&p);
  print_dfas(&p, model);
  print_schema(out, model, names);
  return ferror(out) == 0;
}

bool sdg_gen_emit_header(FILE *out, const sdg_gen_names *names)
{
  char guard[128];
  size_t len = strlen(names->symbol);

  len = len < sizeof guard - 1 ? len : sizeof guard - 1;
  for (size_t i = 0; i < len; i++) {
    char c = names->symbol[i];
    guard[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
  }
  guard[len] = '\0';
  print_title(out, names, 'h');
  (void)fprintf(out, "#ifndef %s_H\n#define %s_H\n\n#include \"%s\"\n\n", guard, guard, names->runtime);
  (void)fprintf(out, "extern const sdg_cddl_schema %s;\n\n#endif /* %s_H */\n", names->symbol, guard);
  return ferror(out) == 0;
}
