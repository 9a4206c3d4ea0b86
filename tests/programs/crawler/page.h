/* page.h - what the parts of the crawler hand to each other. */
#ifndef CRAWLER_PAGE_H
#define CRAWLER_PAGE_H

#include <stddef.h>
#include <stdint.h>

enum { PATH_MAX_BYTES = 48, LINKS_MAX = 4 };

struct path {
    char text[PATH_MAX_BYTES];
};

/* A page as the site answers it.  Plain values, so it can travel through channels. */
struct page {
    int status; /* as in HTTP; 0 when there was no answer in time */
    size_t bytes;
    struct path links[LINKS_MAX];
    int link_count;
};

/* What became of one path. */
struct outcome {
    struct path path;
    int status;
    size_t bytes;
    int attempts;
};

#endif
