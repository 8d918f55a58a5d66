# Checks what is counted from listings and from the words of test programs, each written here by hand.
#   python3 facts_test.py
import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
import unittest.mock

import facts
import inlining
import ports
import registers

PARENT = """
made.o:     file format elf64-x86-64

Disassembly of section .text:

0000000000000000 <_ZL5childi>:
   4:\tcall   9 <_ZL5childi+0x9>
\t\t\t5: R_X86_64_PLT32\t_Znwm-0x4
   9:\tret

0000000000000010 <_Z6parenti.resume>:
  14:\tcall   0 <_ZL5childi>
  19:\tcall   *0x8(%rax)
  1c:\tje     30 <_Z6parenti.resume+0x20>
  1e:\tlea    0x0(%rip),%rax
\t\t\t21: R_X86_64_PC32\t.text.unlikely-0x4
  30:\tjmp    35 <_Z6parenti.resume+0x25>
\t\t\t31: R_X86_64_PLT32\t_ZdlPv-0x4

0000000000000040 <_Z6parenti>:
  44:\tcall   49 <_Z6parenti+0x9>
\t\t\t45: R_X86_64_PLT32\t_Znwm-0x4
  49:\tjmp    44 <_Z6parenti+0x4>

0000000000000050 <_Z6parenti.resume.cold>:
  50:\tcall   55 <_Z6parenti.resume.cold+0x5>
\t\t\t51: R_X86_64_PLT32\t_ZN7bifilar6detail18allocate_coroutineEm-0x4

0000000000000060 <_Z4poolm>:
  60:\tjmp    65 <_Z4poolm+0x5>
\t\t\t61: R_X86_64_PLT32\t_ZN7bifilar6detail14allocate_frameEm-0x4
"""
ARM_JUMP = ["sub\tsp, sp, #0xb0", "stp\td8, d9, [sp]", "stp\tx19, x20, [sp, #64]", "stp\tx29, x30, [sp, #144]",
            "str\tx30, [sp, #160]", "ret\tx4"]
X86_JUMP = ["lea    -0x40(%rsp),%rsp", "stmxcsr (%rsp)", "fnstcw 0x4(%rsp)", "mov    %r12,0x8(%rsp)", "mov    %rbx,0x28(%rsp)",
            "mov    %rsp,%rax", "jmp    *%r8"]


class listings(unittest.TestCase):
    def setUp(self):
        self.found = inlining.functions(PARENT)

    def test_the_body_of_a_coroutine_is_read_and_not_what_makes_it(self):
        self.assertEqual(inlining.part(self.found, "parent"), "_Z6parenti.resume")
        self.assertEqual(inlining.part(self.found, "pool"), "_Z4poolm")
        with self.assertRaises(LookupError):
            inlining.part(self.found, "nobody")

    def test_allocations_are_found_behind_calls_and_in_the_cold_part(self):
        self.assertEqual(inlining.allocations(self.found, "_Z6parenti.resume"), 2)
        self.assertEqual(inlining.allocations(self.found, "_ZL5childi"), 1)
        self.assertEqual(inlining.allocations(self.found, "_Z4poolm"), 1)

    def test_calls_count_pointers_and_jumps_to_others_and_not_those_within(self):
        self.assertEqual(inlining.calls(self.found, "_Z6parenti.resume"), 4)
        self.assertEqual(inlining.calls(self.found, "_Z6parenti"), 1)

    def test_allocators_are_told_by_their_whole_name(self):
        for name in ("_Znwm", "_Znam", "_ZnwmSt11align_val_t", "malloc", "_ZN7bifilar6detail18allocate_coroutineEm"):
            self.assertTrue(inlining.ALLOCATORS.match(name), name)
        for name in ("_ZdlPv", "malloc_trim", "_ZN7bifilar6detail17release_coroutineEPv", "__cxa_allocate_exception"):
            self.assertFalse(inlining.ALLOCATORS.match(name), name)

    def test_a_missing_tool_is_named_by_its_package(self):
        with unittest.mock.patch("shutil.which", lambda tool: None), unittest.mock.patch("platform.machine", lambda: "x86_64"):
            made, refused = inlining.facts()
        self.assertEqual(made, {})
        self.assertEqual(refused["allocations left for an awaited child, Clang"],
                         "the package clang-19 and the package binutils is not installed")
        self.assertEqual(len(refused), 2 * len(inlining.CHILDREN | inlining.CHAINS))


class jumps(unittest.TestCase):
    def test_registers_are_counted_once_and_by_kind(self):
        self.assertEqual(registers.count("aarch64", ARM_JUMP),
                         {registers.SAVED: 6, registers.OF_THEM: 2, registers.WORDS: 0, registers.BYTES: 176, registers.COUNT: 6})
        self.assertEqual(registers.count("x86-64", X86_JUMP),
                         {registers.SAVED: 2, registers.OF_THEM: 0, registers.WORDS: 2, registers.BYTES: 64, registers.COUNT: 7})

    def test_a_missing_library_is_named(self):
        _, refused = registers.facts(pathlib.Path("no-such-folder"))
        self.assertIn("is not installed", refused["registers saved by jump_fcontext, aarch64"])


class programs(unittest.TestCase):
    SAID = """configuring
== base
===============================================================================
All tests passed (1234 assertions in 45 test cases)

== sync
test cases:  20 |  17 passed |  3 failed
assertions: 100 | 90 passed | 10 failed
== core
qemu: uncaught target signal 11
failed: sync
core
"""

    def test_a_program_without_its_summary_has_failed(self):
        self.assertEqual(ports.tests_of(self.SAID), (62, 4))

    def test_nothing_that_was_run_gives_nothing(self):
        self.assertEqual(ports.tests_of("skipped: no compiler\n"), (0, 0))

    def test_they_are_not_run_unless_asked_for(self):
        made, refused = ports.qemu(False)
        self.assertEqual((made, set(refused)), ({}, {ports.PASSED, ports.FAILED}))


class files(unittest.TestCase):
    def test_facts_and_what_is_not_to_be_had_are_added_to_the_page(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "portability.json"
            file.write_text(json.dumps({"facts": {"before": 1}, "workloads": []}))
            with unittest.mock.patch.object(inlining, "facts", lambda: ({"a": 0}, {"b": "no compiler"})), \
                    unittest.mock.patch.object(registers, "facts", lambda arm: ({"c": 6}, {})), \
                    unittest.mock.patch.object(ports, "facts", lambda build, qemu: ({"d": int(qemu)}, {})), \
                    unittest.mock.patch.object(sys, "argv", ["facts.py", str(file), folder, "--qemu"]), \
                    contextlib.redirect_stdout(io.StringIO()):
                facts.main()
            report = json.loads(file.read_text())
        self.assertEqual(report["facts"], {"before": 1, "a": 0, "c": 6, "d": 1})
        self.assertEqual(report["refused_facts"], {"b": "no compiler"})


if __name__ == "__main__":
    unittest.main()
