// Tells gdb which script to load for a program that the static library is linked into, by a section that gdb looks for.
// A shared library needs none of this: gdb finds the script that lies beside it by its name. gdb loads neither from
// where its user does not trust (`add-auto-load-safe-path`), and says so.
#pragma once

#if defined(BIFILAR_GDB_SCRIPT) && defined(__ELF__) && (defined(__x86_64__) || defined(__aarch64__))
// "\4": the text of a script follows, in Python. Where the file is not there, which is so before the installation, and
// on other machines, nothing is said.
asm(".pushsection .debug_gdb_scripts, \"MS\", %progbits, 1\n"
    ".byte 4\n"
    ".ascii \"gdb.inlined-script-bifilar\\n\"\n"
    ".ascii \"import os, gdb\\n\"\n"
    ".ascii \"path = '" BIFILAR_GDB_SCRIPT
    "'\\n\"\n"
    ".ascii \"if os.path.exists(path): gdb.execute('source ' + path)\\n\"\n"
    ".byte 0\n"
    ".popsection\n");
#endif
