# SPDX-License-Identifier: Apache-2.0
"""tools/check-layers: each rule refuses what breaks it, and nothing else"""
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"


@pytest.fixture
def tree(tmp_path):
    """check(files, compiled): the script's status and output for a tree of these
    files. compiled: there are object files, too."""
    script = (ROOT / "tools/check-layers").read_text()
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def compile_(name):
        part = "nginx/objs/addon" if name.startswith("gateway/") else "obj"
        target = tmp_path / "build/release" / part / f"{name[:-2]}.o"
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["gcc", "-w", "-O1", "-I.", "-c", name, "-o", target],
                       cwd=tmp_path, check=True)

    def check(files, compiled=False):
        write("tools/check-layers", script).chmod(0o755)
        write(".gitignore", "build/\n")
        for name, text in files.items():
            write(name, (SPDX if name.endswith((".c", ".h")) else "") + text)
        for name in files:
            if compiled and name.endswith(".c"):
                compile_(name)
        result = subprocess.run(["tools/check-layers"], cwd=tmp_path,
                                capture_output=True, text=True, timeout=30)
        assert result.stderr == ""
        return result.returncode, result.stdout
    return check


def accepted(result):
    assert result == (0, "")


def refused(result, *texts):
    status, output = result
    assert status == 1
    for text in texts:
        assert text in output


# ---- layers ------------------------------------------------------------------


@pytest.mark.parametrize(("path", "other", "is_allowed"), [
    ("core/a.c", "base/b.h", True),
    ("base/a.c", "core/b.h", False),
    ("base/a.c", "crypto/b.h", False),
    ("sandbox/a.c", "core/b.h", True),
    ("sandbox/a.c", "store/b.h", False),
    ("sandbox/a.c", "authority/b.h", False),
    ("authority/calls/a.c", "sandbox/b.h", True),
    ("authority/limits/a.c", "gateway/b.h", False),
    ("store/noun/a.c", "authority/b.h", False),
    ("gateway/a.c", "store/b.h", False),
    ("client/a.c", "authority/b.h", False),
    ("cli/client/a.c", "client/b.h", True),
    ("cli/operator/a.c", "gateway/b.h", False),
    ("sidecar/module/a.c", "client/b.h", True),
    ("sidecar/a.c", "authority/b.h", False),
    ("sidecar/module/a.c", "gateway/b.h", False),
    ("gateway/a.c", "sidecar/b.h", False),
    ("gateway/a.c", "client/b.h", False),
    ("client/a.c", "sidecar/b.h", False),
    ("cli/proxy/a.c", "sidecar/b.h", True),
])
def test_a_layer_includes_what_lies_below_it(tree, path, other, is_allowed):
    result = tree({path: f'#include "{other}"\n', other: "#pragma once\n"})
    if is_allowed:
        accepted(result)
    else:
        refused(result, f"{path}:2: {path.split('/')[0]}/ may not include"
                        f" {other.split('/')[0]}/")


@pytest.mark.parametrize(("path", "is_allowed"), [
    ("gateway/a.c", True), ("sidecar/module/a.c", True), ("sidecar/a.c", False),
    ("client/a.c", False)])
def test_nginx_is_known_to_its_modules_alone(tree, path, is_allowed):
    result = tree({path: "#include <ngx_core.h>\n"})
    if is_allowed:
        accepted(result)
    else:
        refused(result, f"{path}:2: <ngx_core.h> belongs to gateway/, sidecar/module/")


@pytest.mark.parametrize(("path", "text", "is_allowed"), [
    ("base/file.c", "int a(void) { return rename(x, y); }\n", True),
    ("cli/a.c", "int a(void) { return rename(x, y); }\n", False),
    ("cli/a.c", "int a(void) { return renameat(0, x, 0, y); }\n", False),
    ("cli/a.c", "int a(void) { return mkstemp(x); }\n", False),
    ("crypto/a.c", "int a(void) { return info.st_mode & S_IRWXO; }\n", False),
    ("crypto/a.c", "int a(void) { return info.st_mode & S_IRGRP; }\n", False),
    ("sandbox/a.c", "int a(void) { return info->st_uid == geteuid(); }\n", False),
    ("client/place.c", "int a(void) { return info->st_uid; }\n", True),
    ("client/place.c", "int a(void) { return rename(x, y); }\n", False),
    ("cli/a.c", "int a(void) { return S_ISREG(info.st_mode); }\n", True),
    ("cli/a.c", "int a(void) { int rename = b; return my_rename(x); }\n", True),
    ("cli/a.c", "/* rename(x, y) of st_uid */\n", True),
])
def test_files_are_checked_and_replaced_in_one_place(tree, path, text, is_allowed):
    result = tree({path: text})
    if is_allowed:
        accepted(result)
    else:
        refused(result, f"{path}:2: ", "that is base/file.c's to do")


@pytest.mark.parametrize(("path", "text", "is_allowed"), [
    ("gateway/fill.c", "    ctx->request.call = NULL;\n", True),
    ("gateway/a.c", "    ctx->request.call = NULL;\n", False),
    ("gateway/a.c", "    ctx->request.rule.token = 1;\n", False),
    ("gateway/a.c", "    ctx->request.path_ids[0] = 1;\n", False),
    ("gateway/a.c", "    ctx->request.num_tokens++;\n", False),
    ("gateway/a.c", "    ctx->request.is_head |= 1;\n", False),
    ("gateway/a.c", "    struct trivet_request *q = &ctx->request;\n", False),
    ("gateway/a.c", "    const struct trivet_request *q = &ctx->request;\n", True),
    ("gateway/a.c", "    if (ctx->request.call == NULL) {}\n", True),
    ("gateway/a.c", "    a = ctx->request.call;\n", True),
    ("authority/a.c", "    ctx->request.call = NULL;\n", True),
])
def test_a_request_is_filled_in_one_file(tree, path, text, is_allowed):
    result = tree({path: f"void a(void)\n{{\n{text}}}\n"})
    if is_allowed:
        accepted(result)
    else:
        refused(result, f"{path}:4: ")


@pytest.mark.parametrize("path,is_allowed", [
    ("core/json.c", True), ("core/other.c", False), ("gateway/x.c", False)])
def test_json_of_others_is_read_in_one_place(tree, path, is_allowed):
    text = "void f(void)\n{\n    json_loadb(0, 0, 0, 0);\n}\n"
    result = tree({path: text})
    (accepted if is_allowed else lambda it: refused(it, "json_loadb() is banned"))(result)


def test_a_library_has_its_folder(tree):
    accepted(tree({"crypto/a.c": "#include <openssl/evp.h>\n"}))
    refused(tree({"base/a.c": "#include <openssl/evp.h>\n"}),
            "base/a.c:2: <openssl/evp.h> belongs to crypto")


# ---- length ------------------------------------------------------------------


@pytest.mark.parametrize("name", [
    "core/a.c", "core/a.h", "tests/unit/a.c", "tests/system/test_a.py",
    "tests/client/deeper/a.py", "bench/a.py",
])
def test_a_file_of_600_lines_at_most(tree, name):
    own = 1 if name.endswith((".c", ".h")) else 0
    accepted(tree({name: "\n" * (600 - own)}))
    refused(tree({name: "\n" * (601 - own)}), f"{name}:1: 601 lines, 600 are allowed")


# ---- conditional operators ---------------------------------------------------


def body(*lines):
    return "int f(int a, int b)\n{\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


@pytest.mark.parametrize("text", [
    body("return a ? b : 0;"),
    body("a = a ? b : 0;", "b = b ? a : 0;", "return a;"),
    body("g(a ? b : 0);", "return a;"),
    body("g(1, a ? b : 0, 2);", "return a;"),
    body("return a", "           ? g(b)", "           : 0;"),
    body("a = a ? g(1,", "          2) : 0;", "return a;"),  # the arguments have none
    body("if (a ? b : 0) {", "    return b ? a : 0;", "}", "return 1;"),
    body("if (a ? b : 0)", "    return b ? a : 0;", "else", "    return 1 ? a : b;"),
    body("for (int i = 0; i < (a ? b : 0); i++)", "    a = b ? 1 : 0;", "return a;"),
    body("while (a &&", "       (b ? a : 0))", "    a--;", "return a;"),  # no call
    body("return (a &&", "        (b ? a : 0));"),
    body("switch (a) {", "case 1:", "    return a ? 1 : 0;", "default:",
         "    return b ? 1 : 0;", "}"),
    body('g("a ? b : c ? d : e",', '  \'?\', "?");', "return a;"),
    body("/* a ? b : c ? d : e */", "g(/* ? */", "  a);", "return a;"),
    "#define PICK(a, b) ((a) ? (b) : 0)\n#define PICK_AGAIN(a, b) \\\n    ((a) ? (b) : 0)\n",
    "struct t { int a, b; };\nstruct t x = {1 ? 2 : 3, 4};\nstruct t y = {1 ? 2 : 3, 4};\n",
])
def test_one_conditional_operator_in_a_statement(tree, text):
    accepted(tree({"core/a.c": text}))


@pytest.mark.parametrize(("line", "text"), [
    (4, body("return a ? b : b ? a : 0;")),
    (4, body("return a ? (b ? a : 1) : 0;")),
    (4, body("return a", "           ? b", "           : b ? a : 0;")),
    (4, body("return (a ? b : 0) + (b ? a : 0);")),
    (4, body("g(a ? b : 0, b ? a : 0);", "return a;")),
    (4, body("for (int i = a ? 1 : 0; i < (a ? b : 0); i++)", "    a++;", "return a;")),
    (4, body("if (a ? b : b ? a : 0)", "    return 1;", "return 0;")),
    (5, body("if (a)", "    return a ? b : b ? a : 0;", "return 0;")),
    (2, "#define PICK(a, b) ((a) ? (b) : (b) ? 1 : 0)\n"),
    (3, "#define PICK(a, b) \\\n    ((a) ? (b) : (b) ? 1 : 0)\n"),
    (2, "int x[] = {1 ? 2 : 3, 2 ? 3 : 4};\n"),
    (4, body("struct t x = {", "    .a = 1 ? 2 : 3,", "    .b = 2 ? 3 : 4,", "};")
        .replace("    .a", ".a")),
    (4, body("g((struct t){a ? 1 : 2, b ? 1 : 2});", "return 0;")),
    (4, body("return (struct t){a ? 1 : 2, b ? 1 : 2};")),
])
def test_two_conditional_operators_in_a_statement(tree, line, text):
    status, output = tree({"core/a.c": text})
    assert status == 1
    assert "2 conditional operators in a statement" in output
    assert f"core/a.c:{line}: " in output or f"core/a.c:{line + 1}: " in output
    assert "arguments" not in output


@pytest.mark.parametrize("text", [
    body("g(1,", "  a ? b : 0);", "return a;"),
    body("g(a ? b : 0,", "  1);", "return a;"),
    body("g(1, (a ? b : 0),", "  1);", "return a;"),
    body("g(h(a ? b : 0),", "  1);", "return a;"),
    body("(*g)(1,", "     a ? b : 0);", "return a;"),
    body("if (g(1,", "      a ? b : 0))", "    return 1;", "return a;"),
    body("return g(1,", "         a ? b : 0);"),
    body("g((struct t){1,", "             a ? b : 0});", "return 0;"),
    "#define PICK(a, b) g((a) ? (b) : 0, \\\n    1)\n",
])
def test_none_in_arguments_that_span_lines(tree, text):
    status, output = tree({"core/a.c": text})
    assert status == 1
    assert output.count("a conditional operator in arguments that span lines") == 1
    assert "in a statement" not in output


def test_tests_may_have_ladders(tree):
    accepted(tree({"tests/unit/a.c": body("return a ? b : b ? a : 0;")}))


# ---- circles -----------------------------------------------------------------


def include(*names):
    return "".join(f'#include "{name}"\n' for name in names)


def test_headers_have_no_circle(tree):
    accepted(tree({"core/a.h": include("core/b.h"), "core/b.h": include("core/c.h"),
                   "core/c.h": ""}))
    refused(tree({"core/c.h": include("core/a.h")}),
            "a circle of headers: core/a.h -> core/b.h -> core/c.h -> core/a.h")


def test_a_header_that_includes_itself(tree):
    refused(tree({"core/a.h": include("core/a.h")}),
            "a circle of headers: core/a.h -> core/a.h")


def test_a_public_header_is_found_by_its_name(tree):
    refused(tree({"include/trivet/a.h": include("trivet/b.h"),
                  "include/trivet/b.h": include("trivet/a.h")}),
            "include/trivet/a.h -> include/trivet/b.h -> include/trivet/a.h")


def test_a_header_beside_is_found_by_its_name(tree):
    refused(tree({"core/a.h": include("b.h"), "core/b.h": include("a.h")}),
            "a circle of headers: core/a.h -> core/b.h -> core/a.h")


def test_folders_have_no_circle(tree):
    accepted(tree({"cli/x/a.c": include("cli/y/b.h"), "cli/y/b.h": "",
                   "cli/y/b.c": include("cli/y/b.h")}))
    refused(tree({"cli/x/a.h": "", "cli/y/b.c": include("cli/x/a.h")}),
            "cli/x/:0: a circle of folders: cli/x -> cli/y -> cli/x")


def test_a_folder_may_bring_together_what_lies_below_it(tree):
    accepted(tree({"cli/main.c": include("cli/x/a.h", "cli/y/b.h"), "cli/tool.h": "",
                   "cli/x/a.h": include("cli/tool.h"), "cli/y/b.h": "",
                   "cli/x/a.c": include("cli/x/a.h", "cli/tool.h")}))
    refused(tree({"cli/tool.h": include("cli/y/b.h"), "cli/y/b.h": include("cli/other.h"),
                  "cli/other.h": ""}),
            "a circle of folders: cli -> cli/y -> cli")


@pytest.mark.parametrize("folder", ["core", "authority/calls", "gateway"])
def test_files_of_a_folder_have_no_circle_of_calls(tree, folder):
    names = [f"{folder}/{name}.c" for name in "abc"]
    a, b, c = names
    files = {
        a: "int b(void);\nint a(void)\n{\n    return b();\n}\n",
        b: "int c(void);\nint b(void)\n{\n    return c();\n}\n",
        c: "int c(void)\n{\n    return 1;\n}\n",
    }
    accepted(tree(files, compiled=True))
    files[c] = "int a(void);\nint c(void)\n{\n    return a();\n}\n"
    refused(tree(files, compiled=True),
            f"{a}:0: a circle of calls: {a} -> {b} -> {c} -> {a} (among a.c b.c c.c)")


def test_a_table_of_functions_is_a_call_too(tree):
    refused(tree({
        "core/a.c": "int b(void);\nint (*t[])(void) = {b};\nint a(void)\n{\n    return 1;\n}\n",
        "core/b.c": "int a(void);\nint b(void)\n{\n    return a();\n}\n",
    }, compiled=True), "core/a.c -> core/b.c -> core/a.c")


def test_a_shared_variable_is_no_call(tree):
    accepted(tree({
        "gateway/a.c": "int b(void);\nint module;\nint a(void)\n{\n    return b();\n}\n",
        "gateway/b.c": "extern int module;\nint b(void)\n{\n    return module;\n}\n",
    }, compiled=True))


def test_an_object_without_a_source_is_not_looked_at(tree, tmp_path):
    files = {
        "core/a.c": "int b(void);\nint a(void)\n{\n    return b();\n}\n",
        "core/b.c": "int a(void);\nint b(void)\n{\n    return a();\n}\n",
    }
    refused(tree(files, compiled=True), "a circle of calls")
    (tmp_path / "core/b.c").unlink()
    accepted(tree({}))


def test_other_folders_are_not_a_circle_of_calls(tree):
    accepted(tree({
        "cli/x/a.c": "int b(void);\nint a(void)\n{\n    return b();\n}\n",
        "cli/y/b.c": "int a(void);\nint b(void)\n{\n    return a();\n}\n",
    }, compiled=True))


# ---- tests -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tests/system/test_a.py", "tests/client/help.py"])
def test_no_test_imports_a_test(tree, name):
    accepted(tree({name: "import gateway\nfrom storm import storm\n"
                         "text = 'from test_b import x'\n"}))
    for line in ("import test_b", "from test_b import x", "def f():\n    from test_b import x",
                 "from conftest import x"):
        refused(tree({name: f"import os\n{line}\n"}), f"{name}:", ": a test imports ")


# ---- what is printed ---------------------------------------------------------


def test_each_breach_is_a_line(tree):
    status, output = tree({
        "core/a.c": body("return a ? b : b ? a : 0;"),
        "core/b.h": "\n" * 700,
        "cli/x/c.c": body("g(1,", "  a ? b : 0);", "return a;"),
        "base/d.c": include("cli/x/d.h"), "cli/x/d.h": "",
    })
    assert status == 1
    assert sorted(line.split(": ", 1)[1] for line in output.splitlines()) == [
        "2 conditional operators in a statement",
        "701 lines, 600 are allowed",
        "a conditional operator in arguments that span lines",
        "base/ may not include cli/",
    ]
