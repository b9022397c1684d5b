"""Worst-case stack from call graphs and disassembly."""

from aot.project.callgraph import Function, Stack, read_callgraph, read_disassembly, with_aliases, worst_stack

_GRAPH = """
node: { title: "top" label: "top\\na.c:1:1\\n16 bytes (static)\\n0 dynamic objects" }
node: { title: "a.c:left" label: "left\\na.c:2:1\\n40 bytes (static)" }
node: { title: "right" label: "right\\na.c:3:1\\n8 bytes (dynamic)" }
node: { title: "memcpy" label: "memcpy\\n<built-in>" shape : ellipse }
edge: { sourcename: "top" targetname: "a.c:left" label: "a.c:1:9" }
edge: { sourcename: "top" targetname: "right" label: "a.c:1:9" }
edge: { sourcename: "a.c:left" targetname: "memcpy" label: "a.c:1:9" }
"""

_DISASSEMBLY = """
00000100 <memcpy>:
     100:\tb5f0      \tpush\t{r4, r5, r6, r7, lr}
     102:\te92d 41f0 \tstmdb\tsp!, {r4-r8, lr}
     104:\ted2d 8b04 \tvpush\t{d8-d9}
     106:\tb082      \tsub\tsp, #8
     108:\tf84d 0d10 \tstr.w\tr0, [sp, #-16]!
     10c:\te902 0003 \tstmdb\tr2, {r0, r1}
     110:\tf000 f800 \tbl\t200 <helper>
     112:\td0fb      \tbeq.n\t106 <memcpy+0x6>

00000200 <helper>:
     200:\tb508      \tpush\t{r3, lr}
     202:\t4798      \tblx\tr3
"""


def test_the_deepest_path_counts() -> None:
    graph = read_callgraph([_GRAPH])
    stack = worst_stack("top", graph, {"memcpy": Function(12)})
    assert stack == Stack(16 + 40 + 12, ("a frame of variable size in right",))


def test_pushes_of_a_naked_function_are_seen_though_it_is_static() -> None:
    graph = {"top": Function(16, {"a.c:tile"}), "a.c:tile": Function(0)}
    assert worst_stack("top", graph, {"tile": Function(36)}) == Stack(52, ())


def test_disassembly_counts_every_kind_of_push() -> None:
    functions = read_disassembly(_DISASSEMBLY)
    assert functions["memcpy"].frame == 20 + 24 + 16 + 8 + 16
    assert functions["memcpy"].calls == {"helper"}
    assert functions["helper"] == Function(8, set(), "a call through a pointer")


_RISCV = """
80000100 <memcpy>:
80000100:\t1101                \tadd\tsp,sp,-32
80000102:\tce06                \tsw\tra,28(sp)
80000104:\t00c000ef          \tjal\tra,80000110 <helper>
80000108:\tfe0599e3          \tbnez\ta1,80000104 <memcpy+0x4>
8000010c:\t00008067          \tret

80000110 <helper>:
80000110:\t9782                \tjalr\ta5
"""


def test_disassembly_of_riscv() -> None:
    functions = read_disassembly(_RISCV)
    assert functions["memcpy"] == Function(32, {"helper"})
    assert functions["helper"] == Function(0, set(), "a call through a pointer")


def test_what_is_not_known_is_said() -> None:
    graph = {"a": Function(8, {"b", "gone"}), "b": Function(8, {"a", "__indirect_call"})}
    stack = worst_stack("a", graph, {})
    assert stack.bytes == 16
    assert stack.unknown == ("a call through a pointer in b", "recursion of a", "the stack of gone")


def test_a_function_is_found_under_each_of_its_names() -> None:
    functions = with_aliases({"divide": Function(8)}, "00000100 T divide\n00000100 T __aeabi_uidiv\n00000200 B data\n")
    assert functions["__aeabi_uidiv"] == Function(8)
    assert "data" not in functions
