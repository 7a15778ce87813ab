# SPDX-License-Identifier: Apache-2.0
"""front.py - an nginx that spreads connections over the gateways"""
from gateway import BUILD, ROOT
from process import Process, pick_port, write

NGINX = BUILD / "nginx-root/usr/sbin/nginx"
STREAM = ROOT / "build/nginx-stream/usr/lib/nginx/modules/ngx_stream_module.so"

CONFIG = """load_module {module};
daemon off;
worker_processes 1;
pid {folder}/front.pid;
error_log {folder}/front.error.log notice;
events {{ worker_connections 4096; }}
stream {{
    upstream gateways {{
{servers}
    }}
    server {{
        listen 127.0.0.1:{port};
        proxy_connect_timeout 1s;
        proxy_pass gateways;
    }}
}}
"""


class Front(Process):
    """A gateway that does not accept is left out for a second."""

    def __init__(self, folder, ports):
        self.port = pick_port()
        servers = "\n".join(
            f"        server 127.0.0.1:{port} max_fails=1 fail_timeout=1s;"
            for port in ports)
        config = write(folder / "front.conf", CONFIG.format(
            module=STREAM, folder=folder, servers=servers, port=self.port))
        super().__init__("front", folder / "front.log", [
            NGINX, "-c", config, "-e", folder / "front.error.log"])
