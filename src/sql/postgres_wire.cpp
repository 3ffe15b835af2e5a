#include "postgres_wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace labrelay::sql {
namespace {

constexpr std::size_t kMostGatheredRows = 4096;
constexpr std::size_t kMostGatheredBytes = std::size_t{4} << 20U;
// What is sent and not read keeps memory on both sides.
constexpr std::size_t kMostWaiting = 512;

/// The caller's URL decides; what it leaves out is set so that a dead server is noticed.
PGconn* connect(const std::string& url) {
    constexpr std::array<const char*, 7> kNames{"connect_timeout",
                                                "tcp_user_timeout",
                                                "keepalives_idle",
                                                "application_name",
                                                "client_encoding",
                                                "dbname",
                                                nullptr};
    const std::array<const char*, 7> values{"5",    "10000",     "5",    "labrelay",
                                            "UTF8", url.c_str(), nullptr};
    return PQconnectdbParams(kNames.data(), values.data(), 1);
}

/// What libpq says where trying again is of no use: it has no code for a connection that is
/// refused.
constexpr std::array<const char*, 7> kForAPerson{
    "password",    "does not exist", "permission denied", "pg_hba.conf",
    "certificate", "invalid",        "authentication"};

const char* sql_type(Oid type) {
    switch (type) {
        case 17:
            return "bytea";
        case 20:
            return "bigint";
        case 25:
            return "text";
        default:
            return nullptr;
    }
}

}  // namespace

PostgresEngine::Wire::Wire(const std::string& url) : connection_(connect(url)) {
    if (PQstatus(connection_) != CONNECTION_OK) {
        // libpq's sentence may quote the URL's password where it cannot read the URL.
        std::string why = PQerrorMessage(connection_);
        PQfinish(connection_);
        while (!why.empty() && why.back() == '\n') why.pop_back();
        const auto says = [&](const char* words) { return why.find(words) != std::string::npos; };
        const bool for_a_person = std::ranges::any_of(kForAPerson, says);
        throw Fault(for_a_person ? FaultKind::setup : FaultKind::lost,
                    fmt::format("{}: {}", without_password(url), why));
    }
    PQsetNoticeReceiver(
        connection_,
        [](void* wire, const PGresult* notice) { static_cast<Wire*>(wire)->heard(notice); }, this);
    // Compiling a query takes longer than any of ours runs. A limit that a role has for statements
    // would also end the wait of a COMMIT for its standby.
    PGresult* const settings = PQexec(
        connection_, "SET statement_timeout = 0; SET jit = off; SET client_min_messages = warning");
    const bool set = PQresultStatus(settings) == PGRES_COMMAND_OK;
    PQclear(settings);
    if (!set) {
        const std::string why = PQerrorMessage(connection_);
        PQfinish(connection_);
        throw Fault(FaultKind::lost, fmt::format("{}: {}", without_password(url), why));
    }
    if (PQenterPipelineMode(connection_) == 0) {
        PQfinish(connection_);
        throw Fault(FaultKind::defect, "libpq refuses its pipeline mode");
    }
}

PostgresEngine::Wire::~Wire() {
    PQfinish(connection_);
}

void PostgresEngine::Wire::heard(const PGresult* notice) {
    const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity != nullptr && std::string_view(severity) == "WARNING") warned_ = true;
}

void PostgresEngine::Wire::lost() const {
    throw Fault(FaultKind::lost, "PostgreSQL: the connection is lost");
}

void PostgresEngine::Wire::sent() {
    ++waiting_;
    if (waiting_ >= kMostWaiting) finish();
}

std::string PostgresEngine::Wire::prepare(const std::string& sql) {
    std::string name = fmt::format("s{}", next_statement_++);
    if (PQsendPrepare(connection_, name.c_str(), sql.c_str(), 0, nullptr) == 0) lost();
    sent();
    return name;
}

std::vector<Oid> PostgresEngine::Wire::parameter_types(const std::string& statement) {
    if (PQsendDescribePrepared(connection_, statement.c_str()) == 0) lost();
    ++waiting_;
    const PostgresResult described = finish();
    std::vector<Oid> types;
    for (int i = 0; i < PQnparams(described.get()); ++i)
        types.push_back(PQparamtype(described.get(), i));
    return types;
}

void PostgresEngine::Wire::send(const std::string& statement,
                                const std::vector<Parameter>& parameters) {
    const std::size_t count = parameters.size();
    std::vector<std::string> integers(count);
    std::vector<const char*> values(count, nullptr);
    std::vector<int> lengths(count, 0);
    std::vector<int> formats(count, 0);
    std::vector<std::string> texts(count);
    for (std::size_t i = 0; i < count; ++i) {
        const Parameter& parameter = parameters[i];
        switch (parameter.kind) {
            case Parameter::Kind::null:
                break;
            case Parameter::Kind::integer:
                integers[i] = std::to_string(parameter.integer);
                values[i] = integers[i].c_str();
                break;
            case Parameter::Kind::text:
                // In binary form text is its bytes, with their length.
            case Parameter::Kind::blob:
                values[i] = parameter.bytes.data() != nullptr ? parameter.bytes.data() : "";
                lengths[i] = static_cast<int>(parameter.bytes.size());
                formats[i] = 1;
                break;
        }
    }
    if (PQsendQueryPrepared(connection_, statement.c_str(), static_cast<int>(count), values.data(),
                            lengths.data(), formats.data(), 1) == 0)
        lost();
    sent();
}

void PostgresEngine::Wire::send_plain(const char* sql) {
    if (PQsendQueryParams(connection_, sql, 0, nullptr, nullptr, nullptr, nullptr, 1) == 0) lost();
    ++waiting_;
}

void PostgresEngine::Wire::note(const PGresult* result) {
    switch (PQresultStatus(result)) {
        case PGRES_FATAL_ERROR:
        case PGRES_BAD_RESPONSE:
            if (PQstatus(connection_) != CONNECTION_OK) lost();
            if (!failed_) failed_ = fault_of(result);
            break;
        default:
            break;
    }
}

PostgresResult PostgresEngine::Wire::finish() {
    if (PQpipelineSync(connection_) == 0) lost();
    PostgresResult last;
    for (; waiting_ > 0; --waiting_) {
        if (waiting_ == 1) warned_ = false;  // what was said of the ones before is not of the last
        while (PostgresResult result{PQgetResult(connection_)}) {
            note(result.get());
            last = std::move(result);
        }
        if (PQstatus(connection_) != CONNECTION_OK) lost();
    }
    const PostgresResult mark{PQgetResult(connection_)};
    if (!mark || PQresultStatus(mark.get()) != PGRES_PIPELINE_SYNC) lost();
    if (failed_) throw Fault(*std::exchange(failed_, std::nullopt));
    return last;
}

void PostgresEngine::Wire::execute(const std::string& script) {
    send_all_gathered();
    finish();
    if (PQexitPipelineMode(connection_) == 0) lost();
    const PostgresResult result{PQexec(connection_, script.c_str())};
    std::optional<Fault> fault;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
        fault = fault_of(result.get());
    if (PQenterPipelineMode(connection_) == 0) lost();
    if (fault) throw Fault(*fault);
}

// --- gathered inserts

GatheredInsert* PostgresEngine::Wire::gather(InsertForm form, std::vector<Oid> types,
                                             std::string statement) {
    return inserts_
        .emplace_back(std::make_unique<GatheredInsert>(std::move(form), std::move(types),
                                                       std::move(statement)))
        .get();
}

void PostgresEngine::Wire::added_to(GatheredInsert& insert) {
    if (insert.rows() == 1) gathered_.push_back(&insert);
    if (insert.rows() >= kMostGatheredRows || insert.bytes() >= kMostGatheredBytes) {
        std::erase(gathered_, &insert);
        send_arrays(insert);
    }
}

void PostgresEngine::Wire::send_arrays(GatheredInsert& insert) {
    const std::vector<std::string> arrays = insert.arrays();
    std::vector<const char*> values;
    std::vector<int> lengths;
    for (const std::string& array : arrays) {
        values.push_back(array.data());
        lengths.push_back(static_cast<int>(array.size()));
    }
    const std::vector<int> formats(arrays.size(), 1);
    insert.clear();
    if (PQsendQueryPrepared(connection_, insert.statement().c_str(),
                            static_cast<int>(values.size()), values.data(), lengths.data(),
                            formats.data(), 1) == 0)
        lost();
    sent();
}

void PostgresEngine::Wire::send_gathered(const std::vector<std::string>& tables) {
    const auto meant = [&](const GatheredInsert* insert) {
        return std::ranges::find(tables, insert->form().table) != tables.end();
    };
    while (true) {
        const auto found = std::ranges::find_if(gathered_, meant);
        if (found == gathered_.end()) return;
        GatheredInsert& insert = **found;
        gathered_.erase(found);
        send_arrays(insert);
    }
}

void PostgresEngine::Wire::send_all_gathered() {
    while (!gathered_.empty()) {
        GatheredInsert& insert = *gathered_.front();
        gathered_.pop_front();
        send_arrays(insert);
    }
}

void PostgresEngine::Wire::forget_gathered() noexcept {
    for (GatheredInsert* insert : gathered_) insert->clear();
    gathered_.clear();
}

// --- transactions

void PostgresEngine::Wire::begin(const char* sql) {
    send_plain(sql);
    in_transaction_ = true;
}

void PostgresEngine::Wire::commit() {
    send_all_gathered();
    send_plain("COMMIT");
    const PostgresResult answer = finish();
    in_transaction_ = false;
    // COMMIT of a transaction that failed is answered like that.
    if (std::string_view(PQcmdStatus(answer.get())) != "COMMIT")
        throw Fault(FaultKind::conflict, "PostgreSQL rolled the transaction back");
    // It says so and still answers COMMIT where the wait for the standby was broken off: then the
    // rows are on one machine only.
    if (warned_)
        throw Fault(FaultKind::lost, "PostgreSQL committed with a warning: not sure to be kept");
}

void PostgresEngine::Wire::rollback() noexcept {
    forget_gathered();
    if (!in_transaction_) return;
    in_transaction_ = false;
    try {
        // First what is on its way: the sync after an error is where the pipeline goes on.
        finish();
    } catch (const Fault&) {
        failed_.reset();
    }
    try {
        send_plain("ROLLBACK");
        finish();
    } catch (const Fault&) {
        failed_.reset();
    }
}

// --- the engine

namespace {

class PostgresStatement final : public Statement {
public:
    PostgresStatement(PostgresEngine::Wire& wire, std::string_view sql)
        : wire_(wire),
          tables_(tables_in(sql)),
          name_(wire.prepare(with_dollar_parameters(sql))),
          count_(parameters_in(sql)) {
        if (auto form = insert_form(sql)) gather(std::move(*form));
    }

    void bind_integer(int parameter, std::int64_t value) override {
        at(parameter) = {Parameter::Kind::integer, value, {}};
    }
    void bind_text(int parameter, std::string_view text) override {
        at(parameter) = {Parameter::Kind::text, 0, text};
    }
    void bind_blob(int parameter, std::string_view bytes) override {
        at(parameter) = {Parameter::Kind::blob, 0, bytes};
    }

    bool step() override {
        if (!asked_) {
            wire_.send_gathered(tables_);
            wire_.send(name_, given());
            result_ = wire_.finish();
            asked_ = true;
            row_ = -1;
        }
        return ++row_ < PQntuples(result_.get());
    }
    void run() override;
    void reset() noexcept override {
        result_.reset();
        asked_ = false;
        parameters_.clear();
    }

    bool is_null(int column) const override {
        return PQgetisnull(result_.get(), row_, column) != 0;
    }
    std::int64_t integer(int column) const override;
    std::string_view bytes(int column) const override {
        return {PQgetvalue(result_.get(), row_, column),
                static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
    }

private:
    Parameter& at(int parameter) {
        const auto place = static_cast<std::size_t>(parameter) - 1;
        if (parameters_.size() <= place) parameters_.resize(place + 1);
        return parameters_[place];
    }
    const std::vector<Parameter>& given() {
        parameters_.resize(count_);  // a last NULL is not bound
        return parameters_;
    }
    void gather(InsertForm form);

    PostgresEngine::Wire& wire_;
    std::vector<std::string> tables_;
    std::string name_;
    std::size_t count_;
    GatheredInsert* gathered_ = nullptr;
    std::vector<Parameter> parameters_;
    PostgresResult result_;
    bool asked_ = false;
    int row_ = -1;
};

void PostgresStatement::gather(InsertForm form) {
    std::vector<Oid> types = wire_.parameter_types(name_);
    std::vector<std::string> names;
    for (const Oid type : types) {
        const char* name = sql_type(type);
        if (name == nullptr) return;  // sent row by row
        names.emplace_back(name);
    }
    std::string statement = wire_.prepare(over_arrays(form, names));
    gathered_ = wire_.gather(std::move(form), std::move(types), std::move(statement));
}

void PostgresStatement::run() {
    const std::vector<Parameter>& row = given();
    if (gathered_ != nullptr && wire_.in_transaction()) {
        if (!gathered_->takes(row)) wire_.send_gathered({gathered_->form().table});
        gathered_->add(row);
        wire_.added_to(*gathered_);
    } else {
        wire_.send_gathered(tables_);
        wire_.send(name_, row);
        if (!wire_.in_transaction()) wire_.finish();
    }
    parameters_.clear();
}

std::int64_t PostgresStatement::integer(int column) const {
    const std::string_view value = bytes(column);
    if (value.size() != 8 && value.size() != 4 && value.size() != 2 && value.size() != 1) {
        if (value.empty()) return 0;  // NULL
        throw Fault(FaultKind::defect, "a column of PostgreSQL is read as an integer and is none");
    }
    // The sign is the first byte's.
    auto number = static_cast<std::int64_t>(static_cast<signed char>(value.front()));
    for (const char byte : value.substr(1))
        number = static_cast<std::int64_t>((static_cast<std::uint64_t>(number) << 8U) |
                                           static_cast<unsigned char>(byte));
    return number;
}

}  // namespace

bool is_postgres_url(std::string_view url) {
    return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

std::string without_password(std::string_view url) {
    const std::size_t scheme = url.find("://");
    const std::size_t at = url.find('@', scheme == std::string_view::npos ? 0 : scheme);
    std::string text(url);
    if (scheme != std::string_view::npos && at != std::string_view::npos) {
        const std::size_t colon = url.find(':', scheme + 3);
        if (colon < at) text = fmt::format("{}{}", url.substr(0, colon), url.substr(at));
    }
    if (const std::size_t given = text.find("password="); given != std::string::npos) {
        const std::size_t end = std::min(text.find('&', given), text.size());
        text.erase(given, end - given);
    }
    return text;
}

PostgresEngine::PostgresEngine(const std::string& url) : wire_(std::make_unique<Wire>(url)) {}
PostgresEngine::~PostgresEngine() = default;

std::unique_ptr<Statement> PostgresEngine::prepare(std::string_view sql) {
    return std::make_unique<PostgresStatement>(*wire_, sql);
}

void PostgresEngine::execute(std::string_view script) {
    wire_->execute(std::string(script));
}

void PostgresEngine::begin_write(Durability durability) {
    // Whatever the server's default is: what a lock waited for must be seen after it.
    wire_->begin("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    if (durability == Durability::relaxed) wire_->send_plain("SET LOCAL synchronous_commit = off");
}

void PostgresEngine::begin_read() {
    wire_->begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

void PostgresEngine::commit() {
    wire_->commit();
}

void PostgresEngine::rollback() noexcept {
    wire_->rollback();
}

}  // namespace labrelay::sql
