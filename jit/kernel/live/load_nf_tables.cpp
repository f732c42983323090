// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/load_nf_tables.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cerrno>
#include <cstring>

namespace nft_drops::jit {
namespace {

int take_attribute(const nlattr *attribute, void *generation) {
	if (mnl_attr_get_type(attribute) == NFTA_GEN_ID && mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
		*static_cast<uint32_t *>(generation) = ntohl(mnl_attr_get_u32(attribute));
	return MNL_CB_OK;
}

int take_generation(const nlmsghdr *message, void *generation) {
	return mnl_attr_parse(message, sizeof(nfgenmsg), take_attribute, generation);
}

} // namespace

Result<uint32_t> load_nf_tables() {
	constexpr const char *kHelp = "a kernel with CONFIG_NF_TABLES, and its module if it is one, is needed";
	mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);
	if (!socket) return unsupported("nf_tables", fmt::format("no netfilter netlink: {}", strerror(errno)), kHelp);

	char buffer[8192];
	nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	request->nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	auto *family = static_cast<nfgenmsg *>(mnl_nlmsg_put_extra_header(request, sizeof(nfgenmsg)));
	family->version = NFNETLINK_V0;

	int error = 0;
	uint32_t generation = 0;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(socket, request, request->nlmsg_len) < 0) {
		error = errno;
	} else {
		const ssize_t n = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (n < 0 || mnl_cb_run(buffer, static_cast<size_t>(n), 0, mnl_socket_get_portid(socket),
		                        take_generation, &generation) < 0)
			error = errno;
	}
	mnl_socket_close(socket);
	if (error == EPERM) return unsupported("nf_tables", strerror(error), "run as root (CAP_NET_ADMIN)");
	if (error) return unsupported("nf_tables", fmt::format("the kernel has none: {}", strerror(error)), kHelp);
	return generation;
}

} // namespace nft_drops::jit
