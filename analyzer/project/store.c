#include "project/store.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    struct text latest; /* empty: not to be trusted */
    enum unit_quality quality;
    struct text whole; /* the last without errors, where `latest` has some; empty: none */
};

struct unit_store {
    struct arena arena; /* keys and entries; the bytes are on the heap */
    struct map entries; /* key → struct entry */
    VEC(struct entry *) all;
};

struct unit_store *unit_store_new(void)
{
    struct unit_store *store = xmalloc(sizeof *store);
    *store = (struct unit_store){0};
    store->entries.arena = &store->arena;
    return store;
}

void unit_store_free(struct unit_store *store)
{
    for (size_t i = 0; i < store->all.count; i++) {
        text_release(&store->all.at[i]->latest);
        text_release(&store->all.at[i]->whole);
    }
    arena_release(&store->arena);
    free(store);
}

/* ---- keeping --------------------------------------------------------------------------------- */

void unit_store_key(struct text *key, const struct unit *unit)
{
    text_add(key, unit->file);
    text_add_char(key, '\0');
    text_add(key, unit->directory);
    for (size_t i = 0; i < unit->flag_count; i++) {
        text_add_char(key, '\0');
        text_add(key, unit->flags[i]);
    }
}

enum unit_quality unit_quality(const struct ir_unit *ir)
{
    if (ir->is_incomplete)
        return UNIT_INCOMPLETE;
    return ir->error_count ? UNIT_WITH_ERRORS : UNIT_WHOLE;
}

void unit_store_put(struct unit_store *store, const char *key, size_t key_length, const char *bytes,
                    size_t length, enum unit_quality quality)
{
    struct entry **place = (struct entry **)map_put(&store->entries, key, key_length);
    if (!*place)
        *vec_add(&store->arena, &store->all) = *place = arena_new(&store->arena, struct entry);
    struct entry *entry = *place;
    bool was_whole = entry->latest.length && entry->quality == UNIT_WHOLE;
    if (quality == UNIT_WHOLE || was_whole)
        text_release(&entry->whole);
    if (quality != UNIT_WHOLE && was_whole) {
        entry->whole = entry->latest;
        entry->latest = (struct text){0};
    }
    text_release(&entry->latest);
    text_add_bytes(&entry->latest, bytes, length);
    entry->quality = quality;
}

void unit_store_doubt(struct unit_store *store)
{
    for (size_t i = 0; i < store->all.count; i++)
        if (store->all.at[i]->quality == UNIT_INCOMPLETE)
            text_release(&store->all.at[i]->latest);
}

static const struct entry *find(const struct unit_store *store, const struct unit *unit)
{
    struct text key = {0};
    unit_store_key(&key, unit);
    const struct entry *entry = map_get(&store->entries, key.at, key.length);
    text_release(&key);
    return entry;
}

static bool read_unit(struct unit *unit, const struct text *bytes)
{
    const char *problem = NULL;
    unit->ir = ir_unit_read(&unit->arena, bytes->at, bytes->length, &problem);
    return unit->ir != NULL;
}

/* ---- is it still right? ---------------------------------------------------------------------- */

enum { FILE_BYTES_MAX = 1 << 30 };

/* What a file holds now. */
struct content {
    uint64_t hash, size;
    bool is_readable;
};

struct look {
    struct arena arena;
    struct arena file;   /* one file's text */
    struct map contents; /* path → struct content */
    const struct file_buffer *buffers;
    size_t buffer_count;
};

static struct content read_content(struct look *look, const char *path)
{
    const struct file_buffer *buffer = file_buffer_find(look->buffers, look->buffer_count, path);
    size_t length = 0;
    const char *text = NULL;
    if (buffer) {
        text = buffer->text;
        length = buffer->length;
    } else {
        arena_reset(&look->file);
        text = file_read(&look->file, path, FILE_BYTES_MAX, &length);
    }
    if (!text)
        return (struct content){0};
    return (struct content){hash_bytes(text, length), length, true};
}

static const struct content *content_of(struct look *look, const char *path)
{
    void **place = map_put_str(&look->contents, path);
    if (!*place) {
        struct content content = read_content(look, path);
        *place = arena_copy(&look->arena, &content, sizeof content);
    }
    return *place;
}

static bool is_right(struct look *look, const struct ir_unit *ir)
{
    for (size_t i = 0; i < ir->file_count; i++) {
        const struct ir_file *file = &ir->files[i];
        const struct content *content = content_of(look, file->path);
        if (!content->is_readable || content->hash != file->hash || content->size != file->size)
            return false;
    }
    return true;
}

void unit_store_fetch(const struct unit_store *store, const unit_list *units,
                      const struct file_buffer *buffers, size_t buffer_count)
{
    struct look look = {.buffers = buffers, .buffer_count = buffer_count};
    look.contents.arena = &look.arena;
    for (size_t i = 0; i < units->count; i++) {
        struct unit *unit = units->at[i];
        const struct entry *entry = unit->state == UNIT_WAITING ? find(store, unit) : NULL;
        if (!entry || !entry->latest.length)
            continue;
        if (read_unit(unit, &entry->latest) && is_right(&look, unit->ir))
            unit->state = UNIT_ANALYSED;
        else
            unit_release(unit);
    }
    arena_release(&look.file);
    arena_release(&look.arena);
}

/* ---- while somebody is typing ---------------------------------------------------------------- */

static bool holds(const name_list *list, const char *path)
{
    for (size_t i = 0; i < list->count; i++)
        if (text_is(list->at[i], path))
            return true;
    return false;
}

/* Adds the buffers in which the unit has errors, or the one over which it failed; false: there are
 * none. */
static bool add_broken(struct arena *arena, const struct unit *unit,
                       const struct file_buffer *buffers, size_t buffer_count, name_list *broken)
{
    const struct ir_unit *ir = unit->ir;
    bool found = false;
    for (size_t i = 0; i < (ir ? ir->error_count : 1); i++) {
        const struct ir_pos *pos = ir ? &ir->errors[i].pos : NULL;
        const char *path = !ir ? unit->file : pos->line ? ir_pos_path(ir, pos) : NULL;
        if (!path || !file_buffer_find(buffers, buffer_count, path))
            continue;
        if (!holds(broken, path))
            *vec_add(arena, broken) = arena_strdup(arena, path);
        found = true;
    }
    return found;
}

/* The bytes from before the errors; NULL: they are not kept.  What was just parsed may not be in
 * the store yet. */
static const struct text *whole_of(const struct entry *entry)
{
    if (entry->whole.length)
        return &entry->whole;
    return entry->quality == UNIT_WHOLE && entry->latest.length ? &entry->latest : NULL;
}

void unit_store_restore(const struct unit_store *store, struct arena *arena, const unit_list *units,
                        const struct file_buffer *buffers, size_t buffer_count, name_list *broken)
{
    for (size_t i = 0; i < units->count; i++) {
        struct unit *unit = units->at[i];
        if (unit->state != UNIT_FAILED && !(unit->ir && unit->ir->error_count))
            continue;
        const struct entry *entry = find(store, unit);
        const struct text *whole = entry ? whole_of(entry) : NULL;
        if (!whole || !add_broken(arena, unit, buffers, buffer_count, broken))
            continue;
        unit_release(unit);
        unit->state = read_unit(unit, whole) ? UNIT_ANALYSED : UNIT_FAILED;
    }
}
