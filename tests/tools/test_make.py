# SPDX-License-Identifier: Apache-2.0
"""The Makefile: what is built again when a flag changes, flags of a packager's
own, and what each install target installs. The compiler is a script that makes
empty files, so that all of it takes a second."""
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMPILER = """#!/bin/sh
echo "$0 $*" >>"$(dirname "$0")/log"
while [ $# -gt 1 ]; do
    [ "$1" != -o ] || : >"$2"
    shift
done
"""
MODULE = "build/release/nginx/objs/Makefile"


def link_files(folder, to):
    """Folders are the tree's own: more is put into them."""
    for path in folder.rglob("*"):
        if path.is_file():
            link = to / path.relative_to(folder)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A tree that is built, but for what nginx's own Makefile makes."""
    root = tmp_path_factory.mktemp("tree")
    for name in ("Makefile", "mk", "tools", "man", "completion", "console", "debian",
                 "include"):
        (root / name).symlink_to(ROOT / name)
    for folder in ROOT.iterdir():
        if folder.is_dir() and folder.name not in {".git", "build"} \
                and not (root / folder.name).exists():
            link_files(folder, root / folder.name)
    tools = root / "bin"
    tools.mkdir()
    for name in ("cc", "ld", "objcopy"):
        (tools / name).write_text(COMPILER)
        (tools / name).chmod(0o755)
    nginx = root / "build/nginx-root/usr/sbin/nginx"
    nginx.parent.mkdir(parents=True)
    nginx.write_text("")
    make(root, "-j4", "build/release/trivet", "build/release/libtrivet.so",
         "build/release/libtrivet.a", "build/release/tests/test_slice",
         "build/release/flags/module")
    for name in (MODULE, "build/release/ngx_http_trivet_module.so",
                 "build/release/ngx_http_trivet_proxy_module.so"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    return root


def make(root, *words, **env):
    kept = {name: value for name, value in os.environ.items()
            if not name.endswith("FLAGS") and name not in ("CI", "CC", "MAKELEVEL")}
    return subprocess.run(
        ["make", "--no-print-directory", f"CC={root}/bin/cc", f"LD={root}/bin/ld", *words],
        cwd=root, capture_output=True, text=True, check=True, timeout=60,
        env={**kept, "PATH": f"{root}/bin:{kept['PATH']}", **env},
    ).stdout


def again(root, *words, **env):
    """What would be built again: {kind: [files]}."""
    found = {}
    said = make(root, "-n", *words, "build/release/trivet", "build/release/libtrivet.so",
                "build/release/tests/test_slice", MODULE, **env)
    for line in said.splitlines():
        if line.startswith('echo "  '):
            kind, name = line[6:].strip(' "').split()
            found.setdefault(kind, []).append(name.removeprefix("build/release/"))
    return found


def num_sources(root):
    text = (ROOT / "mk/sources.mk").read_text().partition("UNIT_TESTS")[0]
    return text.count(".c")


# ---- what is built again -----------------------------------------------------


def test_nothing_when_nothing_changed(built):
    assert again(built) == {}
    assert again(built, "CI=true") == {}  # a warning stops; no object is another
    assert again(built, "V=1", "PREFIX=/somewhere", "DESTDIR=/elsewhere") == {}


@pytest.mark.parametrize("flag", ["CFLAGS=-O3", "CPPFLAGS=-DX", "CC=other", "FORTIFY="])
def test_a_compilers_flag(built, flag):
    found = again(built, flag)
    assert len(found["CC"]) == num_sources(built) + 1  # and the test
    assert "trivet" in found["LD"] and "CONF" in found


@pytest.mark.parametrize("env", [{"CFLAGS": "-O3"}, {"CPPFLAGS": "-DX"}])
def test_a_flag_of_the_environment(built, env):
    assert len(again(built, **env)["CC"]) == num_sources(built) + 1


def test_a_linkers_flag(built):
    found = again(built, "LDFLAGS=-Wl,-O1")
    assert "CC" not in found and "AR" not in found
    assert sorted(found["LD"]) == ["libtrivet.so.0", "tests/test_slice", "trivet"]
    assert found["CONF"] == ["nginx"]


def test_the_path_of_the_module(built):
    found = again(built, "MODULES_DIR=/opt/modules")
    path = "/opt/modules/ngx_http_trivet_module.so"
    assert "-DTRIVET" not in (built / "bin/log").read_text()
    make(built, "MODULES_DIR=/opt/modules", "build/release/gen/build.h")
    text = (built / "build/release/gen/build.h").read_text()
    make(built, "build/release/gen/build.h")
    assert f'"{path}"' in text
    assert "AR" not in found  # libraries have no path in them


def test_what_a_version_is_in(built):
    make(built, "VERSION=9.9", "build/release/gen/build.h")
    assert '"9.9"' in (built / "build/release/gen/build.h").read_text()
    make(built, "build/release/gen/build.h")
    assert '"9.9"' not in (built / "build/release/gen/build.h").read_text()


def test_a_text_that_is_the_same_is_not_written_again(built):
    names = ["build/release/flags/compile", "build/release/flags/link",
             "build/release/flags/module", "build/release/gen/build.h"]
    before = [(built / name).stat().st_mtime_ns for name in names]
    make(built, *names)
    assert [(built / name).stat().st_mtime_ns for name in names] == before


def test_a_file_more_of_the_gateway(built):
    path = built / "gateway/another.h"
    path.write_text("")
    found = again(built)
    path.unlink()
    assert found == {"CONF": ["nginx"]}


# ---- flags -------------------------------------------------------------------


def compiled(root, *words, **env):
    """The command that would compile a file."""
    said = make(root, "-n", "-B", *words, "build/release/obj/base/slice.o", **env)
    (line,) = [line for line in said.splitlines() if "base/slice.c" in line]
    return line.split()


def test_cppflags_and_cflags_come_last(built):
    words = compiled(built, "CPPFLAGS=-DMINE", "CFLAGS=-O3 -Wno-error", "CI=true")
    assert words.index("-DMINE") < words.index("-O3")
    assert words.index("-O2") < words.index("-O3")
    assert words.index("-Werror") < words.index("-Wno-error")


def fortified(words):
    return [word for word in words if "_FORTIFY_SOURCE" in word]


def test_fortify_is_a_packagers_choice(built):
    ours = ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]
    assert fortified(compiled(built)) == ours
    assert fortified(compiled(built, "CFLAGS=-O3 -g")) == ours
    theirs = "-D_FORTIFY_SOURCE=3"
    assert fortified(compiled(built, f"CPPFLAGS={theirs}")) == [theirs]
    assert fortified(compiled(built, f"CFLAGS=-O2 {theirs}")) == [theirs]
    assert fortified(compiled(built, CFLAGS=f"-O2 {theirs}")) == [theirs]
    assert fortified(compiled(built, "FORTIFY=")) == []
    assert fortified(compiled(built, "CFLAGS=-O0")) == []  # it needs -O


def test_the_module_has_the_same_flags(built):
    def text(*words):
        make(built, *words, "build/release/flags/module")
        return (built / "build/release/flags/module").read_text().split()

    words = text("CPPFLAGS=-DMINE -D_FORTIFY_SOURCE=3", "CFLAGS=-O3", "LDFLAGS=-Wl,-O1")
    assert {"-DMINE", "-O3", "-Wl,-O1"} <= set(words)
    assert fortified(words) == ["-D_FORTIFY_SOURCE=3"]
    assert fortified(text()) == ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]


def test_libraries_are_named_once():
    """By pkg-config's names, in mk/flags.mk."""
    for path in [*(ROOT / "mk").glob("*.mk"), ROOT / "gateway/config"]:
        text = path.read_text()
        for name in ("-lsqlite3", "-ljansson", "-lcrypto", "-lcurl"):
            assert name not in text, path
    text = (ROOT / "mk/flags.mk").read_text()
    assert text.count("sqlite3") == 1 and text.count("libcurl") == 1


def test_libraries_are_where_pkg_config_says(built):
    script = built / "bin/pkg-config"
    script.write_text('#!/bin/sh\ncase $1 in --libs) echo "-L/opt/lib -lours";;'
                      ' *) echo "-I/opt/inc";; esac\n')
    script.chmod(0o755)
    words = [f"PKG_CONFIG={script}"]
    assert "-I/opt/inc" in compiled(built, *words)
    said = make(built, "-n", "-B", *words, "build/release/trivet", MODULE)
    assert "-L/opt/lib -lours" in said
    make(built, *words, "build/release/flags/module")
    text = (built / "build/release/flags/module").read_text()
    make(built, "build/release/flags/module")
    script.unlink()
    assert "-L/opt/lib -lours" in text and "-I/opt/inc" in text


# ---- install -----------------------------------------------------------------


def installed(root, folder, *targets, **places):
    folder.mkdir(exist_ok=True)
    make(root, f"DESTDIR={folder}", *targets,
         *(f"{name}={value}" for name, value in places.items()))
    return {str(path.relative_to(folder)) for path in folder.rglob("*")
            if not path.is_dir()}


PAGES = {f"usr/local/share/man/man{path.suffix[1:]}/{path.name}"
         for path in (ROOT / "man").iterdir()}
HEADERS = {f"usr/local/include/trivet/{name}.h" for name in ("base", "client", "pin", "status")}
THINGS = {
    "command": {"usr/local/bin/trivet"},
    "module": {"usr/lib/nginx/modules/ngx_http_trivet_module.so",
               "usr/lib/nginx/modules/ngx_http_trivet_proxy_module.so"},
    "library": {"usr/local/lib/libtrivet.so.0"},
    "headers": HEADERS | {"usr/local/lib/libtrivet.so", "usr/local/lib/libtrivet.a",
                          "usr/local/lib/pkgconfig/trivet.pc"},
    "docs": PAGES,
    "completion": {"usr/local/share/bash-completion/completions/trivet",
                   "usr/local/share/zsh/site-functions/_trivet"},
}
# As they would be built: nginx's Makefile is not there.
AS_BUILT = ["-o", "build/release/ngx_http_trivet_module.so",
            "-o", "build/release/ngx_http_trivet_proxy_module.so"]


@pytest.mark.parametrize("thing", THINGS)
def test_a_thing_is_installed_alone(built, tmp_path, thing):
    found = installed(built, tmp_path, *AS_BUILT, f"install-{thing}")
    assert found == THINGS[thing]


def test_install_is_all_and_uninstall_removes_it(built, tmp_path):
    (tmp_path / "usr/local/lib").mkdir(parents=True)
    (tmp_path / "usr/local/lib/libtrivet.so.9").write_text("")
    theirs = {"usr/local/lib/libtrivet.so.9"}
    found = installed(built, tmp_path, *AS_BUILT, "install")
    assert found == set().union(theirs, *THINGS.values())
    assert installed(built, tmp_path, "uninstall") == theirs


def test_a_packagers_places(built, tmp_path):
    found = installed(
        built, tmp_path, *AS_BUILT, "install", PREFIX="/usr",
        LIBDIR="/usr/lib/x86_64-linux-gnu", INCLUDEDIR="/usr/include/deep",
        MODULES_DIR="/opt/modules", BINDIR="/opt/bin", MANDIR="/opt/man",
    )
    assert {"usr/lib/x86_64-linux-gnu/libtrivet.so.0", "opt/bin/trivet",
            "usr/lib/x86_64-linux-gnu/pkgconfig/trivet.pc", "opt/man/man1/trivet.1",
            "opt/modules/ngx_http_trivet_module.so",
            "usr/include/deep/trivet/client.h"} <= found
    text = (tmp_path / "usr/lib/x86_64-linux-gnu/pkgconfig/trivet.pc").read_text()
    assert "libdir=/usr/lib/x86_64-linux-gnu\n" in text
    assert "includedir=/usr/include/deep\n" in text
    assert "Requires.private: libcurl libcrypto jansson\n" in text
    assert "@" not in text
    make(built, "build/release/gen/build.h")


def test_each_install_target_is_in_the_help(built):
    said = make(built, "help")
    for thing in THINGS:
        assert f"install-{thing} " in said


def test_the_tree_is_not_needed_for_clean(built, tmp_path):
    for name in ("Makefile", "mk"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "build/release").mkdir(parents=True)
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True, capture_output=True)
    assert not (tmp_path / "build").exists()


def test_nginx_is_built_with_flags_of_its_own(built):
    """What is said to us reaches it in them, and not in their place."""
    (built / MODULE).write_text(
        "CFLAGS = all\nmodules:\n\t@echo '$(CFLAGS)' >seen\n"
        "\t@touch objs/ngx_http_trivet_module.so objs/ngx_http_trivet_proxy_module.so\n")
    make(built, "CFLAGS=-O3", "-o", MODULE, "-W", "gateway/config",
         "build/release/ngx_http_trivet_module.so")
    assert (built / "build/release/nginx/seen").read_text() == "all\n"
