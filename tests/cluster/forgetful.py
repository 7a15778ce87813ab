# SPDX-License-Identifier: Apache-2.0
"""forgetful.py - a fault that is planted in front of a gateway: what it said of
a token once is said again for a minute, whatever became of the session"""
from front import NGINX
from process import Process, pick_port, write

CONFIG = """daemon off;
worker_processes 1;
pid {folder}/forgetful.pid;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/forgetful-body;
    fastcgi_temp_path {folder}/forgetful-fastcgi;
    uwsgi_temp_path {folder}/forgetful-uwsgi;
    scgi_temp_path {folder}/forgetful-scgi;
    proxy_temp_path {folder}/forgetful-proxy;
    proxy_cache_path {folder}/forgetful keys_zone=told:1m use_temp_path=off;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/forgetful.crt;
        ssl_certificate_key {folder}/forgetful.key;
        location / {{
            proxy_pass https://127.0.0.1:{gateway};
            proxy_cache told;
            proxy_cache_key $request_uri$http_x_bunq_client_authentication;
            proxy_cache_valid 200 1m;
        }}
    }}
}}
"""


class Forgetful(Process):
    """With the certificate of that gateway, whose data folder is `data`."""

    def __init__(self, folder, gateway, data):
        self.port = pick_port()
        for end in ("crt", "key"):
            text = (data / f"tls.{end}").read_text()
            write(folder / f"forgetful.{end}", text)
        config = write(folder / "forgetful.conf", CONFIG.format(
            folder=folder, port=self.port, gateway=gateway))
        super().__init__("forgetful", folder / "forgetful.log", [
            NGINX, "-c", config, "-e", folder / "forgetful.error.log"])
