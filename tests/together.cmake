# Writes a source that compiles several tests at a time, each in a namespace of its own, since helpers of two files may
# have one name. What they include comes in front, in the open; where they include it again, its #pragma once says no.
#   cmake -DOUT=file.cpp "-DSOURCES=a_test.cpp;b_test.cpp" -P together.cmake
set(includes)
set(bodies)
set(number 0)
foreach(source IN LISTS SOURCES)
  file(STRINGS ${source} lines REGEX "^# *include ")
  list(APPEND includes ${lines})
  string(APPEND bodies "namespace file_${number} {\n#include \"${source}\"\n}\n")
  math(EXPR number "${number} + 1")
endforeach()
list(REMOVE_DUPLICATES includes)
list(JOIN includes "\n" includes)
file(WRITE ${OUT} "// Written by tests/together.cmake.\n${includes}\n${bodies}")
