# cmake --install, find_package(bifilar CONFIG) and pkg-config.
include(CMakePackageConfigHelpers)

set(file_sets)
foreach(part common drivers io stackless stackful runtime)
  list(APPEND file_sets FILE_SET ${part}_headers DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endforeach()
install(TARGETS bifilar EXPORT bifilar_targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        ${file_sets})
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/bifilar)
install(EXPORT bifilar_targets NAMESPACE bifilar:: DESTINATION ${package_dir})
if(TARGET bifilar_tls)
  install(TARGETS bifilar_tls EXPORT bifilar_tls_targets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
          FILE_SET tls_headers DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT bifilar_tls_targets NAMESPACE bifilar:: DESTINATION ${package_dir})
endif()
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/bifilar-config.cmake.in bifilar-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(bifilar-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/bifilar-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/bifilar-config-version.cmake
        DESTINATION ${package_dir})
# A static library needs its own libraries in every link, a shared one only where everything is linked statically.
get_target_property(kind bifilar TYPE)
set(bifilar_coroutine_flag)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(bifilar_coroutine_flag " -fcoro-aligned-allocation")
endif()
set(bifilar_static_libs)
set(bifilar_private_libs "-lboost_context -luring -lhwloc")
set(bifilar_tls_static_libs)
set(bifilar_tls_private_libs "-lssl -lcrypto")
if(kind STREQUAL "STATIC_LIBRARY")
  set(bifilar_static_libs ${bifilar_private_libs})
  set(bifilar_private_libs)
  set(bifilar_tls_static_libs ${bifilar_tls_private_libs})
  set(bifilar_tls_private_libs)
endif()
file(RELATIVE_PATH bifilar_from_pkgconfig ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${CMAKE_CURRENT_LIST_DIR}/bifilar.pc.in bifilar.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/bifilar.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(TARGET bifilar_tls)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/bifilar-tls.pc.in bifilar-tls.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/bifilar-tls.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()

# gdb's commands; see docs/guides/gdb.md. It loads for a shared library what has its name and lies beside it.
set(gdb_dir ${CMAKE_INSTALL_DATADIR}/bifilar/gdb)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/gdb/ DESTINATION ${gdb_dir} FILES_MATCHING PATTERN "*.py")
if(kind STREQUAL "SHARED_LIBRARY")
  file(RELATIVE_PATH bifilar_gdb_from_library ${CMAKE_INSTALL_FULL_LIBDIR} ${CMAKE_INSTALL_FULL_DATADIR}/bifilar/gdb)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/libbifilar-gdb.py.in libbifilar-gdb.py @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/libbifilar-gdb.py DESTINATION ${CMAKE_INSTALL_LIBDIR}
          RENAME $<TARGET_FILE_NAME:bifilar>-gdb.py)
endif()
