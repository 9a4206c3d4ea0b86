/* page.h - the page at /, as strings: page.html and what it loads. */
#ifndef LEASH_RT_PAGE_H
#define LEASH_RT_PAGE_H

#define page_html leash_rt_page_html
#define page_css  leash_rt_page_css
#define page_js   leash_rt_page_js

extern const char page_html[], page_css[], page_js[];

#endif
