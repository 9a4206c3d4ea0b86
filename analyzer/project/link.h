/*
 * link.h - which units make a program together.
 *
 * A compile_commands.json usually holds several programs, and says nowhere which.  Each unit that
 * defines `main` starts one: with it go the units of its own target, where the build system tells
 * targets by the paths of its object files (CMake, Meson), and from all targets those that define
 * what it needs, transitively.  Units that no program needs (libraries) form groups of their own,
 * one for each set of units that share a target or need each other.
 *
 * A name that several units define: those of the needing unit's own target are preferred, then
 * every candidate counts, but the same source file only once.  A unit may be in several groups.
 */
#ifndef LEASH_LINK_H
#define LEASH_LINK_H

#include "project/unit.h"

struct program {
    unit_list units; /* in the order of the run's units */
    bool has_main;   /* false too where all units were taken as one program */
};
typedef VEC(struct program) program_list;

/* The link groups of the analysed units; memory from `arena`.  O(programs × what they need). */
void link_units(struct arena *, const unit_list *, program_list *);
/* All analysed units as one program. */
void link_as_one(struct arena *, const unit_list *, program_list *);

/* The target that an object file's path tells, with its folder: "/b/CMakeFiles/server.dir" of
 * "/b/CMakeFiles/server.dir/src/main.c.o"; NULL: none. */
const char *link_target(struct arena *, const char *output);

#endif
