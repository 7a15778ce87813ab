# SPDX-License-Identifier: Apache-2.0
"""peer_servers.py - the gateway's job as others would do it (bench/peers/)

reads_sessions: whether it knows those of a store from its start on (sessions.dump).
"""
import shutil
from pathlib import Path

from servers import BENCH, BUILD, PROXY, ROOT, Plain, Server


class Njs(Plain):
    """nginx with njs (bench/peers/njs.js): what a user would script."""

    reads_sessions = False
    modules = (ROOT / "build/nginx-njs/usr/lib/nginx/modules/ngx_http_js_module.so",)
    http = (
        PROXY
        + """
    js_path {peers};
    js_import njs.js;
    js_preload_object settings from {folder}/settings.json;
    subrequest_output_buffer_size 2m;
    client_body_in_single_buffer on;
"""
    )
    locations = """
        location /v1/ {{ js_content njs.handle; }}
        location /behind/ {{
            internal;
            rewrite ^/behind(/.*) $1 break;
            proxy_pass http://api;
        }}
"""

    def __init__(self, folder, data, api, settings):
        super().__init__(folder, data, api)
        self.name = "njs"
        self.folder = Path(folder) / "njs"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings = settings

    def parts(self):
        sessions = self.folder / "sessions"
        sessions.mkdir(exist_ok=True)
        (self.folder / "settings.json").write_text(self.settings(str(sessions)))
        return {"api": self.api.port, "peers": BENCH / "peers"}


class Lua(Plain):
    """nginx with Lua (bench/peers/lua/): what API gateways are made with."""

    reads_sessions = True
    unpacked = ROOT / "build/nginx-lua"
    library = unpacked / "usr/lib/x86_64-linux-gnu"
    modules = (
        unpacked / "usr/lib/nginx/modules/ndk_http_module.so",
        unpacked / "usr/lib/nginx/modules/ngx_http_lua_module.so",
    )
    env = {
        "LD_LIBRARY_PATH": f"{library}:{unpacked / 'lib/x86_64-linux-gnu'}",
    }
    http = (
        PROXY
        + """
    lua_package_path "{peers}/lua/?.lua;{unpacked}/usr/share/lua/5.1/?.lua;;";
    lua_package_cpath "{library}/lua/5.1/?.so;;";
    lua_shared_dict sessions 64m;
    init_by_lua_block {{
        gateway = require("gateway")
        gateway.start("{folder}/settings.json")
    }}
"""
    )
    locations = """
        location /v1/ {{ content_by_lua_block {{ gateway.handle() }} }}
        location /behind/ {{
            internal;
            proxy_set_header Connection "";
            proxy_set_header X-Bunq-Client-Authentication "";
            proxy_set_header X-Bunq-Client-Signature "";
            proxy_pass http://api/;
        }}
"""

    def __init__(self, folder, data, api, settings):
        super().__init__(folder, data, api)
        self.name = "lua"
        self.folder = Path(folder) / "lua"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings = settings

    def parts(self):
        settings = self.folder / "settings.json"
        settings.write_text(self.settings(""))
        return {"api": self.api.port, "peers": BENCH / "peers",
                "unpacked": self.unpacked, "library": self.library}  # fmt: skip


class Program(Server):
    """A peer that is a program of its own: PORT API-PORT TLS-CERT TLS-KEY SETTINGS."""

    def __init__(self, name, folder, data, api, settings):
        super().__init__(name, Path(folder) / name)
        self.data = data
        self.ca = data / "ca.pem"
        self.api = api
        self.settings = settings

    def command(self):
        settings = self.folder / "settings.json"
        settings.write_text(self.settings(""))
        return [
            *self.program(),
            str(self.port),
            str(self.api.port),
            self.data / "tls.crt",
            self.data / "tls.key",
            settings,
        ]


class Node(Program):
    """Node.js (bench/peers/node.mjs): what a user would write."""

    reads_sessions = False

    def __init__(self, *args):
        super().__init__("node", *args)

    def program(self):
        return [shutil.which("node") or "node", BENCH / "peers/node.mjs"]


class Go(Program):
    """Go (bench/peers/go/): what a team would write."""

    reads_sessions = True
    env = {"GOGC": "400"}  # the usual trade of memory for time

    def __init__(self, *args):
        super().__init__("go", *args)

    def program(self):
        return [BUILD / "bench-go"]
