#!/bin/sh
# check.sh MAP ROOT: reads the #include lines below ROOT and holds them to the map of the layers.
#
# MAP has a line "LAYER FOLDER KNOWN..." per layer.  An include in quotes is "LAYER/file.h" of the
# file's own layer or of one it may know, or a file beside it.  Only frontend includes clang-c.
# Every complaint is printed as FILE:LINE: TEXT; the exit status is 1 when there is one.
set -eu
map=$1
cd "$2"
set --
for folder in analyzer rules; do
    [ ! -d "$folder" ] || set -- "$@" "$folder"
done
find "$@" -name '*.[ch]' | LC_ALL=C sort | awk -v map="$map" '
function complain(text) {
    print file ":" line ": " text
    complaints++
}
function check_quoted(path,    known) {
    known = path
    if (!sub("/[^/]*$", "", known)) {
        if ((getline ignored < (folder "/" path)) < 0)
            complain("\"" path "\" is not beside it and not written from a layer'\''s root")
        close(folder "/" path)
    } else if (!(known in folder_of))
        complain("\"" path "\" is not written from a layer'\''s root")
    else if (known != layer && !((layer, known) in may_know))
        complain(layer " may not know " known " (\"" path "\")")
}
function check_line(text) {
    if (text !~ /^[ \t]*#[ \t]*include/)
        return
    if (text ~ /[<"]clang-c\// && layer != "frontend")
        complain("only frontend includes clang-c")
    else if (match(text, /"[^"]+"/) && text !~ /"clang-c\//)
        check_quoted(substr(text, RSTART + 1, RLENGTH - 2))
}
BEGIN {
    while ((getline entry < map) > 0) {
        count = split(entry, words, " ")
        folder_of[words[1]] = words[2]
        layer_of[words[2]] = words[1]
        for (i = 3; i <= count; i++)
            may_know[words[1], words[i]] = 1
    }
}
{
    file = $0
    folder = file
    sub("/[^/]*$", "", folder)
    line = 1
    if (!(folder in layer_of)) {
        complain("belongs to no layer of the map in CMakeLists.txt")
        next
    }
    layer = layer_of[folder]
    for (; (getline text < file) > 0; line++)
        check_line(text)
    close(file)
}
END {
    if (NR == 0) {
        print "no source files to check"
        exit 1
    }
    print NR " files checked against the map of the layers, " (complaints + 0) " complaints"
    exit complaints > 0
}'
