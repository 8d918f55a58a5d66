# Language, warnings and sanitizers of our own targets. Applications that link the library get the language, and the
# stack probes.

add_library(bifilar_own_options INTERFACE)
target_compile_options(bifilar_own_options INTERFACE
  -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Wold-style-cast -Wcast-align -Woverloaded-virtual)
if(BIFILAR_WERROR)
  target_compile_options(bifilar_own_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  # GCC 12 sees uninitialised values and overlaps in libstdc++ itself once it is inlined (GCC bugs 105562, 105329).
  target_compile_options(bifilar_own_options INTERFACE -Wno-maybe-uninitialized -Wno-restrict)
endif()

# What decides how headers are compiled, so those who link the library get it as well.
set(bifilar_definitions)       # For targets.
set(bifilar_definition_flags)  # The same for pkg-config.
macro(bifilar_define name)
  list(APPEND bifilar_definitions ${name}=1)
  string(APPEND bifilar_definition_flags " -D${name}=1")
endmacro()
# Checks. They change no type's size.
if(BIFILAR_DEBUG_CHECKS)
  bifilar_define(BIFILAR_DEBUG)
endif()
# Headers expand the switch between stacks in place. Ours knows of no shadow stacks, Boost.Context's does.
include(CheckCXXSourceCompiles)
check_cxx_source_compiles("#if !defined(__CET__) || !(__CET__ & 2)
#error none
#endif
int main() {}" BIFILAR_SHADOW_STACKS)
if(BIFILAR_FCONTEXT OR BIFILAR_SHADOW_STACKS)
  bifilar_define(BIFILAR_FCONTEXT)
endif()

# A frame larger than the guard of a fiber's stack would step over it, so code that runs in fibers touches each page of
# its frames in turn. Frames of less than a page cost nothing. What links the library gets this as well: its frames are
# on those stacks too.
set(bifilar_stack_options)  # For targets.
set(bifilar_stack_flags)    # The same for pkg-config.
if(BIFILAR_STACK_PROBES)
  set(bifilar_stack_options $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang>:-fstack-clash-protection>
      $<$<COMPILE_LANG_AND_ID:C,GNU,Clang>:-fstack-clash-protection>)
  set(bifilar_stack_flags "-fstack-clash-protection")
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    # There GCC counts on guards of 64 KiB.
    list(APPEND bifilar_stack_options
      $<$<COMPILE_LANG_AND_ID:CXX,GNU>:--param=stack-clash-protection-guard-size=12>
      $<$<COMPILE_LANG_AND_ID:C,GNU>:--param=stack-clash-protection-guard-size=12>)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      string(APPEND bifilar_stack_flags " --param=stack-clash-protection-guard-size=12")
    endif()
  endif()
endif()

if(BIFILAR_SANITIZE STREQUAL "address")
  # The check of virtual tables opens a pipe, and takes for a fault that a test grants no descriptors.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(BIFILAR_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)
  endif()
elseif(NOT BIFILAR_SANITIZE STREQUAL "")
  message(FATAL_ERROR "BIFILAR_SANITIZE is '${BIFILAR_SANITIZE}'; use address, thread or nothing")
endif()

if(BIFILAR_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(BIFILAR_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()

# Clang misplaces over-aligned locals of coroutines without it; GCC has no such option. For applications too.
set(bifilar_coroutine_options $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-fcoro-aligned-allocation>)

# One part of the library: an object library with the headers under include and the sources under src.
function(bifilar_part name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS src/*.cpp)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS include/*.hpp)
  if(sources)
    add_library(bifilar_${name} OBJECT ${sources})
    set(scope PUBLIC)
    target_include_directories(bifilar_${name} PRIVATE src)
    target_link_libraries(bifilar_${name} PRIVATE bifilar_own_options)
    set_target_properties(bifilar_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    # Nobody replaces single functions of the library: they may be inlined within a file. Clang takes that for granted.
    target_compile_options(bifilar_${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)
  else()
    add_library(bifilar_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_compile_features(bifilar_${name} ${scope} cxx_std_23)
  target_compile_options(bifilar_${name} ${scope} ${bifilar_stack_options} ${bifilar_coroutine_options})
  target_compile_definitions(bifilar_${name} ${scope} ${bifilar_definitions})
  target_sources(bifilar_${name} ${scope} FILE_SET HEADERS BASE_DIRS include FILES ${headers})
  if(ARGN)
    target_link_libraries(bifilar_${name} ${scope} ${ARGN})
  endif()
endfunction()

# Sources that have the types by which gdb/ finds tasks in a process or a core: with debug information in every build, so
# that a library without any still shows them. It changes no code.
set(bifilar_type_options -g)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND bifilar_type_options -femit-class-debug-always)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  list(APPEND bifilar_type_options -fstandalone-debug)
endif()
function(bifilar_keeps_types)
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "${bifilar_type_options}")
endfunction()
