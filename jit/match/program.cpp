// SPDX-License-Identifier: GPL-2.0-only
#include "jit/match/program.h"

#include "jit/base/bytes.h"

#include <utility>

namespace nft_drops::jit {
namespace {

class Writer {
public:
	void operator()(const auto &...values) { (one(values), ...); }
	// The number of things that follow.
	size_t size(const auto &all) {
		w_.put(uint64_t{all.size()});
		return all.size();
	}
	[[nodiscard]] const std::string &bytes() const { return w_.bytes(); }

private:
	void one(const Plain auto &value) { w_.put(value); }
	void one(const MatchBytes &value) { w_.put(value); }
	ByteWriter w_;
};

class Reader {
public:
	explicit Reader(const std::string &bytes) : r_({bytes.data(), bytes.size()}) {}
	void operator()(auto &...values) { (r_.get(values), ...); }
	size_t size(auto &all) {
		all.resize(r_.count(1));
		return all.size();
	}
	[[nodiscard]] bool at_end() const { return r_.at_end(); }

private:
	ByteReader r_;
};

// The members of each operation, for both. Padding between them is left out.
void visit(auto &a, auto &op)
        requires requires { op.base; }
{
	a(op.base, op.offset, op.length, op.to);
}
void visit(auto &a, auto &op)
        requires requires { op.direction; }
{
	a(op.key, op.direction, op.to);
}
void visit(auto &a, auto &op)
        requires(
                requires { op.key; } && !requires { op.direction; })
{
	a(op.key, op.to);
}
void visit(auto &a, auto &op)
        requires requires { op.present; }
{
	a(op.kind, op.type, op.offset, op.length, op.present, op.to);
}
void visit(auto &a, auto &op)
        requires requires { op.value; }
{
	a(op.from, op.op, op.value);
}
void visit(auto &a, auto &op)
        requires(
                requires { op.outside; } && requires { op.lower; })
{
	a(op.from, op.outside, op.lower, op.upper);
}
void visit(auto &a, auto &op)
        requires requires { op.mask; }
{
	a(op.from, op.to, op.length, op.kind, op.mask, op.flip, op.shift);
}
void visit(auto &a, auto &op)
        requires requires { op.size; }
{
	a(op.from, op.to, op.length, op.size);
}
void visit(auto &a, auto &op)
        requires requires { op.elements; }
{
	a(op.from, op.outside);
	a.size(op.elements);
	for (auto &element : op.elements) {
		a.size(element);
		for (auto &field : element)
			a(field.lower, field.upper);
	}
}

// An operation of the kind `index`, with nothing in it.
template <size_t i = 0> MatchOperation operation(size_t index) {
	if constexpr (i < std::variant_size_v<MatchOperation>) {
		if (index != i) return operation<i + 1>(index);
		return MatchOperation(std::in_place_index<i>);
	}
	return {};
}

} // namespace

std::string Filter::bytes() const {
	Writer w;
	w.size(match);
	for (const FamilyMatch &of : match) {
		w(of.family);
		w.size(of.program);
		for (const MatchOperation &op : of.program) {
			w(uint64_t{op.index()});
			std::visit([&w](const auto &inner) { visit(w, inner); }, op);
		}
	}
	w.size(pcap);
	for (const PcapInstruction &i : pcap)
		w(i.code, i.if_true, i.if_false, i.k);
	return w.bytes();
}

bool Filter::read(const std::string &bytes) {
	Reader r(bytes);
	r.size(match);
	for (FamilyMatch &of : match) {
		r(of.family);
		r.size(of.program);
		for (MatchOperation &op : of.program) {
			uint64_t index = 0;
			r(index);
			op = operation(index);
			std::visit([&r](auto &inner) { visit(r, inner); }, op);
		}
	}
	r.size(pcap);
	for (PcapInstruction &i : pcap)
		r(i.code, i.if_true, i.if_false, i.k);
	return r.at_end();
}

} // namespace nft_drops::jit
