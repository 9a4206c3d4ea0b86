# What `cmake --install` puts where: the tool, the library with its header, a CMake package, a
# pkg-config file, and the documents.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/leash)

install(TARGETS leash RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS libleash EXPORT leashTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/runtime/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/leashConfig.cmake.in
  ${PROJECT_BINARY_DIR}/leashConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/leashConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(EXPORT leashTargets NAMESPACE leash:: DESTINATION ${package_dir})
install(FILES ${PROJECT_BINARY_DIR}/leashConfig.cmake
  ${PROJECT_BINARY_DIR}/leashConfigVersion.cmake DESTINATION ${package_dir})
# The build folder itself serves find_package() too: -Dleash_DIR=build.
export(EXPORT leashTargets NAMESPACE leash:: FILE ${PROJECT_BINARY_DIR}/leashTargets.cmake)

# libleash-debug by itself, so that only who wants it needs what it is built on.
if(TARGET libleash-debug)
  install(TARGETS libleash-debug EXPORT leashDebugTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT leashDebugTargets NAMESPACE leash:: DESTINATION ${package_dir})
  export(EXPORT leashDebugTargets NAMESPACE leash::
    FILE ${PROJECT_BINARY_DIR}/leashDebugTargets.cmake)
endif()

# Relative to itself, so that `cmake --install --prefix` may choose the place.
file(RELATIVE_PATH pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
set(pc_names leash)
if(TARGET libleash-debug)
  list(APPEND pc_names leash-debug)
endif()
foreach(name IN LISTS pc_names)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

# For gdb: `source PREFIX/share/leash/leash-gdb.py`.
install(FILES ${PROJECT_SOURCE_DIR}/runtime/debug/leash-gdb.py
  DESTINATION ${CMAKE_INSTALL_DATADIR}/leash)

file(GLOB schemas CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/rules/*.schema.json
  ${PROJECT_SOURCE_DIR}/rules/models/*.schema.json)
install(FILES ${schemas} DESTINATION ${CMAKE_INSTALL_DATADIR}/leash)
file(GLOB documents CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/rules/*.md)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/LICENSE
  DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${documents} DESTINATION ${CMAKE_INSTALL_DOCDIR}/rules)
