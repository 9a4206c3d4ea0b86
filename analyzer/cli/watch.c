#include "cli/watch.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "tasks/render.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define ENTER "\033[?1049h\033[?25l" /* the second screen, without a cursor */
#define LEAVE "\033[?25h\033[?1049l"

enum { ROWS_FALLBACK = 24, COLUMNS_FALLBACK = 80, HEADER_ROWS = 2, KEY_ESCAPE = 27, KEY_END = 4 };

/* A service with very many tasks needs its time to tell of them: it has ten times as much for its
 * own work. */
enum { REST_FACTOR = 10 };

static volatile sig_atomic_t is_ended; /* by a signal, or a key */
static bool toggles_stacks, restarts;  /* keys were met that no picture has followed yet */

struct watch {
    struct source *source;
    struct arena pictures[2]; /* of the dump that is shown, and of the next */
    unsigned shown;           /* which of the two */
    struct dump dump;
    struct arena start; /* of what is compared with */
    struct group_counts since;
    struct render_style style;
    const char *news; /* why there is no newer dump; NULL: there is */
};

/* ---- keys and signals ------------------------------------------------------------------------ */

static void end(int signal)
{
    (void)signal;
    is_ended = 1;
}

/* It only has to interrupt what waits. */
static void wake(int signal)
{
    (void)signal;
}

static void take_key(unsigned char key)
{
    if (key == 'q' || key == 'Q' || key == KEY_END)
        is_ended = 1;
    if (key == 's')
        toggles_stacks = !toggles_stacks;
    if (key == 'r')
        restarts = true;
}

/* Waits for keys, and takes them.  Ends early for a key or a signal. */
static void wait_for_keys(int timeout_ms)
{
    struct pollfd keys = {.fd = isatty(STDIN_FILENO) ? STDIN_FILENO : -1, .events = POLLIN};
    unsigned char typed[64];

    if (poll(&keys, 1, timeout_ms) <= 0 || !keys.revents)
        return;
    ssize_t count = read(STDIN_FILENO, typed, sizeof typed);
    if (count <= 0)
        is_ended = 1;
    /* What keys without a letter send begins so: none of them means anything here. */
    for (ssize_t i = 0; i < count && typed[0] != KEY_ESCAPE; i++)
        take_key(typed[i]);
}

bool watch_gives_up(void)
{
    wait_for_keys(0);
    return is_ended;
}

static const int endings[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

struct terminal {
    bool has_keys;
    struct termios former;
    struct sigaction actions[COUNT_OF(endings)], window;
};

static void enter(struct terminal *terminal)
{
    struct sigaction action = {.sa_handler = end};

    for (size_t i = 0; i < COUNT_OF(endings); i++)
        sigaction(endings[i], &action, &terminal->actions[i]);
    action.sa_handler = wake;
    sigaction(SIGWINCH, &action, &terminal->window);
    terminal->has_keys = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &terminal->former);
    if (terminal->has_keys) {
        struct termios raw = terminal->former;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VSUSP] = _POSIX_VDISABLE; /* it would leave the terminal as it is now */
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    fputs(ENTER, stdout);
    fflush(stdout);
}

static void leave(const struct terminal *terminal)
{
    fputs(LEAVE, stdout);
    fflush(stdout);
    if (terminal->has_keys)
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal->former);
    for (size_t i = 0; i < COUNT_OF(endings); i++)
        sigaction(endings[i], &terminal->actions[i], NULL);
    sigaction(SIGWINCH, &terminal->window, NULL);
}

/* ---- pictures -------------------------------------------------------------------------------- */

/* The next dump takes the place of the one that is shown only when it is whole. */
static bool look(struct watch *watch, const char **error)
{
    struct arena *next = &watch->pictures[!watch->shown];
    struct text text = {0};
    struct dump dump;

    arena_recycle(next);
    bool done = source_read(watch->source, next, &text, error) &&
                dump_parse(next, text.at ? text.at : "", text.length, &dump, error);
    text_release(&text);
    if (!done)
        return false;
    watch->shown = !watch->shown;
    watch->dump = dump;
    return true;
}

static void measure(struct render_style *style)
{
    struct winsize size = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_col || !size.ws_row)
        size = (struct winsize){.ws_col = COLUMNS_FALLBACK, .ws_row = ROWS_FALLBACK};
    style->line.width = size.ws_col > 1
                            ? size.ws_col - 1
                            : 1; /* behind a full line the terminal waits in its last cell */
    style->height = size.ws_row > HEADER_ROWS ? size.ws_row - HEADER_ROWS : 1;
}

static void add_header(struct text *out, const struct watch *watch)
{
    time_t now = time(NULL);
    struct tm local;
    char clock[16] = "";

    if (localtime_r(&now, &local))
        strftime(clock, sizeof clock, "%H:%M:%S", &local);
    struct text line = {0};
    text_printf(&line, "%s  %s  q ends, s %s stacks, r compares from now", watch->source->name,
                clock, watch->style.shows_stacks ? "hides" : "shows");
    line_add(out, line.at, NULL, watch->style.line);
    line.length = 0;
    text_printf(&line, "%s%s", watch->news ? "no answer: " : "", watch->news ? watch->news : "");
    line_add(out, line.at, watch->news ? YELLOW : NULL, watch->style.line);
    text_release(&line);
}

/* Over the former picture, each line to its end, so that nothing flickers. */
static void draw(struct watch *watch)
{
    struct text picture = {0}, screen = {0};

    measure(&watch->style);
    size_t rows = watch->style.height + HEADER_ROWS;
    add_header(&picture, watch);
    render_top(&picture, &watch->dump, &watch->style);
    text_add(&screen, "\033[H");
    for (const char *at = picture.at; *at && rows > 0; rows--) {
        size_t length = strcspn(at, "\n");
        text_add_bytes(&screen, at, length);
        at += length + 1; /* each line has an end */
        text_add(&screen, *at && rows > 1 ? "\033[K\n" : "\033[K");
    }
    text_add(&screen, "\033[J");
    if (!write_output(NULL, &screen))
        is_ended = 1;
    text_release(&screen);
    text_release(&picture);
}

/* ---- round and round ------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void compare_from_now(struct watch *watch)
{
    arena_recycle(&watch->start);
    watch->since = counts_take(&watch->start, &watch->dump);
}

static void follow_keys(struct watch *watch)
{
    if (toggles_stacks)
        watch->style.shows_stacks = !watch->style.shows_stacks;
    if (restarts)
        compare_from_now(watch);
    toggles_stacks = restarts = false;
}

/* Draws again when a key or the size of the terminal asks for it. */
static void show_until(struct watch *watch, int64_t until_ms)
{
    do {
        follow_keys(watch);
        draw(watch);
        int64_t left_ms = until_ms - now_ms();
        if (left_ms > 0)
            wait_for_keys((int)left_ms);
    } while (!is_ended && now_ms() < until_ms);
}

static void keep_looking(struct watch *watch, int64_t interval_ms)
{
    int64_t took_ms = 0;

    while (!is_ended) {
        int64_t pause_ms = REST_FACTOR * took_ms;
        show_until(watch, now_ms() + (pause_ms > interval_ms ? pause_ms : interval_ms));
        if (is_ended)
            break;
        int64_t start_ms = now_ms();
        const char *error = NULL;
        bool done = look(watch, &error);
        watch->news = done ? NULL : error;
        took_ms = done ? now_ms() - start_ms : 0;
    }
}

bool watch(struct source *source, struct arena *arena, const struct watch_options *options,
           const char **error)
{
    struct terminal terminal = {0};
    struct watch state = {
        .source = source,
        .style = {.line.colour = options->colour, .shows_stacks = options->shows_stacks},
    };
    bool done = look(&state, error);

    state.style.since = &state.since;
    if (done) {
        compare_from_now(&state);
        enter(&terminal);
        keep_looking(&state, (int64_t)options->interval_s * 1000);
        leave(&terminal);
    } else
        *error = arena_strdup(arena, *error);
    arena_release(&state.pictures[0]);
    arena_release(&state.pictures[1]);
    arena_release(&state.start);
    return done;
}
