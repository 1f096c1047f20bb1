/* SPDX-License-Identifier: Apache-2.0 */
/* base/idna.c -- which code points cannot stand in a U-label (RFC 5891, RFC 5892). */
#include "base/idna.h"

#define MIDDLE_DOT 0xb7u

typedef struct range {
  uint32_t first;
  uint32_t last;
} range;

/* Of RFC 5892 appendix B the long runs of DISALLOWED, in order. */
static const range disallowed[] = {
    {0x0080, 0x00b6},   /* C1 controls, no-break space, Latin-1 symbols */
    {0x00b8, 0x00de},   /* and capitals */
    {0x00f7, 0x00f7},   /* DIVISION SIGN */
    {0x0386, 0x0386},   /* Greek capitals */
    {0x0388, 0x038f},
    {0x0391, 0x03ab},
    {0x0400, 0x042f},   /* Cyrillic capitals */
    {0x0531, 0x0556},   /* Armenian capitals */
    {0x10a0, 0x10c5},   /* Georgian capitals */
    {0x2000, 0x200b},   /* spaces */
    {0x200e, 0x214d},   /* marks of direction, punctuation, superscripts, currency, letter-like symbols */
    {0x214f, 0x2183},   /* number forms */
    {0x2185, 0x2bff},   /* arrows, operators, boxes, dingbats */
    {0x2e80, 0x3004},   /* radicals, description characters, ideographic space and stops */
    {0x3008, 0x3029},   /* CJK brackets */
    {0x302e, 0x303b},
    {0x303d, 0x3040},
    {0x3190, 0x319f},   /* annotation marks */
    {0x3200, 0x33ff},   /* enclosed and squared */
    {0xd800, 0xf8ff},   /* surrogates, private use */
    {0xfb00, 0xfb1d},   /* ligatures */
    {0xfb1f, 0xfe1f},   /* presentation forms, variation selectors, noncharacters */
    {0xfe30, 0xfe72},   /* vertical and small forms */
    {0xfe74, 0xffff},   /* Arabic forms, half and full width, specials */
    {0x1d000, 0x1d7ff}, /* musical and mathematical symbols */
    {0x1f000, 0x1ffff}, /* pictographs */
    {0xe0000, 0x10ffff} /* tags, variation selectors, private use */
};
#define DISALLOWED_COUNT (sizeof(disallowed) / sizeof(disallowed[0]))

static bool is_disallowed(uint32_t code)
{
  if (code < 0x80) {
    return !((code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9') ||
             code == '-');
  }
  if ((code & 0xfffe) == 0xfffe) {
    return true; /* the last two of each plane */
  }
  for (size_t i = 0; i < DISALLOWED_COUNT; i++) {
    if (code >= disallowed[i].first && code <= disallowed[i].last) {
      return true;
    }
  }
  return false;
}

/* Blocks of combining marks and nothing else: RFC 5891 4.2.3.2. */
static bool is_mark(uint32_t code)
{
  return (code >= 0x0300 && code <= 0x036f) || (code >= 0x1dc0 && code <= 0x1dff) ||
         (code >= 0xfe20 && code <= 0xfe2f);
}

/* RFC 5892 A.3: MIDDLE DOT only between two "l", for Catalan. */
static bool is_catalan(const sdg_code_points *label, size_t at)
{
  return at > 0 && at + 1 < label->count && (label->code[at - 1] | 0x20) == 'l' && (label->code[at + 1] | 0x20) == 'l';
}

bool sdg_idna_may_be_label(const sdg_code_points *label)
{
  if (label->count == 0 || label->code[0] == '-' || label->code[label->count - 1] == '-' || is_mark(label->code[0])) {
    return false;
  }
  /* RFC 5891 4.2.3.1 */
  if (label->count > 3 && label->code[2] == '-' && label->code[3] == '-') {
    return false;
  }
  for (size_t i = 0; i < label->count; i++) {
    if (is_disallowed(label->code[i]) || (label->code[i] == MIDDLE_DOT && !is_catalan(label, i))) {
      return false;
    }
  }
  return true;
}
