# What the library links: Boost.Context, liburing and hwloc, all from Debian. Each is looked for where a distribution
# puts it; what is missing is named by its package.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

function(bifilar_missing what package)
  message(FATAL_ERROR "bifilar needs ${what}. Install it with: sudo apt-get install ${package}")
endfunction()

find_package(Boost 1.74 QUIET COMPONENTS context)
if(NOT TARGET Boost::context)
  bifilar_missing("Boost.Context" libboost-context1.81-dev)
endif()

# An imported target from a header and a library; bifilar-config.cmake finds the same two again.
function(bifilar_find target header library package)
  string(MAKE_C_IDENTIFIER ${target} id)
  find_path(${id}_INCLUDE ${header})
  find_library(${id}_LIBRARY ${library})
  mark_as_advanced(${id}_INCLUDE ${id}_LIBRARY)
  if(NOT ${id}_INCLUDE OR NOT ${id}_LIBRARY)
    bifilar_missing(${library} ${package})
  endif()
  add_library(${target} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES
    IMPORTED_LOCATION ${${id}_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${${id}_INCLUDE})
endfunction()

bifilar_find(bifilar_uring liburing.h uring liburing-dev)
bifilar_find(bifilar_hwloc hwloc.h hwloc libhwloc-dev)
find_path(BIFILAR_VALGRIND_INCLUDE valgrind/valgrind.h)
find_path(BIFILAR_LIBDW_INCLUDE elfutils/libdwfl.h)  # Its library is loaded when a dump needs it.
mark_as_advanced(BIFILAR_VALGRIND_INCLUDE BIFILAR_LIBDW_INCLUDE)

if(BIFILAR_TLS)
  find_package(OpenSSL 3.0 QUIET COMPONENTS SSL)
endif()
if(BIFILAR_TLS AND NOT OpenSSL_FOUND)
  if(NOT BIFILAR_TLS STREQUAL "AUTO")
    bifilar_missing("OpenSSL 3.0 because BIFILAR_TLS is ${BIFILAR_TLS}" libssl-dev)
  endif()
  message(STATUS "bifilar::tls is left out: no OpenSSL 3.0. Install it with: sudo apt-get install libssl-dev")
endif()
