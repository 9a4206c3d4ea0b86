/* device.c - drivers that make up what they measure. */
#include "device.h"

#include <leash.h>

#include <string.h>

static unsigned long draw(struct device *device)
{
    device->state = device->state * 6364136223846793005UL + 1442695040888963407UL;
    return device->state >> 33;
}

static int attach_any(struct device *device)
{
    device->state = device->unit;
    return 0;
}

static int attach_bus(struct device *device)
{
    device->state = device->unit;
    return device->unit < 32 ? 0 : ENODEV;
}

static int sample_thermometer(struct device *device, long *milli)
{
    *milli = 20000 + (long)(draw(device) % 15000);
    return 0;
}

static int sample_gauge(struct device *device, long *milli)
{
    unsigned long drawn = draw(device);

    task_sleep_ms((int64_t)drawn % 4);
    if (drawn % 7 == 0)
        return EIO;
    *milli = 900 + (long)(drawn % 300);
    return 0;
}

static void detach_any(struct device *device)
{
    device->state = 0;
}

static const struct driver drivers[] = {
    {"thermometer", attach_any, sample_thermometer, detach_any},
    {"gauge", attach_bus, sample_gauge, detach_any},
};

const struct driver *driver_find(const char *kind)
{
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (strcmp(drivers[i].kind, kind) == 0)
            return &drivers[i];
    return NULL;
}
