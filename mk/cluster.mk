# SPDX-License-Identifier: Apache-2.0
# Gateways on PostgreSQL under Patroni: tests that kill and cut (tests/cluster).

STREAM_ROOT = build/nginx-stream
STREAM_MODULE = $(STREAM_ROOT)/usr/lib/nginx/modules/ngx_stream_module.so

$(STREAM_MODULE):
	@echo "  FETCH stream"
	$(Q)bench/fetch-module $(STREAM_ROOT) libnginx-mod-stream

.PHONY: check-cluster

CLUSTER_TESTS ?= tests/cluster

check-cluster: all $(STREAM_MODULE) ## gateways on PostgreSQL under Patroni, killed and cut
	$(Q)tools/install-packages cluster
	$(Q)TRIVET_BUILD=$(abspath $(B)) $(PYTHON) -m pytest -q \
		$(CLUSTER_TESTS) $(PYTEST_ARGS)
