/* device.h - the devices of the plant behind one interface, whatever they are wired to. */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdbool.h>

struct device;

/* What a kind of device can do.  All calls return 0 or an errno; sampling may take a while. */
struct driver {
    const char *kind;
    int (*attach)(struct device *device);
    int (*sample)(struct device *device, long *milli);
    void (*detach)(struct device *device);
};

struct device {
    const struct driver *driver;
    const char *name;
    unsigned unit;       /* its number on the bus */
    unsigned long state; /* the driver's */
};

/* The driver of this kind, or NULL. */
const struct driver *driver_find(const char *kind);

#endif
