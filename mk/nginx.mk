# SPDX-License-Identifier: Apache-2.0
# The nginx modules, built as Debian builds its own: nginx's configure with the
# packaged flags. nginx itself is unpacked beside it, not installed.

NGINX_ROOT = build/nginx-root
NGINX_TREE = $(B)/nginx
MODULE = $(B)/ngx_http_trivet_module.so
PROXY_MODULE = $(B)/ngx_http_trivet_proxy_module.so

GATEWAY_SRCS = $(sort $(wildcard gateway/*.[ch] gateway/*/*.[ch]))
PROXY_MODULE_SRCS = $(sort $(wildcard sidecar/module/*.[ch]))
SIDECAR_LIBS = $(SIDECAR_LIB) $(CLIENT_ARCHIVES)

# nginx's own headers are not as strict as we are.
MODULE_CFLAGS = -std=gnu17 $(OPTIMISE) -fPIC \
	-fstack-protector-strong -Wall -Wextra -Wshadow -Wno-unused-parameter \
	$(LIBS_CFLAGS) $(FORTIFY) $(CPPFLAGS) $(CFLAGS)
MODULE_LDFLAGS = -Wl,-z,relro,-z,now \
	-Wl,--version-script=$(CURDIR)/mk/module-exports.map \
	$(SAN_LDFLAGS) $(LDFLAGS)

# nginx's configure writes all of it into its own Makefile.
MODULE_TEXT = $(CC) $(MODULE_CFLAGS) $(MODULE_LDFLAGS) $(LIBS_SERVER) \
	$(LIBS_CLIENT) $(abspath $(NGINX_TREE)) $(CURDIR) $(GATEWAY_SRCS) \
	$(PROXY_MODULE_SRCS)
$(eval $(call text_file,$(B)/flags/module,MODULE_TEXT))

.PHONY: module
module: $(MODULE) $(PROXY_MODULE) $(B)/nginx-root

$(NGINX_ROOT)/usr/sbin/nginx:
	@echo "  FETCH nginx"
	$(Q)tools/fetch-nginx $(NGINX_ROOT)

ifeq ($(SAN),1)
# Debian's nginx knows nothing of ASan: its run-time comes first. Leaks are the
# unit tests' business: nginx frees its pools when it likes.
$(B)/nginx-root: $(NGINX_ROOT)/usr/sbin/nginx mk/nginx.mk
	$(Q)rm -rf $@ && mkdir -p $@/usr/sbin
	$(Q)printf '#!/bin/sh\nexport LD_PRELOAD="%s %s"\nexport %s\nexec %s "$$@"\n' \
		"$$($(CC) -print-file-name=libasan.so)" \
		"$$($(CC) -print-file-name=libubsan.so)" \
		ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 \
		"$(abspath $(NGINX_ROOT))/usr/sbin/nginx" > $@/usr/sbin/nginx
	$(Q)chmod +x $@/usr/sbin/nginx
else
$(B)/nginx-root: $(NGINX_ROOT)/usr/sbin/nginx
	$(Q)ln -sfn ../nginx-root $@
endif

# For gateway/config and sidecar/module/config in an nginx of somebody's own.
.PHONY: gateway-archives proxy-archives
gateway-archives: $(SERVER_LIBS)
proxy-archives: $(SIDECAR_LIBS)

.PHONY: show-gateway-archives show-gateway-libs show-proxy-archives show-proxy-libs
show-gateway-archives:
	@echo $(abspath $(SERVER_LIBS))
show-gateway-libs:
	@echo $(LIBS_SERVER)
show-proxy-archives:
	@echo $(abspath $(SIDECAR_LIBS))
show-proxy-libs:
	@echo $(LIBS_CLIENT)

# nginx's configure and Makefile have our flags as theirs: what was said to us,
# such as CFLAGS=-O3, would take their place.
$(NGINX_TREE)/objs/Makefile $(MODULE): private MAKEOVERRIDES =

# configure writes into its tree: a copy of links, never /usr/share. From 1.30 on
# its flags ask dpkg-buildflags, which is a packager's; ours come behind them.
$(NGINX_TREE)/objs/Makefile: private export MODULE_CC = $(CC)
$(NGINX_TREE)/objs/Makefile: private export MODULE_CC_OPT = $(MODULE_CFLAGS)
$(NGINX_TREE)/objs/Makefile: private export MODULE_LD_OPT = $(MODULE_LDFLAGS)
$(NGINX_TREE)/objs/Makefile: private export TRIVET_ROOT = $(CURDIR)
$(NGINX_TREE)/objs/Makefile: private export TRIVET_ARCHIVES = $(abspath $(SERVER_LIBS))
$(NGINX_TREE)/objs/Makefile: private export TRIVET_LIBS = $(LIBS_SERVER)
$(NGINX_TREE)/objs/Makefile: private export TRIVET_PROXY_ARCHIVES = $(abspath $(SIDECAR_LIBS))
$(NGINX_TREE)/objs/Makefile: private export TRIVET_PROXY_LIBS = $(LIBS_CLIENT)
$(NGINX_TREE)/objs/Makefile: gateway/config sidecar/module/config mk/module-exports.map mk/nginx.mk \
		$(NGINX_ROOT)/usr/sbin/nginx $(B)/flags/module
	@echo "  CONF  $(NGINX_TREE)"
	$(Q)rm -rf $(NGINX_TREE) && mkdir -p $(B)
	$(Q)cp -rs $(abspath $(NGINX_ROOT))/usr/share/nginx/src $(NGINX_TREE)
	$(Q)cd $(NGINX_TREE) && bash -c 'unset CFLAGS; command -v dpkg-buildflags >/dev/null \
		|| dpkg-buildflags() { :; }; . ./conf_flags && \
		./configure "$${NGX_CONF_FLAGS[@]}" --with-cc="$$MODULE_CC" \
		--with-cc-opt="$$MODULE_CC_OPT" --with-ld-opt="$$MODULE_LD_OPT" \
		--add-dynamic-module=$(CURDIR)/gateway \
		--add-dynamic-module=$(CURDIR)/sidecar/module' > $(abspath $(NGINX_TREE)).log 2>&1 \
		|| { tail -20 $(abspath $(NGINX_TREE)).log; exit 1; }

# One run of nginx's Makefile makes both.
$(MODULE): $(NGINX_TREE)/objs/Makefile $(GATEWAY_SRCS) $(PROXY_MODULE_SRCS) \
		$(SERVER_LIBS) $(SIDECAR_LIBS)
	@echo "  MOD   $@"
	$(Q)$(MAKE) -s -C $(NGINX_TREE) -f objs/Makefile modules \
		> $(abspath $(NGINX_TREE)).log 2>&1 || { grep -A8 "error\|warning" $(abspath $(NGINX_TREE)).log; exit 1; }
	$(Q)for name in $(notdir $(PROXY_MODULE) $(MODULE)); do \
		cp $(NGINX_TREE)/objs/$$name $(B)/$$name.new && \
		mv $(B)/$$name.new $(B)/$$name || exit 1; \
	done # a server may be running on the old one

$(PROXY_MODULE): $(MODULE) ;
