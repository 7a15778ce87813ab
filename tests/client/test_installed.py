# SPDX-License-Identifier: Apache-2.0
"""The library as it is installed: names, header, pkg-config, examples."""

import os
import re
import shutil
import subprocess

import pytest

from gateway import BUILD, ROOT

pytestmark = pytest.mark.skipif(
    "san" in BUILD.name, reason="what is installed is the build for use")


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prefix")
    subprocess.run(["make", "-s", "install-library", "install-headers",
                    f"PREFIX={folder}",
                    f"B={os.path.relpath(BUILD, ROOT)}"], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL)
    return folder


def pkg_config(prefix, *arguments):
    return subprocess.run(
        ["pkg-config", *arguments, "trivet"], check=True, text=True,
        capture_output=True,
        env={**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")},
    ).stdout.split()


def compile_it(prefix, source, out, *flags, compiler="gcc"):
    subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", str(source),
                    "-o", str(out), *flags,
                    *pkg_config(prefix, "--cflags", "--libs"), "-pthread"],
                   check=True)


@pytest.fixture(scope="module")
def examples(prefix):
    """Compiled away from the sources, by pkg-config alone."""
    folder = prefix / "examples"
    folder.mkdir()
    for source in (ROOT / "examples").glob("*.c"):
        shutil.copy(source, folder)
        compile_it(prefix, folder / source.name, folder / source.stem)
    return folder


def run(prefix, program, *arguments, **env):
    return subprocess.run(
        [str(program), *map(str, arguments)], capture_output=True, text=True,
        timeout=60, cwd=prefix, env={**os.environ, "LD_LIBRARY_PATH": str(prefix / "lib"),
                         **env})


def test_the_examples_work(prefix, examples, server, trivet, tmp_path):
    file = tmp_path / "bunq.conf"
    result = run(prefix, examples / "who_am_i", file, server.url, trivet.ca,
                 TRIVET_API_KEY=server.protocol.api_key)
    assert result.returncode == 0 and "UserPerson" in result.stdout, result
    result = run(prefix, examples / "post", file, "echo", "hello")
    assert result.stdout == "hello", result
    server.protocol.misbehave("no-signature", "echo")
    result = run(prefix, examples / "post", file, "echo", "hello")
    assert result.returncode == 1 and "do not believe" in result.stderr
    result = run(prefix, examples / "threads", file)
    assert "8 of 8" in result.stdout, result


def test_the_static_library(prefix, examples, tmp_path):
    flags = pkg_config(prefix, "--cflags")
    # Ours alone: Debian has not all of libcurl's own as static ones.
    libraries = subprocess.run(
        ["pkg-config", "--libs", "libcurl", "jansson", "libcrypto"],
        check=True, capture_output=True, text=True).stdout.split()
    subprocess.run(["gcc", str(examples / "post.c"), *flags,
                    str(prefix / "lib/libtrivet.a"), *libraries,
                    "-lpthread", "-o",
                    str(tmp_path / "post")], check=True)
    assert run(prefix, tmp_path / "post").returncode == 1


def exported(library, *flags):
    lines = subprocess.run(["nm", "--defined-only", *flags, str(library)],
                           check=True, capture_output=True, text=True).stdout
    return set(re.findall(r" [TDBR] (\w+)", lines))


def declared():
    names = set()
    for header in ("client.h", "pin.h", "status.h"):
        text = (ROOT / "include/trivet" / header).read_text()
        names |= set(re.findall(r"TRIVET_API[^;]*?(trivet_\w+)\(", text))
    return names


def test_only_public_names_are_exported(prefix):
    assert exported(prefix / "lib/libtrivet.so", "-D") == declared()
    assert exported(prefix / "lib/libtrivet.a", "-g") == declared()


def test_the_library_has_a_soname(prefix):
    result = subprocess.run(["readelf", "-d", str(prefix / "lib/libtrivet.so")],
                            capture_output=True, text=True, check=True)
    assert "[libtrivet.so.0]" in result.stdout


def test_every_public_function_has_a_page():
    pages = "\n".join(p.read_text() for p in (ROOT / "man").glob("*.3"))
    told = set(re.findall(r"^\.Nm (trivet_\w+)", pages, flags=re.M))
    assert told == declared()


@pytest.mark.parametrize("standard", ["-std=c11", "-std=c17"])
@pytest.mark.parametrize("header", ["base.h", "client.h", "status.h"])
def test_headers_stand_alone_in_c(prefix, tmp_path, header, standard):
    source = tmp_path / "alone.c"
    source.write_text(f"#include <trivet/{header}>\n"
                      "int main(void) { return 0; }\n")
    compile_it(prefix, source, tmp_path / "alone", standard, "-pedantic")


@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")
def test_the_header_works_in_cpp(prefix, tmp_path):
    source = tmp_path / "alone.cpp"
    source.write_text(
        "#include <trivet/client.h>\n"
        "int main() {\n"
        "    trivet_context_options o = TRIVET_CONTEXT_OPTIONS_INIT;\n"
        "    trivet_context *c = nullptr;\n"
        "    trivet_error e;\n"
        "    return trivet_context_open(&o, &c, &e) == TRIVET_E_USAGE ? 0 : 1;"
        "\n}\n")
    compile_it(prefix, source, tmp_path / "alone", "-std=c++17",
               compiler="g++")
    assert run(prefix, tmp_path / "alone").returncode == 0


def test_the_readme_in_c(prefix, tmp_path):
    """The fragment is a program as it stands."""
    (block,) = re.findall(r"^```c\n(.*?)^```", (ROOT / "README.md").read_text(),
                          flags=re.M | re.S)
    source = tmp_path / "readme.c"
    source.write_text(block)
    compile_it(prefix, source, tmp_path / "readme", "-std=c11")
    result = run(prefix, tmp_path / "readme", HOME=str(tmp_path))
    assert result.returncode != 0 and "bunq.conf" in result.stderr, result


# ---- completion ------------------------------------------------------------


def complete(trivet, *words):
    """What bash offers for the last of the words."""
    script = f"""
        PATH={BUILD}:$PATH
        compopt() {{ :; }}
        . {ROOT}/completion/trivet.bash
        COMP_WORDS=({' '.join(f"'{w}'" for w in words)})
        COMP_CWORD={len(words) - 1}
        _trivet
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return subprocess.run(["bash", "-c", script], env=trivet.environment,
                          capture_output=True, text=True).stdout.split()


def options_of(trivet, way):
    """What its help lists: --name, or --name= with a value."""
    said = trivet(*way, "--help").stdout
    return sorted({name + value for name, value in re.findall(
        r"^ {2,6}(?:-., )?(--[a-z][a-z-]*)(=?)", said, flags=re.M)})


def commands_of(trivet, *way):
    said = trivet(*way, "--help").stdout.partition("\nCommands:\n")[2]
    return re.findall(r"^  ([a-z][a-z-]*) ", said, flags=re.M)


def ways(trivet):
    """Each command, and each sub-command with help of its own."""
    for command in commands_of(trivet):
        yield (command,)
        for sub in commands_of(trivet, command):
            yield command, sub


def complete_in_zsh(trivet, *words):
    """What zsh offers, as its own functions would be given it."""
    script = f"""
        PATH={BUILD}:$PATH
        compadd() {{
            while [[ $1 == -* && $1 != -- ]]; do [[ $1 == -S ]] && shift; shift; done
            [[ $1 != -- ]] || shift; print -rl -- $@; }}
        _describe() {{ print -rl -- ${{(P)2%%:*}}; }}
        _files() {{ print files; }}
        words=({' '.join(f"'{w}'" for w in words)})
        CURRENT={len(words)}
        . {ROOT}/completion/_trivet
    """
    result = subprocess.run(["zsh", "-f", "-c", script],
                            env=trivet.environment, capture_output=True,
                            text=True)
    assert result.stderr == "", (words, result)
    return result.stdout.split()


def test_each_option_is_completed(trivet):
    """Of the (sub-)command that is typed, and of no other."""
    seen = set()
    for way in ways(trivet):
        wanted = options_of(trivet, way)
        seen.update(wanted)
        assert "--help" in wanted or commands_of(trivet, *way), way
        assert complete(trivet, "trivet", *way, "--") == wanted, way
    assert {"--secret-file=", "--head=", "--json", "--force"} <= seen


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_each_option_is_completed_in_zsh(trivet):
    for way in ways(trivet):
        offered = complete_in_zsh(trivet, "trivet", *way, "--")
        assert sorted(offered) == options_of(trivet, way), way


def test_an_option_of_a_sub_command_is_not_offered_elsewhere(trivet):
    assert complete(trivet, "trivet", "key", "list", "--sec") == []
    assert complete(trivet, "trivet", "key", "create", "--sec") == [
        "--secret-file="]
    assert complete(trivet, "trivet", "audit", "--head") == []
    assert complete(trivet, "trivet", "call", "list", "--no-r") == [
        "--no-renew"]


@pytest.mark.parametrize("command", [
    "key", "user", "device", "session", "server-key", "audit"])
def test_each_sub_command_is_completed(trivet, command):
    """Also where the command does something by itself."""
    wanted = commands_of(trivet, command)
    assert wanted and complete(trivet, "trivet", command, "") == wanted
    if shutil.which("zsh"):
        assert complete_in_zsh(trivet, "trivet", command, "") == wanted


@pytest.mark.parametrize("command", ["ip", "pins"])
def test_the_first_words_are_those_that_the_command_accepts(trivet, command):
    said = trivet(command, "xyzzy").stderr
    wanted = re.search(r": (.*) is needed", said)[1].replace(" or ", ", ")
    assert complete(trivet, "trivet", command, "") == wanted.split(", ")


@pytest.mark.parametrize("command", ["login", "prune"])
def test_a_command_without_sub_commands_completes_none(trivet, command):
    assert complete(trivet, "trivet", command, "") == []


def test_the_shells_ask_in_the_same_words():
    texts = [(ROOT / "completion" / name).read_text()
             for name in ("trivet.bash", "_trivet")]
    asked = [set(re.findall(r"sed -nE '(s/\^ \{2.*?)'", text))
             for text in texts]
    assert asked[0] == asked[1] and len(asked[0]) == 1
    words = [set(re.findall(r'^ *"([a-z-]+) \d"\)', text, flags=re.M))
             for text in texts]
    assert words[0] == words[1] and "incident" in words[0]


def test_bash_completion(logged_in):
    assert complete(logged_in, "trivet", "lo") == ["login", "logout", "log"]
    assert complete(logged_in, "trivet", "call", "--no-t") == ["--no-throttle"]
    assert complete(logged_in, "trivet", "use", "d") == ["default"]
    assert complete(logged_in, "trivet", "status", "-c", "") == ["default"]
    assert complete(logged_in, "trivet", "ip", "a") == ["add"]
    assert "revoke" in complete(logged_in, "trivet", "key", "")


def test_bash_completes_values(logged_in):
    serve = ("trivet", "serve")
    classic = ["current", "classic"]
    assert complete(logged_in, *serve, "--profile", "c") == classic
    assert complete(logged_in, *serve, "--profile", "=", "c") == classic
    assert "strict" in complete(logged_in, *serve, "--profile", "=")
    assert complete(logged_in, *serve, "--switch", "=", "sess") == ["sessions="]
    assert complete(logged_in, *serve, "--port", "=") == []


def test_bash_completes_incidents(logged_in):
    incident = ("trivet", "incident")
    assert complete(logged_in, *incident, "s") == ["session-dies", "slow", "sandbox-reset",
                                                         "server-key-rotates"]
    assert complete(logged_in, *incident, "slow", "") == ["on", "off"]
    assert complete(logged_in, *incident, "all", "") == ["off"]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh")
def test_zsh_completion_parses():
    subprocess.run(["zsh", "-n", str(ROOT / "completion/_trivet")], check=True)
