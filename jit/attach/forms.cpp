// SPDX-License-Identifier: GPL-2.0-only
#include "jit/attach/forms.h"

#include "jit/kernel/live/memory.h"

#include <chrono>
#include <thread>

namespace nft_drops::jit {

ProbeForms probe_forms(const Plan &plan, const Kernel &kernel) {
	ProbeForms forms(plan.sites.size());
	const auto memory = KernelMemory::open();
	if (!memory) return forms;
	for (size_t i = 0; i < forms.size(); i++)
		forms[i] = probe_form(plan.sites[i].address, kernel.kprobe_table, kernel.layout.kprobe, *memory);
	return forms;
}

ProbeForms settled_probe_forms(const Plan &plan, const Kernel &kernel) {
	constexpr auto kPause = std::chrono::milliseconds(20);
	constexpr int kTries = 100;
	ProbeForms forms = probe_forms(plan, kernel);
	const auto settled = [&] {
		for (size_t i = 0; i < forms.size(); i++)
			if (plan.sites[i].jump && forms[i] != ProbeForm::kJump) return false;
		return true;
	};
	for (int i = 0; i < kTries && !settled(); i++) {
		std::this_thread::sleep_for(kPause);
		forms = probe_forms(plan, kernel);
	}
	return forms;
}

} // namespace nft_drops::jit
