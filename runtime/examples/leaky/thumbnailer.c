/*
 * thumbnailer.c - makes thumbnails of the PPM pictures named on the command line.
 *
 * Leaky on purpose: it compiles without a warning and gets through a first try, and some of its
 * tasks never end.  `leash check` finds where.
 */
#include <leash.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THUMBNAIL_PIXELS = 64, REPORT_MS = 500, PATIENCE_MS = 3000 };

struct picture {
    int width, height;
    unsigned char *pixels; /* on the heap, three bytes each */
};

struct batch {
    wg_t working;
    mu_t lock;
    int finished; /* under lock */
    int expected;
    chan_t *errors; /* of char *, from the heap */
};

static bool read_picture(const char *path, struct picture *picture)
{
    FILE *file = fopen(path, "rb");
    bool ok = false;

    if (!file)
        return false;
    if (fscanf(file, "P6 %4d %4d 255%*c", &picture->width, &picture->height) == 2 &&
        picture->width > 0 && picture->height > 0) {
        size_t size = (size_t)picture->width * (size_t)picture->height * 3;
        picture->pixels = malloc(size);
        ok = picture->pixels && fread(picture->pixels, 1, size, file) == size;
    }
    (void)fclose(file);
    return ok;
}

static bool write_thumbnail(const char *path, const struct picture *picture)
{
    char name[512];
    int step = (picture->width + THUMBNAIL_PIXELS - 1) / THUMBNAIL_PIXELS;
    int width = picture->width / step;
    int height = picture->height / step;

    (void)snprintf(name, sizeof name, "%s.thumb", path);
    FILE *file = fopen(name, "wb");
    if (!file)
        return false;
    (void)fprintf(file, "P6\n%d %d\n255\n", width, height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            (void)fwrite(picture->pixels + 3 * ((size_t)y * (size_t)step * (size_t)picture->width +
                                                (size_t)x * (size_t)step),
                         1, 3, file);
    return fclose(file) == 0;
}

static void make_thumbnail(struct batch *batch, const char *path)
{
    struct picture picture = {0};

    if (!read_picture(path, &picture)) {
        char *message = strdup(path);
        chan_send(batch->errors, &message);
        free(picture.pixels);
        return;
    }
    if (!write_thumbnail(path, &picture))
        (void)fprintf(stderr, "%s: no thumbnail\n", path);
    free(picture.pixels);
    mu_lock(&batch->lock);
    batch->finished++;
    mu_unlock(&batch->lock);
    wg_done(&batch->working);
}

static void report_progress(struct batch *batch)
{
    for (;;) {
        task_sleep_ms(REPORT_MS);
        mu_lock(&batch->lock);
        printf("%d of %d\n", batch->finished, batch->expected);
        mu_unlock(&batch->lock);
    }
}

static void print_errors(struct batch *batch)
{
    char *message;

    while (chan_recv(batch->errors, &message)) {
        (void)fprintf(stderr, "%s: not a picture\n", message);
        free(message);
    }
}

static void wait_for_all(struct batch *batch, chan_t *finished)
{
    wg_wait(&batch->working);
    chan_send(finished, &batch->finished);
}

static int entry(int argc, char **argv)
{
    static struct batch batch;
    chan_t *finished = chan_make(int, 0);
    int count = 0;

    batch.expected = argc - 1;
    batch.errors = chan_make(char *, 0);
    spawn(report_progress, &batch);
    spawn(print_errors, &batch);
    for (int i = 1; i < argc; i++) {
        wg_add(&batch.working, 1);
        spawn(make_thumbnail, &batch, argv[i]);
    }
    spawn(wait_for_all, &batch, finished);
    switch (chan_select(RECV(finished, &count), AFTER_MS(PATIENCE_MS))) {
    case 0:
        printf("%d thumbnails\n", count);
        return 0;
    default:
        (void)fprintf(stderr, "too slow, giving up\n");
        return 1;
    }
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
