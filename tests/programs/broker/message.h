/* message.h - what travels through the broker. */
#ifndef BROKER_MESSAGE_H
#define BROKER_MESSAGE_H

#include <leash.h>

enum message_kind { MESSAGE_DATA, MESSAGE_PING };

/* Plain values, but for the receipt: a reference that belongs to whoever has the message. */
struct message {
    enum message_kind kind;
    int publisher;
    int sequence;
    chan_t
        *receipt; /* of int, with room for one, or NULL: gets the number of subscribers reached */
};

#endif
