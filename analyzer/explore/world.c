#include "explore/world.h"

#include <string.h>

void world_clear(struct world *world)
{
    world->frame_count = world->object_count = world->cell_count = world->symbol_count = 0;
    world->slot_count = 0;
    world->is_full = world->has_ended = false;
    memset(world->tasks, 0, sizeof world->tasks);
}

bool value_same(struct value a, struct value b)
{
    return a.kind == b.kind && a.flags == b.flags && a.id == b.id && a.num == b.num;
}

/* ---- objects and cells ----------------------------------------------------------------------- */

uint16_t world_new_object(struct world *world, uint32_t site, uint8_t flags)
{
    if (world->object_count == WORLD_OBJECTS_MAX) {
        world->is_full = true;
        return 0;
    }
    world->objects[world->object_count] = (struct world_object){.site = site, .flags = flags};
    return world->object_count++;
}

struct value world_new_symbol(struct world *world, int32_t low, int32_t high, uint8_t flags)
{
    if (world->symbol_count == WORLD_SYMBOLS_MAX) {
        world->is_full = true;
        return (struct value){V_ANY, 0, 0, 0};
    }
    world->symbols[world->symbol_count] =
        (struct world_symbol){.low = low, .high = high, .flags = flags};
    return (struct value){V_SYM, 0, world->symbol_count++, 0};
}

struct value *world_find_cell(struct world *world, uint16_t object, int32_t offset)
{
    for (uint16_t at = world->objects[object].first; at; at = world->cells[at - 1].next)
        if (world->cells[at - 1].offset == offset)
            return &world->cells[at - 1].value;
    return NULL;
}

struct value *world_cell(struct world *world, uint16_t object, int32_t offset)
{
    uint16_t *link = &world->objects[object].first;
    while (*link && world->cells[*link - 1].offset < offset)
        link = &world->cells[*link - 1].next;
    if (*link && world->cells[*link - 1].offset == offset)
        return &world->cells[*link - 1].value;
    if (world->cell_count == WORLD_CELLS_MAX) {
        world->is_full = true;
        static struct value nowhere;
        nowhere = (struct value){0};
        return &nowhere;
    }
    world->cells[world->cell_count] = (struct world_cell){.offset = offset, .next = *link};
    *link = ++world->cell_count;
    return &world->cells[world->cell_count - 1].value;
}

void world_drop_cells(struct world *world, uint16_t object, int32_t from, int32_t to)
{
    uint16_t *link = &world->objects[object].first;
    while (*link) {
        struct world_cell *cell = &world->cells[*link - 1];
        if (cell->offset >= from && cell->offset < to)
            *link = cell->next;
        else
            link = &cell->next;
    }
}

/* ---- replacing ------------------------------------------------------------------------------- */

typedef void visit_value(struct world *, struct value *, const void *context);

static void for_all_values(struct world *world, visit_value *visit, const void *context)
{
    for (size_t i = 0; i < TASKS_MAX; i++) {
        struct world_task *task = &world->tasks[i];
        if (task->state == TASK_NONE)
            continue;
        visit(world, &task->counted_by, context);
        visit(world, &task->handle, context);
        for (size_t k = 0; k < task->operand_count; k++)
            visit(world, &task->operands[k], context);
    }
    for (size_t i = 0; i < world->slot_count; i++)
        visit(world, &world->slots[i], context);
    for (size_t i = 0; i < world->cell_count; i++)
        visit(world, &world->cells[i].value, context);
}

struct replacement {
    enum value_kind kind;
    uint16_t id;
    struct value with;
};

static void replace(struct world *world, struct value *value, const void *context)
{
    const struct replacement *replacement = context;
    (void)world;
    if (value->kind != replacement->kind || value->id != replacement->id)
        return;
    int32_t num = value->num;
    *value = replacement->with;
    if (value->kind == V_PTR || value->kind == V_INT || value->kind == V_SYM)
        value->num += num;
}

void world_replace_symbol(struct world *world, uint16_t symbol, struct value with)
{
    struct replacement replacement = {V_SYM, symbol, with};
    for_all_values(world, replace, &replacement);
}

void world_replace_object(struct world *world, uint16_t object, struct value with)
{
    struct replacement replacement = {V_PTR, object, with};
    for_all_values(world, replace, &replacement);
}

/* ---- writing --------------------------------------------------------------------------------- */

struct writer {
    struct world *world;
    const struct slice *slice;
    uint64_t *words;
    size_t count;
    uint16_t object_of[WORLD_OBJECTS_MAX]; /* by old number: the new one + 1 */
    uint16_t objects[WORLD_OBJECTS_MAX];   /* by new number: the old one */
    uint16_t object_count;
    uint16_t symbol_of[WORLD_SYMBOLS_MAX];
    uint16_t symbols[WORLD_SYMBOLS_MAX];
    uint16_t symbol_count;
};

static void put(struct writer *writer, uint64_t word)
{
    if (writer->count < WORLD_WORDS_MAX)
        writer->words[writer->count] = word;
    writer->count++;
}

static uint16_t object_number(struct writer *writer, uint16_t object)
{
    if (!writer->object_of[object]) {
        writer->objects[writer->object_count++] = object;
        writer->object_of[object] = writer->object_count;
    }
    return writer->object_of[object] - 1;
}

static uint16_t symbol_number(struct writer *writer, uint16_t symbol)
{
    if (!writer->symbol_of[symbol]) {
        writer->symbols[writer->symbol_count++] = symbol;
        writer->symbol_of[symbol] = writer->symbol_count;
    }
    return writer->symbol_of[symbol] - 1;
}

static uint64_t value_word(struct value value)
{
    return (uint64_t)value.kind | (uint64_t)value.flags << 8 | (uint64_t)value.id << 16 |
           (uint64_t)(uint32_t)value.num << 32;
}

static struct value word_value(uint64_t word)
{
    return (struct value){(uint8_t)word, (uint8_t)(word >> 8), (uint16_t)(word >> 16),
                          (int32_t)(uint32_t)(word >> 32)};
}

static struct value renumbered(struct writer *writer, struct value value)
{
    if (value.kind == V_SYM) {
        const struct world_symbol *symbol = &writer->world->symbols[value.id];
        if (symbol->low == symbol->high && !(symbol->flags & SYMBOL_POINTER))
            return VALUE_INT(symbol->low + value.num);
        value.id = symbol_number(writer, value.id);
    } else if (value.kind == V_PTR) {
        value.id = object_number(writer, value.id);
    } else if (value.kind == V_CONTEXT && value.id) {
        value.id = object_number(writer, value.id - 1) + 1;
    }
    return value;
}

static void put_value(struct writer *writer, struct value value)
{
    put(writer, value_word(renumbered(writer, value)));
}

static uint64_t live_slots(const struct slice_func *in, const struct world_frame *frame,
                           bool is_top)
{
    const struct ir_block *block = &in->func->blocks[frame->block];
    /* A call that is not over yet no longer needs its operands. */
    uint32_t op = is_top ? frame->op : frame->op + 1;
    if (op < block->op_count)
        return in->live_before[block->ops[op].id];
    return in->live_at_end[frame->block];
}

/* Frames from the outermost inwards. */
static void put_frames(struct writer *writer, const struct world_task *task)
{
    uint16_t chain[DEPTH_MAX_OF_TASK], depth = 0;
    for (uint16_t at = task->top; at && depth < DEPTH_MAX_OF_TASK;
         at = writer->world->frames[at - 1].parent)
        chain[depth++] = at - 1;
    for (uint16_t i = depth; i-- > 0;) {
        const struct world_frame *frame = &writer->world->frames[chain[i]];
        const struct slice_func *in = writer->slice->funcs.at[frame->func];
        uint64_t live = live_slots(in, frame, i == 0 && task->state != TASK_NONE);
        put(writer,
            (uint64_t)frame->func | (uint64_t)frame->block << 16 | (uint64_t)frame->op << 40);
        for (uint16_t k = 0; k < in->slot_count; k++) {
            bool is_live = k >= 64 || (live >> k & 1) || task->state == TASK_STARTS;
            struct value value = writer->world->slots[frame->slots + k];
            put_value(writer, is_live ? value : (struct value){0});
        }
    }
}

static void put_task(struct writer *writer, uint64_t slot, const struct world_task *task)
{
    put(writer, slot | (uint64_t)task->state << 8 | (uint64_t)task->phase << 16 |
                    (uint64_t)task->operand_count << 24 | (uint64_t)task->depth << 32 |
                    (uint64_t)task->site << 40);
    put_value(writer, task->counted_by);
    put_value(writer, task->handle);
    for (size_t i = 0; i < task->operand_count; i++)
        put_value(writer, task->operands[i]);
    put_frames(writer, task);
}

/* In zeroed memory, what is not known has to be said. */
static bool is_blank(const struct world_object *object, struct value value)
{
    bool is_known = object->flags & (OBJECT_ZEROED | OBJECT_INITIAL | OBJECT_OPENED);
    return value.kind == V_NONE || (value.kind == V_ANY && !is_known);
}

/* Is it as it was when it was made? */
static bool is_untouched(const struct world *world, const struct world_object *object)
{
    if (object->flags != object->begun)
        return false;
    for (uint16_t at = object->first; at; at = world->cells[at - 1].next)
        if (!is_blank(object, world->cells[at - 1].value))
            return false;
    return true;
}

/* One that was only read is made again when it is read again. */
static void number_statics(struct writer *writer)
{
    struct world *world = writer->world;
    uint16_t found[WORLD_OBJECTS_MAX], count = 0;
    for (uint16_t i = 0; i < world->object_count; i++) {
        const struct world_object *object = &world->objects[i];
        if (!(object->flags & OBJECT_STATIC) || writer->object_of[i] || is_untouched(world, object))
            continue;
        uint16_t at = count++;
        while (at > 0 && world->objects[found[at - 1]].site > world->objects[i].site) {
            found[at] = found[at - 1];
            at--;
        }
        found[at] = i;
    }
    for (uint16_t i = 0; i < count; i++)
        object_number(writer, found[i]);
}

static void put_object(struct writer *writer, uint16_t object)
{
    struct world *world = writer->world;
    const struct world_object *from = &world->objects[object];
    size_t head = writer->count, cells = 0;
    put(writer, 0);
    for (uint16_t at = from->first; at; at = world->cells[at - 1].next) {
        const struct world_cell *cell = &world->cells[at - 1];
        if (is_blank(from, cell->value))
            continue;
        put(writer, (uint64_t)(uint32_t)cell->offset);
        put_value(writer, cell->value);
        cells++;
    }
    if (head < WORLD_WORDS_MAX)
        writer->words[head] = (uint64_t)from->site | (uint64_t)from->flags << 32 |
                              (uint64_t)from->begun << 40 | (uint64_t)cells << 48;
}

/* What is known of numbers that come from others, which are still there. */
static void number_derived(struct writer *writer)
{
    struct world *world = writer->world;
    for (uint16_t i = 0; i < world->symbol_count; i++) {
        const struct world_symbol *symbol = &world->symbols[i];
        if (symbol->op == IR_OP_NONE || writer->symbol_of[i])
            continue;
        bool is_known = symbol->low > SYMBOL_LOW || symbol->high < SYMBOL_HIGH || symbol->has_other;
        bool has_a = symbol->a.kind != V_SYM || writer->symbol_of[symbol->a.id];
        bool has_b = symbol->b.kind != V_SYM || writer->symbol_of[symbol->b.id];
        if (is_known && has_a && has_b)
            symbol_number(writer, i);
    }
}

static bool is_there(const struct writer *writer, struct value value)
{
    if (value.kind == V_SYM)
        return writer->symbol_of[value.id];
    return value.kind != V_PTR || writer->object_of[value.id];
}

static void put_symbol(struct writer *writer, uint16_t number)
{
    const struct world_symbol *symbol = &writer->world->symbols[number];
    uint8_t op = symbol->op;
    if (op != IR_OP_NONE && (!is_there(writer, symbol->a) || !is_there(writer, symbol->b)))
        op = IR_OP_NONE;
    put(writer, (uint64_t)(uint32_t)symbol->low | (uint64_t)(uint32_t)symbol->high << 32);
    put(writer, (uint64_t)(uint32_t)symbol->other | (uint64_t)symbol->has_other << 32 |
                    (uint64_t)op << 40 | (uint64_t)symbol->flags << 48 |
                    (uint64_t)symbol->start << 56);
    if (op != IR_OP_NONE) {
        put_value(writer, symbol->a);
        put_value(writer, symbol->b);
    }
}

size_t world_write(struct world *world, const struct slice *slice, uint64_t *words)
{
    static _Thread_local struct writer writer;
    writer.world = world;
    writer.slice = slice;
    writer.words = words;
    writer.count = writer.object_count = writer.symbol_count = 0;
    memset(writer.object_of, 0, world->object_count * sizeof *writer.object_of);
    memset(writer.symbol_of, 0, world->symbol_count * sizeof *writer.symbol_of);
    put(&writer, 0);
    uint64_t tasks = 0;
    for (size_t i = 0; i < TASKS_MAX; i++)
        if (world->tasks[i].state != TASK_NONE) {
            tasks++;
            put_task(&writer, i, &world->tasks[i]);
        }
    number_statics(&writer);
    for (uint16_t i = 0; i < writer.object_count; i++)
        put_object(&writer, writer.objects[i]);
    number_derived(&writer);
    for (uint16_t i = 0; i < writer.symbol_count; i++)
        put_symbol(&writer, writer.symbols[i]);
    words[0] = tasks | (uint64_t)writer.object_count << 16 | (uint64_t)writer.symbol_count << 32 |
               (uint64_t)world->has_ended << 48;
    return writer.count <= WORLD_WORDS_MAX && !world->is_full ? writer.count : 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static const uint64_t *read_frames(struct world *world, const struct slice *slice,
                                   struct world_task *task, const uint64_t *word)
{
    uint16_t parent = 0;
    for (uint8_t i = 0; i < task->depth; i++) {
        struct world_frame *frame = &world->frames[world->frame_count++];
        frame->func = (uint16_t)*word;
        frame->block = (uint32_t)(*word >> 16) & 0xffffff;
        frame->op = (uint32_t)(*word >> 40);
        word++;
        frame->parent = parent;
        frame->slots = (uint16_t)world->slot_count;
        uint16_t slots = slice->funcs.at[frame->func]->slot_count;
        for (uint16_t k = 0; k < slots; k++)
            world->slots[world->slot_count++] = word_value(*word++);
        parent = world->frame_count;
    }
    task->top = parent;
    return word;
}

static const uint64_t *read_task(struct world *world, const struct slice *slice,
                                 const uint64_t *word)
{
    struct world_task *task = &world->tasks[*word & 0xff];
    task->state = (uint8_t)(*word >> 8);
    task->phase = (uint8_t)(*word >> 16);
    task->operand_count = (uint8_t)(*word >> 24);
    task->depth = (uint8_t)(*word >> 32);
    task->site = (uint16_t)(*word >> 40);
    word++;
    task->counted_by = word_value(*word++);
    task->handle = word_value(*word++);
    for (uint8_t i = 0; i < task->operand_count; i++)
        task->operands[i] = word_value(*word++);
    return read_frames(world, slice, task, word);
}

static const uint64_t *read_object(struct world *world, const uint64_t *word)
{
    struct world_object *object = &world->objects[world->object_count++];
    size_t cells = *word >> 48;
    *object = (struct world_object){
        .site = (uint32_t)*word, .flags = (uint8_t)(*word >> 32), .begun = (uint8_t)(*word >> 40)};
    word++;
    uint16_t *link = &object->first;
    for (size_t i = 0; i < cells; i++) {
        struct world_cell *cell = &world->cells[world->cell_count++];
        cell->offset = (int32_t)(uint32_t)*word++;
        cell->value = word_value(*word++);
        cell->next = 0;
        *link = world->cell_count;
        link = &cell->next;
    }
    return word;
}

static const uint64_t *read_symbol(struct world *world, const uint64_t *word)
{
    struct world_symbol *symbol = &world->symbols[world->symbol_count++];
    *symbol = (struct world_symbol){.low = (int32_t)(uint32_t)word[0],
                                    .high = (int32_t)(uint32_t)(word[0] >> 32),
                                    .other = (int32_t)(uint32_t)word[1],
                                    .has_other = (uint8_t)(word[1] >> 32),
                                    .op = (uint8_t)(word[1] >> 40),
                                    .flags = (uint8_t)(word[1] >> 48),
                                    .start = (uint8_t)(word[1] >> 56)};
    word += 2;
    if (symbol->op != IR_OP_NONE) {
        symbol->a = word_value(*word++);
        symbol->b = word_value(*word++);
    }
    return word;
}

void world_read(struct world *world, const struct slice *slice, const uint64_t *words)
{
    world_clear(world);
    const uint64_t *word = words + 1;
    for (uint64_t i = 0; i < (words[0] & 0xffff); i++)
        word = read_task(world, slice, word);
    for (uint64_t i = 0; i < (words[0] >> 16 & 0xffff); i++)
        word = read_object(world, word);
    for (uint64_t i = 0; i < (words[0] >> 32 & 0xffff); i++)
        word = read_symbol(world, word);
    world->has_ended = words[0] >> 48 & 1;
}
