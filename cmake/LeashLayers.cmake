# leash_layer(NAME LAYER... [LIBRARIES TARGET...] [FOLDER DIR] [PROGRAM OUTPUT])
#
# One static library leash_NAME per layer: all of its folder (analyzer/NAME unless FOLDER says
# otherwise), linked only to the layers it may know and to LIBRARIES.  With PROGRAM the layer is an
# executable of that name at the top of the build folder.
function(leash_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 layer "" "FOLDER;PROGRAM" "LIBRARIES")
  set(known ${layer_UNPARSED_ARGUMENTS})
  if(NOT layer_FOLDER)
    set(layer_FOLDER analyzer/${name})
  endif()
  list(JOIN known " " known_words)
  set_property(GLOBAL APPEND_STRING PROPERTY leash_layer_map
    "${name} ${layer_FOLDER} ${known_words}\n")
  set_property(GLOBAL APPEND PROPERTY leash_layer_names ${name})

  list(TRANSFORM known PREPEND leash_)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${layer_FOLDER}/*.c)
  if(layer_PROGRAM)
    add_executable(${layer_PROGRAM} ${sources})
    set_target_properties(${layer_PROGRAM} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
    set(target ${layer_PROGRAM})
    set(scope PRIVATE)
  else()
    add_library(leash_${name} STATIC ${sources})
    set_target_properties(leash_${name} PROPERTIES
      ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/layers)
    set(target leash_${name})
    set(scope PUBLIC)
  endif()
  target_compile_definitions(${target} PRIVATE LEASH_VERSION="${PROJECT_VERSION}")
  target_link_libraries(${target} ${scope} leash_flags ${known} ${layer_LIBRARIES})
  if(NOT layer_FOLDER MATCHES "^analyzer/")
    target_include_directories(${target} ${scope} ${PROJECT_SOURCE_DIR})
  endif()
endfunction()

# Writes the map for tests/layers, and gathers the libraries for the tests in leash_all.
function(leash_layers_done)
  get_property(names GLOBAL PROPERTY leash_layer_names)
  get_property(map GLOBAL PROPERTY leash_layer_map)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/layers/map.txt CONTENT "${map}" @ONLY)
  add_library(leash_all INTERFACE)
  foreach(name IN LISTS names)
    if(TARGET leash_${name})
      target_link_libraries(leash_all INTERFACE leash_${name})
    endif()
  endforeach()
endfunction()
