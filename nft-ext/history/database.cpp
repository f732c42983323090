// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/history/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace nft_drops {
namespace {

std::unexpected<Error> error_of(sqlite3 *database) {
	return usage_error("history", sqlite3_errmsg(database));
}

} // namespace

void Statement::Finalize::operator()(sqlite3_stmt *statement) const {
	sqlite3_finalize(statement);
}
void Database::Close::operator()(sqlite3 *database) const {
	sqlite3_close_v2(database);
}

Statement &Statement::bind(int64_t value) {
	sqlite3_bind_int64(statement_.get(), ++bound_, value);
	return *this;
}
Statement &Statement::bind(std::string_view text) {
	sqlite3_bind_text(statement_.get(), ++bound_, text.data() ? text.data() : "", static_cast<int>(text.size()),
	                  SQLITE_TRANSIENT);
	return *this;
}
Statement &Statement::bind(std::span<const uint8_t> bytes) {
	// An empty span's address may be null, which would be NULL.
	if (bytes.empty())
		sqlite3_bind_zeroblob(statement_.get(), ++bound_, 0);
	else
		sqlite3_bind_blob(statement_.get(), ++bound_, bytes.data(), static_cast<int>(bytes.size()),
		                  SQLITE_TRANSIENT);
	return *this;
}
Statement &Statement::bind_null() {
	sqlite3_bind_null(statement_.get(), ++bound_);
	return *this;
}

Result<bool> Statement::step() {
	switch (sqlite3_step(statement_.get())) {
	case SQLITE_ROW:
		return true;
	case SQLITE_DONE:
		return false;
	default:
		return error_of(sqlite3_db_handle(statement_.get()));
	}
}

Result<void> Statement::run() {
	auto done = step();
	reset();
	if (!done) return std::unexpected(done.error());
	return {};
}

void Statement::reset() {
	sqlite3_reset(statement_.get());
	bound_ = 0;
}

int64_t Statement::number(int column) const {
	return sqlite3_column_int64(statement_.get(), column);
}
std::string Statement::text(int column) const {
	const auto *text = reinterpret_cast<const char *>(sqlite3_column_text(statement_.get(), column));
	const int size = sqlite3_column_bytes(statement_.get(), column);
	return text ? std::string(text, static_cast<size_t>(size)) : std::string();
}
std::span<const uint8_t> Statement::bytes(int column) const {
	const auto *bytes = static_cast<const uint8_t *>(sqlite3_column_blob(statement_.get(), column));
	return {bytes, bytes ? static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column)) : 0};
}
bool Statement::is_null(int column) const {
	return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Result<Database> Database::open(const std::string &path, Mode mode) {
	sqlite3 *raw = nullptr;
	const int flags = mode == Mode::kWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
	std::string name = path;
	if (mode == Mode::kReadFrozen) {
		name = "file:";
		for (const char c : path) {
			if (c == '?' || c == '#' || c == '%')
				name += fmt::format("%{:02x}", static_cast<unsigned>(c));
			else
				name += c;
		}
		name += "?immutable=1";
	}
	const int error = sqlite3_open_v2(
	        name.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX | (mode == Mode::kReadFrozen ? SQLITE_OPEN_URI : 0),
	        nullptr);
	Database database(raw);
	if (error != SQLITE_OK) return database.failed();
	constexpr int kPatienceMs = 2000;
	sqlite3_busy_timeout(raw, kPatienceMs);
	return database;
}

std::unexpected<Error> Database::failed() const {
	return error_of(database_.get());
}

Result<void> Database::run(const std::string &sql) {
	if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return failed();
	return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
	sqlite3_stmt *statement = nullptr;
	if (sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
	                       &statement, nullptr) != SQLITE_OK)
		return failed();
	return Statement(statement);
}

Result<int64_t> Database::number(std::string_view sql) {
	auto statement = prepare(sql);
	if (!statement) return std::unexpected(statement.error());
	auto row = statement->step();
	if (!row) return std::unexpected(row.error());
	return *row ? statement->number(0) : 0;
}

bool Database::damaged() const {
	const int error = sqlite3_errcode(database_.get());
	return error == SQLITE_CORRUPT || error == SQLITE_NOTADB;
}

int64_t Database::changes() const {
	return sqlite3_changes64(database_.get());
}

void Database::keep_log() {
	int on = 1;
	sqlite3_file_control(database_.get(), nullptr, SQLITE_FCNTL_PERSIST_WAL, &on);
}

} // namespace nft_drops
