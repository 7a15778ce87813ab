# SPDX-License-Identifier: Apache-2.0
# Every source file is a line, sorted.

CORE_SRCS = \
	core/account.c \
	core/address.c \
	core/canonical.c \
	core/client_message.c \
	core/decide.c \
	core/duration.c \
	core/encoding.c \
	core/expiry.c \
	core/json.c \
	core/json_tree.c \
	core/memo.c \
	core/message.c \
	core/message_list.c \
	core/mistake.c \
	core/page.c \
	core/pem.c \
	core/profile.c \
	core/prune_ages.c \
	core/rate.c \
	core/reason.c \
	core/secret.c \
	core/slice.c \
	core/status.c \
	core/timestamp.c \
	core/uuid.c \
	core/writer.c

CRYPTO_SRCS = \
	crypto/certificate.c \
	crypto/digest.c \
	crypto/examine.c \
	crypto/explain.c \
	crypto/key.c \
	crypto/key_uri.c \
	crypto/openssl.c \
	crypto/pin.c \
	crypto/psp_certificate.c \
	crypto/psp_chain.c \
	crypto/psp_name.c \
	crypto/psp_roots.c \
	crypto/public_der.c \
	crypto/remembered.c \
	crypto/signature.c \
	crypto/thread.c \
	crypto/token.c \
	crypto/weak.c

STORE_SRCS = \
	store/audit.c \
	store/clock.c \
	store/group.c \
	store/listing.c \
	store/pages.c \
	store/prune.c \
	store/records.c \
	store/sessions.c \
	store/sqlite.c \
	store/statements.c \
	store/store.c \
	store/values.c

AUTHORITY_SRCS = \
	authority/account.c \
	authority/api_key.c \
	authority/audit.c \
	authority/authority.c \
	authority/bucket.c \
	authority/calls.c \
	authority/clock.c \
	authority/credential.c \
	authority/device.c \
	authority/explain.c \
	authority/facts.c \
	authority/handling.c \
	authority/installation.c \
	authority/permitted_ip.c \
	authority/pruning.c \
	authority/psp.c \
	authority/refusals.c \
	authority/request_id.c \
	authority/request_ids.c \
	authority/request_ids_file.c \
	authority/sandbox.c \
	authority/seen.c \
	authority/server_error.c \
	authority/session.c \
	authority/show.c \
	authority/user.c

CLIENT_SRCS = \
	client/alone.c \
	client/call.c \
	client/clock.c \
	client/context.c \
	client/erase.c \
	client/file.c \
	client/inplace.c \
	client/pins.c \
	client/place.c \
	client/probe.c \
	client/proof.c \
	client/record.c \
	client/request.c \
	client/session.c \
	client/settings.c \
	client/state.c \
	client/target.c \
	client/throttle.c \
	client/transport.c \
	client/worker.c

CLI_CLIENT_SRCS = \
	cli/call.c \
	cli/client.c \
	cli/context_device.c \
	cli/contexts.c \
	cli/doctor.c \
	cli/explain.c \
	cli/forget.c \
	cli/hint.c \
	cli/ip.c \
	cli/keygen.c \
	cli/keys.c \
	cli/list.c \
	cli/nearest.c \
	cli/login.c \
	cli/logout.c \
	cli/pages.c \
	cli/pins.c \
	cli/sign.c \
	cli/status.c \
	cli/transfer.c

CLI_SRCS = \
	cli/audit.c \
	cli/clock.c \
	cli/command.c \
	cli/cors.c \
	cli/data_dir.c \
	cli/device.c \
	cli/incident.c \
	cli/key.c \
	cli/main.c \
	cli/network.c \
	cli/nginx_conf.c \
	cli/nginx_proxy.c \
	cli/nginx_run.c \
	cli/operator.c \
	cli/output.c \
	cli/profile.c \
	cli/prune.c \
	cli/quantity.c \
	cli/resolver.c \
	cli/sandbox.c \
	cli/serve.c \
	cli/serve_check.c \
	cli/serve_conf.c \
	cli/serve_limits.c \
	cli/serve_options.c \
	cli/serve_ready.c \
	cli/serve_sandbox.c \
	cli/serve_tls.c \
	cli/server_key.c \
	cli/server_keys.c \
	cli/server_keys_home.c \
	cli/serving.c \
	cli/session.c \
	cli/span.c \
	cli/table.c \
	cli/upstream.c \
	cli/user.c \
	$(CLI_CLIENT_SRCS)

UNIT_TESTS = \
	test_address \
	test_admission \
	test_audit \
	test_authority \
	test_binding \
	test_calls \
	test_canonical \
	test_certificate \
	test_clock \
	test_decide \
	test_encoding \
	test_expiry \
	test_explaining \
	test_group \
	test_key \
	test_lifetime \
	test_measures \
	test_meanwhile \
	test_memo \
	test_message \
	test_message_list \
	test_mistake \
	test_page \
	test_permitted_ip \
	test_plans \
	test_profile \
	test_prune \
	test_psp_certificate \
	test_rate \
	test_reason \
	test_request_ids \
	test_sandbox \
	test_show \
	test_signature \
	test_slice \
	test_sqlite \
	test_store \
	test_switches \
	test_timestamp \
	test_token \
	test_writer

FUZZ_TARGETS = \
	address \
	certificate \
	client_message \
	der \
	encoding \
	explain \
	message \
	page \
	pem \
	pins \
	private_key \
	psp \
	public_key \
	record \
	timestamp
