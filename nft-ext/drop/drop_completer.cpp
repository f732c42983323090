// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/drop_completer.h"

#include "jit/base/time_namespace.h"
#include "nft-ext/packet/hook.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace nft_drops::cli {
namespace {

using namespace std::chrono_literals;

// How often it is looked whether a drop was held long enough.
constexpr auto kLookEvery = 100ms;

SharedAttribution unread_attribution() {
	Attribution made;
	made.unread = true;
	return std::make_shared<const Attribution>(std::move(made));
}

// All that an attribution depends on, but for the time.
bool same_question(const nd_event &a, const nd_event &b) {
	return a.rule_handle == b.rule_handle && a.table_handle == b.table_handle && a.chain_handle == b.chain_handle &&
	       a.netns == b.netns && a.generation == b.generation && a.cause == b.cause;
}

// Newer kernels keep the number of the port that a packet came through (nd_bridge_layout.physin), not the device.
void name_port(nd_event &event, KernelNames &names) {
	const std::string name = names.device(event.netns, event.physin);
	std::copy_n(name.data(), std::min(name.size(), sizeof(event.physin_name)), event.physin_name);
}

} // namespace

DropCompleter::DropCompleter(Loop &loop, Attributor &attributor, KernelNames &names, bool name_netns,
                             std::function<void(Drop &)> complete)
    : loop_(loop), attributor_(attributor), names_(names), name_netns_(name_netns), complete_(std::move(complete)),
      nothing_(std::make_shared<const Attribution>()), unread_(unread_attribution()) {
	attributor_.on_news([this](uint32_t netns) {
		if (const auto known = queues_.find(netns); known != queues_.end()) {
			pump(netns, known->second, Clock::now());
			if (known->second.held.empty() && known->second.asked.empty()) queues_.erase(known);
		}
	});
}

DropCompleter::~DropCompleter() {
	attributor_.on_news({});
	loop_.cancel(timer_);
}

void DropCompleter::begin() {
	now_ = Clock::now();
	wall_now_ = std::chrono::system_clock::now();
}

void DropCompleter::fill(Drop &drop, const nd_event &event) {
	drop.set_event(event);
	drop.capture = nd_capture_of(&event);
	static const auto offset = jit::monotonic_offset();
	const auto age = now_.time_since_epoch() - offset - std::chrono::nanoseconds(event.time_ns);
	drop.time = wall_now_ - std::chrono::duration_cast<std::chrono::system_clock::duration>(age);
	drop.path.reset();
	drop.details.reset();
	if (const nd_details *seen = nd_details_of(&event)) {
		Details details;
		details.seen = *seen;
		drop.details = std::make_shared<const Details>(std::move(details));
	}
	if (const BridgePort in = physin_of(event); in.index != 0 && in.name.empty()) name_port(drop.event, names_);
	drop.expression.clear();
	drop.location.clear();
	if (event.cause == ND_CAUSE_OTHER)
		drop.location = names_.function(event.location);
	else if (event.expr_ops)
		drop.expression = names_.expression(event.expr_ops);
}

void DropCompleter::emit(Drop &drop) {
	// Here, not in fill(): the name may have come since.
	if (name_netns_) drop.netns_name = attributor_.name_of(drop.event.netns);
	complete_(drop);
}

void DropCompleter::emit_front(Queue &queue) {
	Held &front = queue.held.front();
	if (front.state != State::kKnown) {
		// With a path or details each drop is asked for; the text may be known from another one.
		auto known = attributor_.find(front.drop.event);
		front.drop.attribution = known ? std::move(known) : unread_;
	}
	emit(front.drop);
	queue.capture_bytes -= front.capture.size();
	capture_bytes_ -= front.capture.size();
	queue.held.pop_front();
	queue.first++;
	held_--;
}

void DropCompleter::add(const nd_event &event, const nd_path *path) {
	const bool other = event.cause == ND_CAUSE_OTHER;
	const auto waiting = held_ == 0 ? queues_.end() : queues_.find(event.netns);
	if (waiting == queues_.end() || waiting->second.held.empty()) {
		SharedAttribution known = other ? nothing_ : path ? nullptr : attributor_.find(event);
		if (known) {
			fill(drop_, event);
			drop_.attribution = std::move(known);
			emit(drop_);
			return;
		}
	}
	Queue &queue = queues_[event.netns];
	Held &held = queue.held.emplace_back();
	held_++;
	fill(held.drop, event);
	keep_capture(queue, held);
	if (path) held.path = *path;
	if (const nd_details *seen = nd_details_of(&event)) held.details = *seen;
	held.state = other ? State::kKnown : State::kNew;
	if (other) held.drop.attribution = nothing_;
	held.until = now_ + kHoldFor;
	pump(event.netns, queue, now_);
	while (queue.held.size() > std::max<size_t>(1, kMostHeld / queues_.size()) ||
	       queue.capture_bytes > kMostCaptureBytes / queues_.size())
		emit_front(queue);
	if (queue.held.empty() && queue.asked.empty()) queues_.erase(event.netns);
	arm();
}

// The ring's place is another event's once this event was handled.
void DropCompleter::keep_capture(Queue &queue, Held &held) {
	const nd_capture *in_ring = held.drop.capture;
	if (!in_ring) return;
	const auto *bytes = reinterpret_cast<const std::byte *>(in_ring);
	held.capture.assign(bytes, bytes + sizeof(nd_capture) + in_ring->kept);
	held.drop.capture = reinterpret_cast<const nd_capture *>(held.capture.data());
	queue.capture_bytes += held.capture.size();
	capture_bytes_ += held.capture.size();
}

void DropCompleter::take_replies(uint32_t netns, Queue &queue) {
	while (!queue.asked.empty()) {
		auto about = attributor_.reply(netns);
		if (!about) return;
		const uint64_t number = queue.asked.front();
		queue.asked.pop_front();
		if (number < queue.first) continue; // was held too long
		Held &held = queue.held[number - queue.first];
		if (about->attribution) {
			held.drop.attribution = std::move(about->attribution);
			held.drop.path = std::move(about->path);
			if (about->details) held.drop.details = std::move(about->details);
			held.state = State::kKnown;
		} else {
			held.state = State::kNew;
			queue.ahead = std::min(queue.ahead, number);
		}
	}
}

void DropCompleter::ask_ahead(Queue &queue) {
	queue.ahead = std::max(queue.ahead, queue.first);
	for (; queue.ahead < queue.first + queue.held.size(); queue.ahead++) {
		Held &held = queue.held[queue.ahead - queue.first];
		if (held.state != State::kNew) continue;
		if (!held.path) {
			if (auto known = attributor_.find(held.drop.event)) {
				held.drop.attribution = std::move(known);
				held.state = State::kKnown;
				continue;
			}
			const bool same = std::ranges::any_of(queue.asked, [&](uint64_t number) {
				return number >= queue.first &&
				       same_question(queue.held[number - queue.first].drop.event, held.drop.event);
			});
			if (same) {
				held.state = State::kSame;
				continue;
			}
		}
		if (!attributor_.ask(held.drop.event, held.path ? &*held.path : nullptr,
		                     held.details ? &*held.details : nullptr))
			return;
		held.state = State::kAsked;
		queue.asked.push_back(queue.ahead);
	}
}

void DropCompleter::pump(uint32_t netns, Queue &queue, Clock::time_point now) {
	take_replies(netns, queue);
	ask_ahead(queue);
	while (!queue.held.empty()) {
		Held &front = queue.held.front();
		if (front.state == State::kSame) {
			// The reply that it waited for has come, and was kept, or holds for that one drop only.
			if (auto known = attributor_.find(front.drop.event)) {
				front.drop.attribution = std::move(known);
				front.state = State::kKnown;
			} else if (attributor_.ask(front.drop.event, nullptr)) {
				front.state = State::kAsked;
				queue.asked.push_back(queue.first);
			}
		}
		if (front.state != State::kKnown && now < front.until) return;
		emit_front(queue);
	}
}

void DropCompleter::pump_all() {
	std::vector<uint32_t> waiting;
	for (const auto &[netns, queue] : queues_)
		waiting.push_back(netns);
	const auto now = Clock::now();
	for (const uint32_t netns : waiting) {
		Queue &queue = queues_.at(netns);
		pump(netns, queue, now);
		if (queue.held.empty() && queue.asked.empty()) queues_.erase(netns);
	}
	arm();
}

void DropCompleter::arm() {
	if (timer_ != 0 || held_ == 0) return;
	timer_ = loop_.after(kLookEvery, [this] {
		timer_ = 0;
		pump_all();
	});
}

void DropCompleter::give_up() {
	for (auto &[netns, queue] : queues_) {
		while (!queue.held.empty())
			emit_front(queue);
	}
}

} // namespace nft_drops::cli
