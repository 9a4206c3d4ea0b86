# leash_embed(TARGET TABLE FILE...)
#
# Builds FILEs into the library TARGET as the table embedded_TABLE that base/embed.h declares.  A
# small program of ours writes the C source; it runs again only when a file changed or came or went.
add_executable(leash_embedder ${PROJECT_SOURCE_DIR}/cmake/embed.c)
target_link_libraries(leash_embedder PRIVATE leash_flags)
set_target_properties(leash_embedder PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/embedded)

add_library(leash_embedded STATIC)
target_link_libraries(leash_embedded PUBLIC leash_flags)
set_target_properties(leash_embedded PROPERTIES
  ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/layers)

function(leash_embed target table)
  set(files ${ARGN})
  list(SORT files)
  set(source ${PROJECT_BINARY_DIR}/embedded/${table}.c)
  # The list is an input of its own: a removed file must vanish from the table.
  list(JOIN files "\n" lines)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/embedded/${table}.list CONTENT "${lines}\n" @ONLY)
  add_custom_command(OUTPUT ${source}
    COMMAND leash_embedder ${table} ${source} ${PROJECT_BINARY_DIR}/embedded/${table}.list
    DEPENDS leash_embedder ${files} ${PROJECT_BINARY_DIR}/embedded/${table}.list
    COMMENT "Embedding the ${table}" VERBATIM)
  target_sources(${target} PRIVATE ${source})
endfunction()
