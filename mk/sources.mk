# SPDX-License-Identifier: Apache-2.0
# Every source file is a line, sorted.

BASE_SRCS = \
	base/buffer.c \
	base/duration.c \
	base/encoding.c \
	base/file.c \
	base/secret.c \
	base/slice.c \
	base/status.c \
	base/timestamp.c \
	base/uuid.c \
	base/writer.c

CORE_SRCS = \
	core/address.c \
	core/canonical.c \
	core/decide.c \
	core/encryption_rule.c \
	core/expiry.c \
	core/json.c \
	core/json_tree.c \
	core/memo.c \
	core/message/api_key.c \
	core/message/credential.c \
	core/message/device.c \
	core/message/elements.c \
	core/message/error.c \
	core/message/fields.c \
	core/message/id.c \
	core/message/identity.c \
	core/message/installation.c \
	core/message/json_value.c \
	core/message/list.c \
	core/message/monetary_account.c \
	core/message/permitted_ip.c \
	core/message/pins.c \
	core/message/psp.c \
	core/message/session.c \
	core/message/text.c \
	core/message/token.c \
	core/message/user.c \
	core/mistake.c \
	core/name.c \
	core/page.c \
	core/pem.c \
	core/pin.c \
	core/profile.c \
	core/prune_ages.c \
	core/rate.c \
	core/reason.c

CRYPTO_SRCS = \
	crypto/body_cipher.c \
	crypto/decryption.c \
	crypto/digest.c \
	crypto/encryption.c \
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
	crypto/signature.c \
	crypto/statement.c \
	crypto/thread.c \
	crypto/tls_certificate.c \
	crypto/token.c \
	crypto/verify_cache.c \
	crypto/weak.c

STORE_SRCS = \
	store/group.c \
	store/noun/api_key.c \
	store/noun/audit.c \
	store/noun/clock.c \
	store/noun/device.c \
	store/noun/installation.c \
	store/noun/permitted_ip.c \
	store/noun/prune.c \
	store/noun/psp.c \
	store/noun/server_key.c \
	store/noun/session.c \
	store/noun/statements.c \
	store/noun/user.c \
	store/row.c \
	store/sqlite.c \
	store/statement.c \
	store/store.c \
	store/transaction.c \
	store/value.c

SANDBOX_SRCS = \
	sandbox/account.c \
	sandbox/answers/answers.c \
	sandbox/answers/files.c \
	sandbox/answers/list.c \
	sandbox/answers/lock.c \
	sandbox/answers/made.c \
	sandbox/answers/render.c \
	sandbox/answers/template.c \
	sandbox/answers/tree.c \
	sandbox/incidents.c \
	sandbox/state.c

AUTHORITY_SRCS = \
	authority/answer.c \
	authority/answers.c \
	authority/audit.c \
	authority/authority.c \
	authority/calls.c \
	authority/calls/account.c \
	authority/calls/api_key.c \
	authority/calls/device.c \
	authority/calls/installation.c \
	authority/calls/permitted_ip.c \
	authority/calls/pins.c \
	authority/calls/psp.c \
	authority/calls/server_error.c \
	authority/calls/session.c \
	authority/calls/user.c \
	authority/case.c \
	authority/chores.c \
	authority/clock.c \
	authority/connection.c \
	authority/decrypting.c \
	authority/explain.c \
	authority/facts.c \
	authority/handling.c \
	authority/limits/bucket.c \
	authority/limits/refusals.c \
	authority/limits/request_ids.c \
	authority/limits/request_ids_file.c \
	authority/operator/api_key.c \
	authority/operator/prune.c \
	authority/operator/server_key.c \
	authority/operator/session.c \
	authority/operator/user.c \
	authority/path.c \
	authority/prepared.c \
	authority/prune.c \
	authority/request_id.c \
	authority/seen.c \
	authority/server_key.c \
	authority/show.c

CLIENT_SRCS = \
	client/announcement.c \
	client/call.c \
	client/clock.c \
	client/context.c \
	client/context_file.c \
	client/encrypted.c \
	client/environment.c \
	client/erase.c \
	client/file_lock.c \
	client/import.c \
	client/inplace.c \
	client/logout.c \
	client/pin_learn.c \
	client/pins.c \
	client/place.c \
	client/pool.c \
	client/proof.c \
	client/record.c \
	client/record_field.c \
	client/record_installation.c \
	client/record_own.c \
	client/record_session.c \
	client/refusal.c \
	client/request.c \
	client/sandbox_user.c \
	client/secret_file.c \
	client/session.c \
	client/settings.c \
	client/state.c \
	client/target.c \
	client/throttle.c \
	client/transport.c \
	client/url.c \
	client/wire_answer.c \
	client/worker.c

CLI_SRCS = \
	cli/client/advice.c \
	cli/client/answer.c \
	cli/client/call.c \
	cli/client/context.c \
	cli/client/context_device.c \
	cli/client/doctor.c \
	cli/client/explain.c \
	cli/client/forget.c \
	cli/client/input.c \
	cli/client/ip.c \
	cli/client/keygen.c \
	cli/client/keys.c \
	cli/client/list.c \
	cli/client/login.c \
	cli/client/logout.c \
	cli/client/options.c \
	cli/client/pages.c \
	cli/client/pins.c \
	cli/client/progress.c \
	cli/client/sign.c \
	cli/client/status.c \
	cli/client/transfer.c \
	cli/client/use.c \
	cli/clock.c \
	cli/command.c \
	cli/contexts.c \
	cli/data_dir.c \
	cli/exit.c \
	cli/hint.c \
	cli/json_file.c \
	cli/main.c \
	cli/moment.c \
	cli/nearest.c \
	cli/nginx_path.c \
	cli/open_store.c \
	cli/operator/audit.c \
	cli/operator/common.c \
	cli/operator/device.c \
	cli/operator/key.c \
	cli/operator/pins.c \
	cli/operator/prune.c \
	cli/operator/server_key.c \
	cli/operator/session.c \
	cli/operator/user.c \
	cli/output.c \
	cli/quantity.c \
	cli/sandbox/clock.c \
	cli/sandbox/incident.c \
	cli/sandbox_state.c \
	cli/serve/check.c \
	cli/serve/conf.c \
	cli/serve/cors.c \
	cli/serve/key_file.c \
	cli/serve/limits.c \
	cli/serve/network.c \
	cli/serve/next_key.c \
	cli/serve/nginx_conf.c \
	cli/serve/nginx_proxy.c \
	cli/serve/nginx_run.c \
	cli/serve/options.c \
	cli/serve/probe.c \
	cli/serve/profile.c \
	cli/serve/ready.c \
	cli/serve/resolver.c \
	cli/serve/sandbox.c \
	cli/serve/seed.c \
	cli/serve/seed_device.c \
	cli/serve/serve.c \
	cli/serve/tls.c \
	cli/serve/upstream.c \
	cli/serve/wait.c \
	cli/server_keys.c \
	cli/server_keys_home.c \
	cli/serving.c \
	cli/span.c \
	cli/table.c \
	cli/text.c \
	cli/tls_pins.c

WORLD_SRCS = \
	tests/unit/world.c \
	tests/unit/world_login.c

UNIT_TESTS = \
	test_address \
	test_admission \
	test_announcement \
	test_audit \
	test_binding \
	test_buffer \
	test_calls \
	test_canonical \
	test_certificate \
	test_clock \
	test_decide \
	test_driver \
	test_encoding \
	test_encryption \
	test_expiry \
	test_explaining \
	test_file \
	test_group \
	test_handshake \
	test_key \
	test_lifetime \
	test_meanwhile \
	test_measures \
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
	test_requests \
	test_sandbox \
	test_server_keys \
	test_show \
	test_signature \
	test_signed_calls \
	test_slice \
	test_sqlite \
	test_sqlite_transaction \
	test_store_api_key \
	test_store_failure \
	test_store_installation \
	test_store_list \
	test_store_server_key \
	test_store_session \
	test_store_user \
	test_switches \
	test_template \
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
	template \
	timestamp
