#include "tasks/fetch.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <string.h>

#define LIBRARY   "libcurl.so.4"
#define DUMP_PATH "/debug/tasks"
#define LOST_PATH DUMP_PATH "/lost"
#define AS_JSON   "?format=json"
#define DUMP_JSON DUMP_PATH AS_JSON

enum { LINE_BYTES_MAX = 200 };

/* What is called of libcurl, by its names. */
static struct {
    __typeof__(curl_easy_init) *init;
    __typeof__(curl_easy_setopt) *set;
    __typeof__(curl_easy_perform) *perform;
    __typeof__(curl_easy_getinfo) *get;
    __typeof__(curl_easy_strerror) *describe;
    __typeof__(curl_easy_cleanup) *cleanup;
} curl;

struct fetch {
    CURL *handle;
    const struct source_options *options;
    struct text *out; /* of the read that goes on */
    bool is_too_long; /* the answer of that read */
};

/* ---- libcurl --------------------------------------------------------------------------------- */

static bool load(const char **problem)
{
    static const struct {
        const char *name;
        void *place;
    } calls[] = {
        {"curl_easy_init", &curl.init},         {"curl_easy_setopt", &curl.set},
        {"curl_easy_perform", &curl.perform},   {"curl_easy_getinfo", &curl.get},
        {"curl_easy_strerror", &curl.describe}, {"curl_easy_cleanup", &curl.cleanup},
    };
    void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);

    for (size_t i = 0; library && i < COUNT_OF(calls); i++) {
        void *call = dlsym(library, calls[i].name);
        if (!call)
            library = NULL;
        memcpy(calls[i].place, &call, sizeof call);
    }
    if (!library)
        *problem = dlerror();
    return library != NULL;
}

/* ---- a request ------------------------------------------------------------------------------- */

const char *fetch_address(struct arena *arena, const char *url)
{
    const char *host = strstr(url, "://");

    host = host ? host + 3 : url;
    const char *path = host + strcspn(host, "/?#");
    size_t before = (size_t)(path - url);
    if (!*path || *path == '#' || text_is(path, "/") || text_is(path, DUMP_PATH) ||
        text_is(path, DUMP_PATH "/"))
        return arena_printf(arena, "%.*s" DUMP_JSON, (int)before, url);
    if (text_is(path, LOST_PATH))
        return arena_printf(arena, "%s" AS_JSON, url);
    return url;
}

static size_t take(char *data, size_t size, size_t count, void *context)
{
    struct fetch *fetch = context;
    size_t length = size * count;

    if (length > SOURCE_BYTES_MAX - fetch->out->length) {
        fetch->is_too_long = true;
        return 0;
    }
    text_add_bytes(fetch->out, data, length);
    return length;
}

static int look_up(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total,
                   curl_off_t up_now)
{
    struct fetch *fetch = context;

    (void)total, (void)now, (void)up_total, (void)up_now;
    return fetch->options->gives_up && fetch->options->gives_up();
}

struct fetch *fetch_open(struct arena *arena, const char *url, const struct source_options *options,
                         const char **error)
{
    const char *problem = "no memory";

    if (!load(&problem)) {
        *error = arena_printf(arena,
                              "to ask a service takes libcurl (Debian's libcurl4), but %s; without "
                              "it: wget -qO- '%s' | leash tasks -",
                              problem, fetch_address(arena, url));
        return NULL;
    }
    CURL *handle = curl.init();
    if (!handle) {
        *error = "libcurl does not start";
        return NULL;
    }
    struct fetch *fetch = arena_new(arena, struct fetch);
    *fetch = (struct fetch){.handle = handle, .options = options};
    curl.set(handle, CURLOPT_URL, fetch_address(arena, url));
    curl.set(handle, CURLOPT_USERAGENT, "leash/" LEASH_VERSION);
    curl.set(handle, CURLOPT_TIMEOUT, (long)options->timeout_s);
    curl.set(handle, CURLOPT_CONNECTTIMEOUT, (long)options->timeout_s);
    curl.set(handle, CURLOPT_NOSIGNAL, 1L);
    /* A dump is for who looks at the service, and no business of a proxy's. */
    curl.set(handle, CURLOPT_NOPROXY, "*");
    curl.set(handle, CURLOPT_MAXFILESIZE, (long)SOURCE_BYTES_MAX);
    curl.set(handle, CURLOPT_WRITEFUNCTION, take);
    curl.set(handle, CURLOPT_WRITEDATA, fetch);
    curl.set(handle, CURLOPT_NOPROGRESS, 0L);
    curl.set(handle, CURLOPT_XFERINFOFUNCTION, look_up);
    curl.set(handle, CURLOPT_XFERINFODATA, fetch);
    return fetch;
}

/* ---- an answer ------------------------------------------------------------------------------- */

static const char *explain(const struct fetch *fetch, struct arena *arena, CURLcode code)
{
    switch (code) {
    case CURLE_URL_MALFORMAT:
        return "it is no URL; one is like http://127.0.0.1:6060";
    case CURLE_COULDNT_RESOLVE_HOST:
        return "there is no host of that name";
    case CURLE_COULDNT_CONNECT:
        return "nobody listens there; does the program run, and has it called debug_serve?";
    case CURLE_OPERATION_TIMEDOUT:
        return arena_printf(arena, "no whole answer within %u s; --timeout=SECONDS waits longer",
                            fetch->options->timeout_s);
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        return "the answer ends early; has the program ended?";
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "what answers there does not speak HTTP";
    case CURLE_SSL_CONNECT_ERROR:
        return "what answers there does not speak HTTPS; debug_serve is for http://";
    case CURLE_ABORTED_BY_CALLBACK:
        return "given up";
    default:
        break;
    }
    if (fetch->is_too_long || code == CURLE_FILESIZE_EXCEEDED)
        return arena_printf(arena, "the answer has more than %d MiB, too much for a dump",
                            SOURCE_BYTES_MAX >> 20);
    return arena_strdup(arena, curl.describe(code));
}

/* With the first line of the body, where that is a sentence and no page. */
static const char *refusal(struct arena *arena, long status, const struct text *out)
{
    const char *body = out->at ? out->at : "";
    size_t length = strcspn(body, "\r\n");
    const char *says = length && length < LINE_BYTES_MAX && *body != '<'
                           ? arena_printf(arena, ": %.*s", (int)length, body)
                           : "";
    const char *remedy =
        status == 404 ? "; leash tasks http://HOST:PORT asks for " DUMP_JSON " there" : "";

    return arena_printf(arena, "answered with status %ld%s%s", status, says, remedy);
}

bool fetch_read(struct fetch *fetch, struct arena *arena, struct text *out, const char **error)
{
    long status = 0;

    fetch->out = out;
    fetch->is_too_long = false;
    CURLcode code = curl.perform(fetch->handle);
    if (code != CURLE_OK) {
        *error = explain(fetch, arena, code);
        return false;
    }
    curl.get(fetch->handle, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200)
        return true;
    *error = refusal(arena, status, out);
    return false;
}

void fetch_close(struct fetch *fetch)
{
    curl.cleanup(fetch->handle);
}
