# SPDX-License-Identifier: Apache-2.0
# Gateways on PostgreSQL under Patroni: tests that kill and cut (tests/cluster).

STREAM_ROOT = build/nginx-stream
STREAM_MODULE = $(STREAM_ROOT)/usr/lib/nginx/modules/ngx_stream_module.so

$(STREAM_MODULE):
	@echo "  FETCH stream"
	$(Q)bench/fetch-module $(STREAM_ROOT) libnginx-mod-stream

# promtool judges the example's alerts; the server is not installed.
PROMETHEUS_ROOT = build/prometheus
PROMTOOL = $(PROMETHEUS_ROOT)/usr/bin/promtool

$(PROMTOOL):
	@echo "  FETCH prometheus"
	$(Q)bench/fetch-module $(PROMETHEUS_ROOT) prometheus

.PHONY: check-cluster cluster-proof

CLUSTER_TESTS ?= tests/cluster
ROUNDS ?= 3

# All of them: PYTEST_ARGS="-m ''".
check-cluster: all $(STREAM_MODULE) $(PROMTOOL) ## gateways on PostgreSQL under Patroni, killed and cut (4 minutes)
	$(Q)tools/install-packages cluster
	$(Q)TRIVET_BUILD=$(abspath $(B)) $(PYTHON) -m pytest -q \
		$(CLUSTER_TESTS) $(PYTEST_ARGS)

cluster-proof: all $(STREAM_MODULE) ## kills and fail-overs, ROUNDS times, and one line
	$(Q)tools/install-packages cluster
	$(Q)TRIVET_BUILD=$(abspath $(B)) PYTHONPATH=tests/support:tests/cluster \
		$(PYTHON) tests/cluster/proof.py $(ROUNDS)
