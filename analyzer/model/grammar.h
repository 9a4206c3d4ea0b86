/*
 * grammar.h - what a model file may hold: documented for people in rules/models/README.md, printed
 * for editors into rules/models/model.schema.json.
 */
#ifndef LEASH_GRAMMAR_H
#define LEASH_GRAMMAR_H

#include "model/shape.h"

extern const struct shape model_grammar;

#endif
