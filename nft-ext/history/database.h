// SPDX-License-Identifier: GPL-2.0-only
// SQLite's handles, owned. An Error's `why` is SQLite's own message; damaged() tells whether the file is to blame.
#ifndef NFT_DROPS_NFT_EXT_HISTORY_DATABASE_H
#define NFT_DROPS_NFT_EXT_HISTORY_DATABASE_H

#include "jit/base/result.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace nft_drops {

class Statement {
public:
	Statement() = default;
	explicit Statement(sqlite3_stmt *statement) : statement_(statement) {}

	// Parameters are bound in their order, from the first.
	Statement &bind(int64_t value);
	Statement &bind(std::string_view text);
	Statement &bind(std::span<const uint8_t> bytes);
	Statement &bind_null();
	// True where there is a row, false at the end. The parameters must then be bound anew, after reset().
	Result<bool> step();
	// For a statement without rows: to its end, and ready to be bound again.
	Result<void> run();
	void reset();

	[[nodiscard]] int64_t number(int column) const;
	[[nodiscard]] std::string text(int column) const;
	[[nodiscard]] std::span<const uint8_t> bytes(int column) const; // until the next step()
	[[nodiscard]] bool is_null(int column) const;

private:
	struct Finalize {
		void operator()(sqlite3_stmt *statement) const;
	};
	std::unique_ptr<sqlite3_stmt, Finalize> statement_;
	int bound_ = 0;
};

class Database {
public:
	enum class Mode {
		kWrite, // made where it is missing
		kRead,
		kReadFrozen, // nobody writes to it: its folder need not be writable
	};
	static Result<Database> open(const std::string &path, Mode mode);
	Database(Database &&) = default;
	Database &operator=(Database &&) = default;

	Result<void> run(const std::string &sql);
	Result<Statement> prepare(std::string_view sql);
	// The first column of the first row; 0 where there is none.
	Result<int64_t> number(std::string_view sql);
	// Whether the last error means that the file is no database of SQLite's, or damaged.
	[[nodiscard]] bool damaged() const;
	[[nodiscard]] int64_t changes() const; // rows that the last statement changed
	// The write-ahead log stays when this is closed: who may not write to the folder could not read otherwise.
	void keep_log();

private:
	struct Close {
		void operator()(sqlite3 *database) const;
	};
	explicit Database(sqlite3 *database) : database_(database) {}
	[[nodiscard]] std::unexpected<Error> failed() const;
	std::unique_ptr<sqlite3, Close> database_;
};

} // namespace nft_drops

#endif
