# Finds the libclang of version LEASH_LLVM: the target LibClang::LibClang.
#
# Debian ships no libclang.pc: ask the llvm-config of the wanted version, or probe its folder.
if(NOT LEASH_LLVM MATCHES "^[0-9]+$" OR LEASH_LLVM LESS 17)
  message(FATAL_ERROR "LEASH_LLVM is '${LEASH_LLVM}': leash needs libclang 17 or newer")
endif()
# What was found for another version must not stay.
if(NOT LEASH_LLVM STREQUAL LIBCLANG_FOUND_FOR)
  unset(LIBCLANG_CONFIG CACHE)
  unset(LIBCLANG_INCLUDE_DIR CACHE)
  unset(LIBCLANG_LIBRARY CACHE)
  set(LIBCLANG_FOUND_FOR ${LEASH_LLVM} CACHE INTERNAL "The LEASH_LLVM of the cached places")
endif()
find_program(LIBCLANG_CONFIG NAMES llvm-config-${LEASH_LLVM})
if(LIBCLANG_CONFIG)
  execute_process(COMMAND ${LIBCLANG_CONFIG} --includedir OUTPUT_VARIABLE hint_include
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  execute_process(COMMAND ${LIBCLANG_CONFIG} --libdir OUTPUT_VARIABLE hint_lib
    OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
find_path(LIBCLANG_INCLUDE_DIR clang-c/Index.h
  HINTS ${hint_include} /usr/lib/llvm-${LEASH_LLVM}/include NO_DEFAULT_PATH)
find_library(LIBCLANG_LIBRARY NAMES clang-${LEASH_LLVM} clang libclang.so.1
  HINTS ${hint_lib} /usr/lib/llvm-${LEASH_LLVM}/lib NO_DEFAULT_PATH)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibClang REQUIRED_VARS LIBCLANG_LIBRARY LIBCLANG_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install libclang-${LEASH_LLVM}-dev, or set LEASH_LLVM to the version at hand")

if(LibClang_FOUND AND NOT TARGET LibClang::LibClang)
  add_library(LibClang::LibClang UNKNOWN IMPORTED)
  set_target_properties(LibClang::LibClang PROPERTIES
    IMPORTED_LOCATION ${LIBCLANG_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${LIBCLANG_INCLUDE_DIR})
endif()
mark_as_advanced(LIBCLANG_INCLUDE_DIR LIBCLANG_LIBRARY LIBCLANG_CONFIG)
