// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/ring_lock.h"
#include "jit/kernel/types/btf_ptr.h"

#include <bpf/btf.h>
#include <gtest/gtest.h>

namespace nft_drops::jit_test {
namespace {

// struct bpf_ringbuf { <typedef> spinlock; }, typedef of struct <lock>, whose first member "lock" is a struct <within>.
jit::BtfPtr types(const char *typedef_name, const char *lock, const char *member, const char *within) {
	jit::BtfPtr types(btf__new_empty());
	const int inner = btf__add_struct(types.get(), within, 4);
	const int outer = btf__add_struct(types.get(), lock, 4);
	btf__add_field(types.get(), member, inner, 0, 0);
	const int name = btf__add_typedef(types.get(), typedef_name, outer);
	btf__add_struct(types.get(), "bpf_ringbuf", 64);
	btf__add_field(types.get(), "spinlock", name, 0, 0);
	return types;
}

TEST(RingLock, SleepsWhereASpinlockIsAMutex) {
	EXPECT_TRUE(jit::ring_lock_may_sleep(types("spinlock_t", "spinlock", "lock", "rt_mutex_base").get()));
	EXPECT_TRUE(jit::ring_lock_may_sleep(types("spinlock_t", "spinlock", "lock", "rt_mutex").get()));
	EXPECT_FALSE(
	        jit::ring_lock_may_sleep(types("raw_spinlock_t", "raw_spinlock", "raw_lock", "arch_spinlock_t").get()));
	EXPECT_FALSE(jit::ring_lock_may_sleep(types("spinlock_t", "spinlock", "rlock", "raw_spinlock").get()));
	EXPECT_FALSE(jit::ring_lock_may_sleep(jit::BtfPtr(btf__new_empty()).get()));
}

} // namespace
} // namespace nft_drops::jit_test
