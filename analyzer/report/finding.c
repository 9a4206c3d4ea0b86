#include "report/finding.h"

const char *rule_group_word(enum rule_group group)
{
    static const char *const words[] = {"leak", "misuse", "convention", "pedantic"};

    return words[group];
}

const char *severity_word(enum severity severity)
{
    static const char *const words[] = {"note", "warning", "error"};

    return words[severity];
}

const char *confidence_word(enum confidence confidence)
{
    static const char *const words[] = {"possible", "likely", "proven"};

    return words[confidence];
}
