// SPDX-License-Identifier: GPL-2.0-only
#include "jit/session.h"

#include "bpf/objects.h"
#include "jit/compile/cache.h"
#include "jit/compile/compile.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>

namespace nft_drops::jit {
namespace {

class Stopwatch {
public:
	std::chrono::microseconds lap() {
		const auto now = std::chrono::steady_clock::now();
		const auto d = std::chrono::duration_cast<std::chrono::microseconds>(now - last_);
		last_ = now;
		return d;
	}

private:
	std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// Everything that the object depends on: the program that makes it, the probe's code, its constants.
std::string cache_key(const nd_layout &layout, const std::vector<nd_site> &sites) {
	const auto code = bpf::probe_bitcode();
	std::string key(code.begin(), code.end());
	key.append(reinterpret_cast<const char *>(&layout), sizeof(layout));
	key.append(reinterpret_cast<const char *>(sites.data()), sites.size() * sizeof(nd_site));
	return key + ND_VERSION;
}

Result<std::vector<char>> compile_or_load(const nd_layout &layout, const std::vector<nd_site> &sites) {
	const ObjectCache cache(cache_key(layout, sites));
	if (auto object = cache.load()) return std::move(*object);
	auto object = compile_probe(layout, sites);
	if (object) cache.store(*object);
	return object;
}

Result<std::string> explained(const Result<Kernel> &kernel) {
	if (!kernel) return std::unexpected(kernel.error());
	auto plan = resolve(kernel->image, kernel->layout);
	if (!plan) return std::unexpected(plan.error());
	return explain(*plan, *kernel);
}

// Errors are reported once, by us, in one line.
void silence_libbpf() {
	libbpf_set_print(nullptr);
}

} // namespace

Result<Session> Session::start(const SessionOptions &options) {
	silence_libbpf();
	Session s;
	Stopwatch watch;
	auto kernel = read_running_kernel();
	if (!kernel) return std::unexpected(kernel.error());
	s.kernel = std::move(*kernel);
	s.timings.kernel = watch.lap();

	auto plan = resolve(s.kernel.image, s.kernel.layout);
	if (!plan) return std::unexpected(plan.error());
	s.plan = std::move(*plan);
	s.timings.resolve = watch.lap();

	std::vector<nd_site> sites;
	for (const PlannedSite &site : s.plan.sites)
		sites.push_back(site.site);
	auto object = compile_or_load(s.kernel.layout.probe, sites);
	if (!object) return std::unexpected(object.error());
	s.timings.compile = watch.lap();

	auto probe = Probe::attach(*object, s.plan, {.netns = options.netns, .ring_bytes = options.ring_bytes});
	if (!probe) return std::unexpected(probe.error());
	s.probe = std::move(*probe);
	s.timings.attach = watch.lap();
	return s;
}

Result<std::string> explain_running_kernel() {
	silence_libbpf();
	return explained(read_running_kernel());
}

Result<std::string> explain_kernel_files(const KernelFiles &files) {
	silence_libbpf();
	return explained(read_kernel_files(files));
}

} // namespace nft_drops::jit
